"""The virtual PLC as the tests run it: a process of its own, to be stopped, frozen and killed."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any, cast


class PlcProcess:
    """One run folder; the process may be started again and again on the same ports."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.options = options
        self.process: subprocess.Popen[str] | None = None
        self.ready: dict[str, Any] = {}

    @property
    def tags(self) -> Path:
        return self.folder / "hot_strip.yaml"

    @property
    def pki(self) -> Path:
        return self.folder / "pki"

    def start(self) -> "PlcProcess":
        command = [sys.executable, "-m", "passline.connectors.virtual_plc.process"]
        self.process = process = subprocess.Popen(
            [*command, "--dir", str(self.folder), *self.options],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )
        self.out = cast("IO[str]", process.stdout)
        ready, _, _ = select.select([self.out], [], [], 280.0)  # the first start compiles
        assert ready, "the PLC did not come up"
        self.ready = json.loads(self.out.readline())
        return self

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None, "the PLC is not running"
        self.process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        if self.process is None:
            return 0
        self.send(signal.SIGCONT)
        self.send(number)
        try:
            return self.process.wait(20.0)
        finally:
            self.out.close()
            self.process = None

    def log(self) -> list[dict[str, Any]]:
        text = (self.folder / "plc_writes.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]


def eventually(condition: Any, limit: float = 20.0) -> Any:
    """The first true answer of `condition`; the limit is generous, for machines are busy."""
    end = time.monotonic() + limit
    while True:
        answer = condition()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(0.02)
