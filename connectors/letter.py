"""What lies in the PLC's mailbox: a request, a sign of life, and the echo of what became of it.

A request is one write of one variable (OPC UA) or one frame of function 16 (Modbus), so it arrives
whole or not at all. It carries an action id; the PLC handles an id once, whatever is sent again.

OPC UA knows its user by certificate and password. Plain Modbus TCP has no authentication at all:
whoever reaches the port may send any frame. Requests over Modbus therefore end with a token, the
first 64 bits of an HMAC-SHA256 under a key that only gate and PLC hold. This protects the mailbox
and nothing else; what is read over Modbus is neither secret nor proved.
"""

import hashlib
import hmac
import json
import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum
from math import copysign, inf, isfinite, nan
from typing import Any

from ..plant_sim.errors import ConfigError
from .errors import ProtocolError
from .letter_form import (
    BEAT,
    COUNT,
    CRC,
    ECHO,
    ECHO_WORDS,
    GREATEST,
    MODBUS,
    MODBUS_ECHOES,
    OPCUA,
    OPCUA_ECHOES,
    TOKEN,
)


class Outcome(IntEnum):
    """What the PLC did with a request."""

    APPLIED = 1
    OUT_OF_RANGE = 2
    MALFORMED = 3  # wrong form, check sum, token, or a control that this protocol does not carry
    LOCAL = 4  # the PLC is in local, its clock has stopped, or it cannot keep its log
    DUPLICATE = 5  # this action id was applied before; nothing was done


@dataclass(frozen=True, slots=True)
class Request:
    """One wish: set the control with number `index` to `value` (plant unit).

    With number 0, which no control has, it wishes that nothing ever happens under this action id.
    The echo says whether that came in time: MALFORMED, as for every control that is none, or
    DUPLICATE when the id was applied before.
    """

    seq: int
    action_id: str  # 32 hex digits
    index: int
    value: float


@dataclass(frozen=True, slots=True)
class Echo:
    """What became of a request.

    Attributes:
        seq: number of the request.
        action_id: 32 hex digits.
        index: number of the control.
        outcome: see `Outcome`.
        value: what was asked for; SI where a mailbox returns it, the plant unit on the wire.
        before: what the control was before, likewise; NaN where Modbus does not carry it.
        time: plant clock (s); likewise.
    """

    seq: int
    action_id: str
    index: int
    outcome: Outcome
    value: float
    before: float = nan
    time: float = nan

    @property
    def applied(self) -> bool:
        """Whether the value of this action id reached the plant, now or before."""
        return self.outcome in (Outcome.APPLIED, Outcome.DUPLICATE)


def check_action_id(action_id: str) -> bytes:
    """Return the 16 bytes of `action_id`.

    Raises:
        ConfigError: if it is not 32 hex digits.
    """
    try:
        raw = bytes.fromhex(action_id)
    except ValueError:
        raw = b""
    if len(raw) != 16 or len(action_id) != 32:
        raise ConfigError(f"action id {action_id!r} is not 32 hex digits; use uuid4().hex")
    return raw


def pack_opcua(request: Request) -> bytes:
    """Return `request` as the ByteString for the node Request."""
    body = OPCUA.pack(request.seq, check_action_id(request.action_id), request.index, request.value)
    return body + CRC.pack(zlib.crc32(body))


def unpack_opcua(data: bytes) -> Request:
    """Read what was written to the node Request.

    Raises:
        ProtocolError: if length or check sum are wrong.
    """
    return _unpack(OPCUA, data)


def pack_modbus(request: Request, key: bytes) -> bytes:
    """Return `request` as the registers of one function-16 frame, token included."""
    body = MODBUS.pack(
        request.seq, check_action_id(request.action_id), request.index, request.value
    )
    body += CRC.pack(zlib.crc32(body))
    return body + token(key, body)


