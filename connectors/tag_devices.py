"""Where the servers of a plant are, and where its mailbox lies in them."""

from dataclasses import dataclass
from typing import Literal, TypeVar

from ..plant_sim.errors import ConfigError
from .addresses import OpcUaAddress

Policy = Literal["Basic256Sha256", "Aes256Sha256RsaPss"]
Transport = Literal["tcp", "tls", "rtu"]
Parity = Literal["N", "E", "O"]

Part = TypeVar("Part")


def need(part: Part | None, what: str) -> Part:
    """Return `part` of a tag file, which must be there.

    Raises:
        ConfigError: if it is None; `what` is its key in the file.
    """
    if part is None:
        raise ConfigError(f"the tag file has no {what}, which is needed here; give it")
    return part


@dataclass(frozen=True, slots=True)
class OpcUaDevice:
    """Where the OPC UA server is and who it must be."""

    url: str
    application_uri: str
    policy: Policy = "Basic256Sha256"


@dataclass(frozen=True, slots=True)
class ModbusDevice:
    """Where the Modbus server is and what it bears.

    Attributes:
        host: address; for a serial line the path of its device.
        port: TCP port; 0 for a serial line.
        unit: unit id.
        transport: plain TCP, TLS with certificates on both sides, or RTU on a serial line.
        max_block: registers in one read; some devices allow fewer than the specification's 125.
        max_gap: idle registers that are read along to save a request.
        in_flight: requests sent before the first is answered; more than 1 only over TCP and TLS.
        pause: wall s between two requests, for slow devices.
        baud: of a serial line.
        parity: of a serial line.
    """

    host: str
    port: int
    unit: int
    transport: Transport = "tcp"
    max_block: int = 120
    max_gap: int = 8
    in_flight: int = 1
    pause: float = 0.0
    baud: int = 19200
    parity: Parity = "E"

    def __post_init__(self) -> None:
        if self.transport == "rtu" and self.in_flight > 1:
            raise ConfigError(
                f"in_flight {self.in_flight} is more than a serial line bears; leave it at 1"
            )
        if self.transport == "rtu" and self.port:
            raise ConfigError(f"port {self.port} does not go with a serial line; give 0")


@dataclass(frozen=True, slots=True)
class MailboxMap:
    """Where the mailbox is: the only thing of the PLC that can be written.

    Each protocol has its own part, and one that the plant does not have is None throughout.

    Attributes:
        request: node of a request.
        echo: node of the echoes.
        beat: node of the sign of life.
        request_register: first holding register of a request.
        beat_register: first holding register of the sign of life.
        echo_register: first input register of the echoes.
        hash_register: first of two input registers with the first 32 bits of the tag table's hash,
            the most significant first; None where the PLC does not show it.
    """

    request: OpcUaAddress | None = None
    echo: OpcUaAddress | None = None
    beat: OpcUaAddress | None = None
    request_register: int | None = None
    beat_register: int | None = None
    echo_register: int | None = None
    hash_register: int | None = None

    def __post_init__(self) -> None:
        nodes = (self.request, self.echo, self.beat)
        registers = (self.request_register, self.beat_register, self.echo_register)
        for what, part in (("nodes", nodes), ("registers", registers)):
            if len({item is None for item in part}) > 1:
                raise ConfigError(
                    f"the mailbox has only some of its {what}; give request, echo and beat, or none"
                )
        if nodes[0] is None and registers[0] is None:
            raise ConfigError("the mailbox lies nowhere; give its opcua or modbus part, or drop it")
        if self.hash_register is not None and registers[0] is None:
            raise ConfigError("the mailbox has a hash register and no others; give its registers")

    def carries(self, protocol: str) -> bool:
        """Whether requests can be written over `protocol`."""
        return (self.request if protocol == "opcua" else self.request_register) is not None
