"""What only a laboratory may do: listen to a network, or let anybody look. Said loudly."""

import ipaddress
from collections.abc import Iterable
from enum import Flag, auto

from ...plant_sim.errors import ConfigError


class Lab(Flag):
    """What a start explicitly permits; a plant permits nothing of it."""

    OFF = 0
    NETWORK = auto()  # addresses beyond loopback
    OPEN = auto()  # an OPC UA endpoint without security, where nobody can write

    @property
    def words(self) -> list[str]:
        """The words of the command line that permit this; part of the ready line."""
        return [word for word, flag in WORDS.items() if flag in self]


WORDS = {"network": Lab.NETWORK, "open": Lab.OPEN}

_ENGLISH = {
    Lab.NETWORK: "Addresses beyond this machine are permitted: whoever reaches the port may try.",
    Lab.OPEN: "OPC UA has an endpoint WITHOUT security: anybody can read the plant, unencrypted.",
}
_KOREAN = {
    Lab.NETWORK: "이 장비 밖의 주소가 허용됩니다: 포트에 닿는 누구나 접속을 시도할 수 있습니다.",
    Lab.OPEN: "보안 없는 OPC UA 접속이 열려 있습니다: 누구나 암호화 없이 설비를 읽을 수 있습니다.",
}


def parse_lab(words: Iterable[str]) -> Lab:
    """Return the flags that the words of a command line name.

    Raises:
        ConfigError: if one is not known.
    """
    lab = Lab.OFF
    for word in words:
        if word not in WORDS:
            raise ConfigError(f"--lab {word} is not known; use {' or '.join(WORDS)}")
        lab |= WORDS[word]
    return lab


def check_bind(what: str, host: str, lab: Lab = Lab.OFF) -> None:
    """Refuse to listen beyond this machine, unless the laboratory flag permits it.

    Args:
        what: who listens, for the error.
        host: the address; a name other than localhost counts as beyond.
        lab: what this start permits.

    Raises:
        ConfigError: if the address is not loopback.
    """
    if is_loopback(host) or Lab.NETWORK in lab:
        return
    raise ConfigError(
        f"{what} would listen at {host or 'every address'!r}, which is not loopback "
        "(127.0.0.0/8, ::1, localhost); use 127.0.0.1, or in a laboratory --lab network"
    )


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def banner(lab: Lab) -> str:
    """Return the warning of a start with laboratory flags, English and Korean; empty without."""
    if not lab:
        return ""
    lines = [
        "LABORATORY MODE: NOT FOR A PLANT. Stop, and start without --lab, before steel moves.",
        *(text for flag, text in _ENGLISH.items() if flag in lab),
        "실험실 모드: 실제 설비에 사용 금지. 운전 전에 정지하고 --lab 없이 다시 시작하십시오.",
        *(text for flag, text in _KOREAN.items() if flag in lab),
    ]
    rule = "!" * 88
    return "\n".join([rule, *(f"!! {line}" for line in lines), rule, ""])
