"""What the pages on tag files show is run as a reader would run it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from passline.connectors.tagfile import parse, write_default

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


def blocks(page):
    return BLOCK.findall((ROOT / "docs" / page).read_text(encoding="utf-8"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def test_the_tables_of_keys_are_those_of_the_code():
    spec = spec_from_file_location("tag_file_table", ROOT / "docs" / "tag_file_table.py")
    generator = module_from_spec(spec)
    spec.loader.exec_module(generator)
    text = generator.PAGE.read_text(encoding="utf-8")
    assert generator.page(text) == text


@pytest.mark.parametrize("page", ["tag_file.md", "connect_your_plc.md"])
def test_every_tag_file_that_is_shown_is_right(page):
    shown = [text for kind, text in blocks(page) if kind == "yaml"]
    assert shown
    for text in shown:
        parse(text)


def test_the_registers_on_the_page_are_those_of_the_stand_in(tmp_path):
    served = write_default(tmp_path / "line.yaml", 4840, 5021)
    (shown,) = (parse(text) for kind, text in blocks("connect_your_plc.md") if kind == "yaml")
    for name, tag in shown.tags.items():
        assert tag.modbus == served.tags[name].modbus, name
        if tag.write:
            assert tag.write.index == served.tags[name].write.index
    box = served.mailbox
    assert shown.mailbox.request_register == box.request_register
    assert shown.mailbox.echo_register == box.echo_register


class Reader:
    """Somebody who types the blocks of a page one after the other; a server gets its terminal."""

    def __init__(self, folder):
        self.folder = folder
        self.terminals = {}
        self.ports = {port: free_port() for port in ("4840", "5020", "5021")}
        shim = folder / "bin"
        shim.mkdir()
        (shim / "passline").write_text(
            f"#!/bin/sh\nexec {sys.executable} -c "
            '"from passline.agents.cli import main; main()" "$@"\n'
        )
        (shim / "passline").chmod(0o755)
        self.env = os.environ | {"PATH": f"{shim}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}

    def type(self, kind, text):
        for port, free in self.ports.items():
            text = text.replace(port, free)
        if kind == "yaml":
            (self.folder / "runs" / "mill" / "mill.yaml").write_text(text, encoding="utf-8")
        elif kind == "python":
            self.run([sys.executable, "-c", text])
        else:
            for line in text.splitlines():
                if " serve " in line:
                    self.serve(line)
                else:
                    self.run(["bash", "-c", line])

    def serve(self, line):
        what = "gate" if " gate " in line else "plc"
        self.stop(what)
        terminal = subprocess.Popen(
            line.split(), cwd=self.folder, env=self.env, stdout=subprocess.PIPE, text=True
        )
        self.terminals[what] = terminal
        assert terminal.stdout.readline(), f"{line} ended"

    def run(self, command):
        done = subprocess.run(
            command, cwd=self.folder, env=self.env, capture_output=True, text=True, timeout=300,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"

    def stop(self, what):
        terminal = self.terminals.pop(what, None)
        if terminal is not None:
            terminal.send_signal(signal.SIGTERM)
            try:
                terminal.wait(30)
            except subprocess.TimeoutExpired:
                terminal.kill()
                terminal.wait()
            terminal.stdout.close()


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.timeout(900)
@pytest.mark.skipif(not shutil.which("bash"), reason="the page is for a shell")
def test_a_reader_connects_a_plc_by_typing_the_page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("r")  # the gate's socket must fit into it
    reader = Reader(folder)
    try:
        for kind, text in blocks("connect_your_plc.md"):
            reader.type(kind, text)
    finally:
        for what in list(reader.terminals):
            reader.stop(what)
    for plant, control in (("plant", "fm.spray_trim"), ("mill", "rot.cooling_correction")):
        log = (folder / "runs" / plant / "plc_writes.jsonl").read_text()
        assert re.search(rf'"control": "{control}".*"APPLIED"', log), log[-2000:]
