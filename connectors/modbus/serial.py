"""Modbus RTU on a serial line, through pymodbus; what its client takes too easily is checked here.

An RTU answer carries no transaction id, so one that comes too late would pass for the answer to the
next request: after a time-out the port is closed for good, and opening it again drops what waited.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Self

import numpy as np
from pymodbus import ModbusException
from pymodbus.client import AsyncModbusSerialClient

from ..addresses import BITS, Table
from ..errors import LinkError, ProtocolError
from ..tagfile import ModbusDevice
from .protocol import FUNCTION, check_count, refusal


class SerialClient:
    """One unit on a serial line, read one request at a time."""

    _READS: ClassVar[dict[Table, str]] = {
        "coil": "read_coils",
        "discrete": "read_discrete_inputs",
        "holding": "read_holding_registers",
        "input": "read_input_registers",
    }

    def __init__(
        self, client: AsyncModbusSerialClient, device: ModbusDevice, deadline: float
    ) -> None:
        self._client, self._device, self._deadline = client, device, deadline
        self._lock = asyncio.Lock()
        self._closed = False

    @classmethod
    async def open(cls, device: ModbusDevice, deadline: float = 2.0) -> Self:
        """Open the port.

        Raises:
            LinkError: if there is none, or another program has it.
        """
        client = AsyncModbusSerialClient(
            device.host,
            baudrate=device.baud,
            parity=device.parity,
            timeout=deadline,
            retries=0,  # a write that is repeated may be done twice
            reconnect_delay=0,  # reconnecting is the supervisor's work
        )
        try:
            there = await client.connect()
        except (OSError, ModbusException) as error:
            raise LinkError(f"serial port {device.host}: {error}; is it plugged in?") from error
        if not there:
            client.close()
            raise LinkError(f"serial port {device.host} cannot be opened; is it plugged in?")
        return cls(client, device, deadline)

    async def read(self, table: Table, address: int, count: int) -> bytes:
        """Return `count` registers, big-endian, or `count` bits, one byte each.

        Raises:
            LinkError: if no answer that fits came in time; the port is then closed.
            ProtocolError: if the device refuses; carries the exception code.
        """
        check_count(table, count)
        bits = table in BITS
        call = getattr(self._client, self._READS[table])
        answer = await self._exchange(
            FUNCTION[table],
            lambda: call(address, count=count, device_id=self._device.unit),
        )
        if bits:
            states = list(answer.bits)
            if len(states) != 8 * -(-count // 8):
                raise self._lost(f"{len(states)} bits came for {count}")
            return bytes(1 if state else 0 for state in states[:count])
        if len(answer.registers) != count:
            raise self._lost(f"{len(answer.registers)} registers came for {count}")
        return np.array(answer.registers, ">u2").tobytes()

    async def close(self) -> None:
        """Close the port."""
        self._closed = True
        self._client.close()
        await asyncio.sleep(0)

    async def _exchange(self, function: int, call: Callable[[], Awaitable[Any]]) -> Any:
        async with self._lock:
            if self._closed:
                raise LinkError("the serial port is closed; open it again")
            if self._device.pause:
                await asyncio.sleep(self._device.pause)
            try:
                async with asyncio.timeout(self._deadline + 1.0):
                    answer = await call()
            except (OSError, TimeoutError, ModbusException) as error:
                raise self._lost(f"the device does not answer ({type(error).__name__})") from error
            except BaseException:  # cancelled: its answer may still come
                self._lost("a request was given up")
                raise
        if answer.dev_id != self._device.unit:
            raise self._lost(f"unit {answer.dev_id} answered for unit {self._device.unit}")
        if answer.isError():
            code = int(getattr(answer, "exception_code", 0))
            if answer.function_code != function | 0x80:
                raise self._lost(f"function {answer.function_code} answered function {function}")
            raise ProtocolError(refusal(function, code), code)
        if answer.function_code != function:
            raise self._lost(f"function {answer.function_code} answered function {function}")
        return answer

    def _lost(self, why: str) -> LinkError:
        self._closed = True
        with contextlib.suppress(OSError):
            self._client.close()
        return LinkError(f"{why}; the serial port is closed")
