"""Child processes of a run: started, heard until they are ready, watched, and ended in order.

Each child is a session of its own, so that Ctrl-C reaches the parent alone, which then ends the
children one after the other. What a child prints goes to its log file; the first JSON line with the
key "ready", or the event "ready", is its word that it can be used; every JSON line is handed on.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .errors import AgentError


class ChildError(AgentError):
    """Raised when a child process could not be started or did not become ready."""


_END = 8.0  # wall s a child has to end by itself after SIGINT, and again after SIGTERM


class Child:
    """One child process and its log.

    Args:
        name: what it is called in messages and in its log file.
        arguments: what follows `python -m`.
        log: file its output is appended to.
        told: called with every JSON object it prints, from a thread of its own.
    """

    def __init__(
        self,
        name: str,
        arguments: Sequence[str],
        log: Path,
        told: Callable[[dict[str, Any]], None] = lambda event: None,
    ) -> None:
        self.name = name
        self.starts = 0
        self._arguments, self._log, self._told = list(arguments), log, told
        self._process: subprocess.Popen[str] | None = None
        self._heard = threading.Event()

    @property
    def pid(self) -> int | None:
        """Process id while it runs, else None."""
        process = self._process
        return None if process is None or process.poll() is not None else process.pid

    @property
    def returned(self) -> int | None:
        """Exit status once it has ended; negative: the signal that ended it."""
        return None if self._process is None else self._process.poll()

    @property
    def is_ready(self) -> bool:
        """Whether this start of it has said that it can be used."""
        return self._heard.is_set()

    def start(self) -> None:
        """Start it; `wait_ready` or `is_ready` tell when it can be used."""
        self._heard = threading.Event()
        self.starts += 1
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, our own modules
                [sys.executable, "-m", *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        reader = threading.Thread(
            target=self._listen, args=(self._process, self._heard), daemon=True
        )
        reader.start()

    def _listen(self, process: subprocess.Popen[str], heard: threading.Event) -> None:
        if process.stdout is None:
            return
        with self._log.open("a", encoding="utf-8") as log, process.stdout as lines:
            for line in lines:
                log.write(line)
                log.flush()
                try:
                    event = json.loads(line)
                except ValueError:
                    continue
                if not isinstance(event, dict):
                    continue
                if event.get("ready") or event.get("event") == "ready":
                    heard.set()
                self._told(event)

    def wait_ready(self, seconds: float) -> None:
        """Wait until it has said that it is ready.

        Raises:
            ChildError: it ended, or `seconds` of wall time have passed.
        """
        until = time.monotonic() + seconds
        while not self._heard.wait(0.05):
            if self.returned is not None:
                raise ChildError(
                    f"{self.name} ended with status {self.returned} before it was ready: "
                    f"{self.last_words()}; see {self._log}"
                )
            if time.monotonic() > until:
                raise ChildError(
                    f"{self.name} was not ready within {seconds:g} s (wall); see {self._log}"
                )

    def last_words(self) -> str:
        """Return the last line of its log that says something; of a JSON line, its reason."""
        if not self._log.exists():
            return "no log"
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        last = next((line.strip() for line in reversed(lines) if line.strip()), "no word")
        try:
            return str(json.loads(last).get("reason", "no word"))
        except ValueError:
            return last

    def stop(self) -> None:
        """End it: SIGINT, then SIGTERM, then SIGKILL for what is left of its session."""
        process = self._process
        if process is None:
            return
        for sign in (signal.SIGINT, signal.SIGTERM):
            if process.poll() is None:
                process.send_signal(sign)
                try:
                    process.wait(_END)
                except subprocess.TimeoutExpired:
                    continue
        if process.poll() is None:
            process.kill()
            process.wait()
