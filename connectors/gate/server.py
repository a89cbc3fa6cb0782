"""The gate's process: one Unix socket, typed requests, one JSON object a line.

It serves its own account only, so agent and gate run under one account today. What keeps them apart
are processes, types and signatures: that stops mistakes and replays, not hostile code of the same
account, which can read every key in `pki/` and log in to the PLC itself. Separate accounts need
another owner of `pki/` and a group for the socket; that is not built yet.

Start it with `passline gate serve --tags F --dir D --mode M`. It alone logs in to the PLC as the
user who may write. It prints one line of JSON when it listens and ends on SIGTERM or Ctrl-C.
"""

import argparse
import json
import os
import signal
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

from pydantic import ValidationError

from ...plant_sim.errors import PasslineError
from .check import DEFAULT_POLICY, Mode, Policy, Request
from .errors import GateError
from .gate import Gate
from .plant import Plant
from .protocol import LIMIT, MESSAGES, SOCKET

_IDLE = 600.0  # wall s after which a silent connection is closed
_CONNECTIONS = 32


def serve(
    tags: Path | str,
    folder: Path | str,
    mode: Mode | str = Mode.READ_ONLY,
    policy: Policy = DEFAULT_POLICY,
    head: Path | None = None,
) -> None:
    """Run the gate of the plant in a tag file until SIGTERM or SIGINT.

    Args:
        tags: tag file of the plant.
        folder: run folder; keys in `pki/`, ledger and audit log in `gate/`, socket `gate.sock`.
        mode: mode at the start.
        policy: limits common to all controls.
        head: a file that gets a copy of the audit log's head after each record.

    Raises:
        ConfigError: the tag file is wrong, or makes a tag of a safety function writable.
        GateError: another gate serves this folder, or its audit log is broken or cut.
    """
    from .wires import WirePlant

    serve_plant(lambda: WirePlant(Path(tags), Path(folder)), Path(folder), Mode(mode), policy, head)


def serve_plant(
    make_plant: Callable[[], Plant],
    folder: Path,
    mode: Mode,
    policy: Policy = DEFAULT_POLICY,
    head: Path | None = None,
) -> None:
    """Run the gate of any plant until SIGTERM or SIGINT; see `serve`."""
    folder.mkdir(parents=True, exist_ok=True)
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    plant = make_plant()
    try:
        gate = Gate(plant, folder, mode, policy, head).start()
    except PasslineError:
        plant.close()
        raise
    try:
        with GateServer(folder / SOCKET, gate) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="gate-server")
            thread.start()
            print(json.dumps({"ready": str(folder / SOCKET), "mode": gate.mode}), flush=True)  # noqa: T201
            stop.wait()
            server.shutdown()
            thread.join()
    finally:
        gate.close()


class GateServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """Answers on a Unix socket of mode 0600; the ledger's lock makes it the only one."""

    daemon_threads = True
    request_queue_size = 16

    def __init__(self, path: Path, gate: Gate) -> None:
        if len(os.fsencode(path)) > 100:
            raise GateError(
                f"the socket path {path} is longer than 100 bytes; choose a shorter run folder"
            )
        path.unlink(missing_ok=True)  # what a killed gate left; a living one holds the ledger
        self.gate, self.path = gate, path
        self.places = threading.BoundedSemaphore(_CONNECTIONS)
        before = os.umask(0o177)
        try:
            super().__init__(str(path), _Handler)
        finally:
            os.umask(before)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Accept only processes of this account, and not too many at once."""
        return _same_account(request) and self.places.acquire(blocking=False)

    def server_close(self) -> None:
        """Close and remove the socket."""
        super().server_close()
        self.path.unlink(missing_ok=True)


class _Handler(socketserver.StreamRequestHandler):
    timeout = _IDLE
    server: GateServer

    def handle(self) -> None:
        try:
            while True:
                line = self.rfile.readline(LIMIT + 1)
                if not line or self.server.gate.stopping:
                    return
                if len(line) > LIMIT or not line.endswith(b"\n"):
                    self._say(
                        _failure("GateError", f"a request is one line of at most {LIMIT} bytes")
                    )
                    return
                self._say(answer(self.server.gate, line))
        except OSError:  # the caller is gone or silent for too long; its writes are in the ledger
            return
        finally:
            self.server.places.release()

    def _say(self, content: dict[str, Any]) -> None:
        self.wfile.write(json.dumps(content).encode() + b"\n")


def answer(gate: Gate, line: bytes) -> dict[str, Any]:
    """Return the answer to one request line; an error of the house becomes a typed answer."""
    try:
        message = MESSAGES.validate_json(line)
        return {"ok": True, "result": _do(gate, message)}
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        text = f"the request is not understood: {where}: {first['msg']}"
        if first["loc"] and first["loc"][-1] == "value":
            text = f"{where} is not a finite number; give the value in SI as a number"
        return _failure("GateError", text)
    except PasslineError as error:
        return _failure(type(error).__name__, str(error))


def _do(gate: Gate, message: Any) -> Any:
    match message.do:
        case "status":
            return gate.status()
        case "check":
            wishes = [Request("", w.control, w.value, w.requester) for w in message.wishes]
            return [asdict(verdict) for verdict in gate.check(wishes)]
        case "propose":
            return asdict(gate.propose(message.request))
        case "outcome":
            found = gate.outcome(message.action_id)
            return None if found is None else asdict(found)
        case "undo":
            return asdict(gate.undo(message.action_id))
        case "approvals":
            return [asdict(approval) for approval in gate.approvals(only_open=not message.all)]
        case "decide":
            return asdict(
                gate.decide(
                    message.approval_id, message.decision, message.operator, message.signature
                )
            )
        case "beat":
            return gate.beat()
        case "challenge":
            return gate.challenge()
        case "release":
            return gate.release(message.operator, message.challenge, message.signature)
        case _:
            return gate.set_mode(
                message.mode, message.operator, message.challenge, message.signature
            )


def _failure(kind: str, text: str) -> dict[str, Any]:
    return {"ok": False, "error": kind, "text": text}


def _same_account(connection: socket.socket) -> bool:
    size = struct.calcsize("3i")
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    _, user, _ = struct.unpack("3i", raw)
    return bool(user == os.getuid())


def main(arguments: list[str] | None = None) -> None:
    """Run the gate's process; the command line of `python -m passline.connectors.gate.server`."""
    parser = argparse.ArgumentParser(prog="passline gate serve", description="the writing process")
    parser.add_argument("--tags", required=True, type=Path, help="tag file")
    parser.add_argument("--dir", required=True, type=Path, help="run folder")
    parser.add_argument("--mode", default="read-only", choices=[str(mode) for mode in Mode])
    parser.add_argument("--head", type=Path, help="file that gets the head of the audit log")
    given = parser.parse_args(arguments)
    try:
        serve(given.tags, given.dir, given.mode, head=given.head)
    except PasslineError as error:
        print(f"gate: {error}", file=sys.stderr)  # noqa: T201
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
