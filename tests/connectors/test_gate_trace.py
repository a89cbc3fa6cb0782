"""Before a write is sent, its intent is on the disk: proven by a trace of the system calls."""

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from .gate_mill import MillProcess

ROOT = Path(__file__).parents[2]
STRACE = shutil.which("strace")
CALLS = "trace=write,pwrite64,fsync,fdatasync,sendto,send,sendmsg"
CALL = re.compile(r"^\d+ +([\d.]+) (\w+)\(\d+<(.*?)>,? ?(.*)$")
WORDS = re.compile(r'"((?:[^"\\]|\\.)*)"')


def content(data):
    """The bytes in a traced call, as far as the tracer shows them."""
    found = WORDS.search(data)
    return found[1].encode().decode("unicode_escape").encode("latin1") if found else b""


def calls(trace):
    """(name of the call, file or socket, its data) of every finished call, in order of its end."""
    waiting, found = {}, []
    for raw in trace.read_text(errors="replace").splitlines():
        pid, _, rest = raw.partition(" ")
        if raw.endswith("<unfinished ...>"):
            waiting[pid] = raw.removesuffix("<unfinished ...>")
            continue
        whole = "resumed>" not in rest  # else another thread came between begin and end
        line = raw if whole else waiting.pop(pid, "") + rest.split("resumed>", 1)[1]
        if parts := CALL.match(line):
            found.append(parts.groups()[1:])
    return found


@pytest.mark.slow
@pytest.mark.network
@pytest.mark.skipif(STRACE is None, reason="strace is not installed: apt-get install strace")
def test_intent_and_ledger_are_on_the_disk_before_the_write_is_sent(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    mill = MillProcess(tmp_path / "mill", port)
    trace, gate = tmp_path / "trace", tmp_path / "gate-run"
    command = [STRACE, "-f", "-yy", "-x", "-ttt", "-s", "5000", "-e", CALLS, "-o", str(trace)]
    child = [sys.executable, "-m", "tests.connectors.gate_traced", str(gate), str(mill.folder)]
    try:
        run = subprocess.run(
            [*command, *child], cwd=ROOT, capture_output=True, text=True, check=False
        )
    finally:
        mill.close()
    if "ptrace" in run.stderr and "not permitted" in run.stderr:
        pytest.skip("this machine does not let a process be traced")
    assert run.stdout == "DONE\n", run.stderr

    seen = calls(trace)
    text = [content(data) for _, _, data in seen]

    def places(name, file, wanted=b""):
        return [
            place
            for place, (call, target, _) in enumerate(seen)
            if call in name and file in target and wanted in text[place]
        ]

    writes, syncs = ("write", "pwrite64"), ("fsync", "fdatasync")
    sent = places(("sendto", "send", "sendmsg"), "TCP", b"\xab" * 16)
    assert len(sent) == 1, "the request goes out once"
    (intent,) = places(writes, "audit.log", b'"event": "sending"')
    audited = min(place for place in places(syncs, "audit.log") if place > intent)
    assert intent < audited < sent[0]
    entered = [p for p in places(writes, "ledger.sqlite", b"SENDING") if p < sent[0]]
    assert entered, "the ledger says SENDING before the send"
    assert any(entered[-1] < place < sent[0] for place in places(syncs, "ledger.sqlite"))
    # nothing is left unsynced: after the last write to each file there is a sync before the send
    for file in ("audit.log", "ledger.sqlite"):
        last = max(place for place in places(writes, file) if place < sent[0])
        assert any(last < place < sent[0] for place in places(syncs, file)), file
    # and the outcome comes after it
    assert min(places(writes, "audit.log", b'"event": "result"')) > sent[0]
