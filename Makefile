# `make demo` runs the toolkit, `make test` passes its tests.
# Each first makes .venv with everything it needs; `make help` lists the rest.
PYTHON      ?= python3
TORCH       ?= torch==2.13.0
TORCH_INDEX ?=

VENV    := .venv
BIN     := $(VENV)/bin
FOLDERS := agents connectors models plant_sim
TREE    := build/types/passline

.DEFAULT_GOAL := help
.PHONY: help demo test lint types check lock dist clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /make \1	/p' Makefile

demo: $(VENV)/ready ## roll a coil and let the crew look at it
	$(BIN)/passline demo

test: $(VENV)/ready ## run the tests
	$(BIN)/python -m pytest

lint: $(VENV)/ready ## style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/ready $(FOLDERS:%=$(TREE)/%) ## mypy --strict over the whole package
	$(BIN)/mypy $(TREE) tests examples benchmarks

check: lint types test ## everything that must pass before a merge

lock: ## resolve all dependencies anew, for every platform; torch stays with TORCH above
	$(PYTHON) -m venv build/uv
	build/uv/bin/pip install --quiet uv
	echo torch > build/uv/unlocked.txt
	build/uv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --all-extras --upgrade \
		--excludes build/uv/unlocked.txt --no-annotate --custom-compile-command 'make lock' \
		--quiet --output-file requirements.lock

dist: $(VENV)/ready ## wheel and sdist
	rm -rf dist
	$(BIN)/python -m build

clean: ## remove everything that make has made
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache

# The package as one tree of links, so that mypy and the editor see it under its name.
$(TREE)/%:
	@mkdir -p $(TREE)
	@ln -sfn ../../../$* $@

$(VENV)/ready: Makefile pyproject.toml requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo 'Python 3.11 or newer is needed, for example: make PYTHON=python3.12 test'; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) '$(TORCH)'
	$(BIN)/pip install --quiet --constraint requirements.lock --editable '.[all,dev]'
	$(BIN)/pip check
	@touch $@