def unpack_modbus(data: bytes, key: bytes) -> Request:
    """Read the registers of a request block.

    Raises:
        ProtocolError: if length, token or check sum are wrong.
    """
    body, given = data[:-TOKEN], data[-TOKEN:]
    request = _unpack(MODBUS, body)
    if not hmac.compare_digest(given, token(key, body)):
        raise ProtocolError("the token of the Modbus request is wrong; send it through the gate")
    # f32 gives 10.1 back as 10.100000381; its seven digits are what was meant
    return Request(request.seq, request.action_id, request.index, float(f"{request.value:.7g}"))


def pack_beat(count: int, key: bytes) -> bytes:
    """Return the Modbus registers of the gate's sign of life number `count`."""
    body = BEAT.pack(count)
    return body + token(key, body)


def unpack_beat(data: bytes, key: bytes) -> int:
    """Return the number of a sign of life.

    Raises:
        ProtocolError: if the token is wrong.
    """
    body, given = data[: BEAT.size], data[BEAT.size :]
    if not hmac.compare_digest(given, token(key, body)):
        raise ProtocolError("the token of the Modbus beat is wrong; send it through the gate")
    return int(BEAT.unpack(body)[0])


def token(key: bytes, body: bytes) -> bytes:
    """Return the proof that whoever wrote `body` holds `key`."""
    return hmac.new(key, body, hashlib.sha256).digest()[:TOKEN]


def pack_echoes(count: int, echoes: list[Echo]) -> bytes:
    """Return the echo registers: how many were handled, then the newest eight, newest first."""
    body = COUNT.pack(count)
    for echo in echoes[::-1][:MODBUS_ECHOES]:
        action, value = bytes.fromhex(echo.action_id), echo.value
        if abs(value) > GREATEST:  # a request over OPC UA may ask for 1e308
            value = copysign(inf, value)
        body += ECHO.pack(echo.seq, action, echo.index, echo.outcome, value)
    return body.ljust(2 * ECHO_WORDS, b"\0")


def unpack_echoes(data: bytes) -> list[Echo]:
    """Read the echo registers; oldest first.

    Raises:
        ProtocolError: if they are not what a PLC of passline shows.
    """
    echoes = []
    for offset in range(COUNT.size, len(data) - ECHO.size + 1, ECHO.size):
        seq, action, index, outcome, value = ECHO.unpack_from(data, offset)
        if outcome not in (0, *Outcome):
            raise ProtocolError(f"an echo tells outcome {outcome}; is this a PLC of passline?")
        if outcome:
            value = float(f"{value:.7g}")
            echoes.append(Echo(seq, action.hex(), index, Outcome(outcome), value))
    return echoes[::-1]


def dump_echoes(echoes: list[Echo]) -> str:
    """Return the text of the node Echo: the newest 64, oldest first, as JSON."""
    return json.dumps(
        [
            {
                "seq": echo.seq,
                "action_id": echo.action_id,
                "index": echo.index,
                "outcome": int(echo.outcome),
                "value": echo.value if isfinite(echo.value) else None,
                "before": echo.before if isfinite(echo.before) else None,
                "time": echo.time,
            }
            for echo in echoes[-OPCUA_ECHOES:]
        ]
    )


def load_echoes(text: str) -> list[Echo]:
    """Read the text of the node Echo.

    Raises:
        ProtocolError: if it is not what a PLC of passline writes.
    """
    try:
        rows: list[dict[str, Any]] = json.loads(text)
        return [
            Echo(
                int(row["seq"]),
                str(row["action_id"]),
                int(row["index"]),
                Outcome(row["outcome"]),
                nan if row["value"] is None else float(row["value"]),
                nan if row["before"] is None else float(row["before"]),
                float(row["time"]),
            )
            for row in rows
        ]
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise ProtocolError(
            f"the echo {text[:60]!r} is not readable; is this a PLC of passline?"
        ) from error


def _unpack(form: struct.Struct, data: bytes) -> Request:
    if len(data) != form.size + CRC.size:
        raise ProtocolError(
            f"a request of {len(data)} bytes is not {form.size + CRC.size} long; send it whole"
        )
    body = data[: form.size]
    if CRC.unpack(data[form.size :])[0] != zlib.crc32(body):
        raise ProtocolError("the check sum of the request is wrong; send it again")
    seq, action, index, value = form.unpack(body)
    return Request(seq, action.hex(), index, value)
