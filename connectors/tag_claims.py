"""What the tags of one file must be to one another: nothing claimed twice, nothing unwatched."""

from collections.abc import Iterator, Mapping

from ..plant_sim.errors import ConfigError
from .addresses import BITS
from .letter_form import BEAT_WORDS, ECHO_WORDS, REQUEST_WORDS
from .tag_devices import MailboxMap, ModbusDevice, OpcUaDevice
from .tags import HEARTBEAT, Tag, WriteRule

Devices = Mapping[str, OpcUaDevice | ModbusDevice]
Claim = tuple[object, ...]
HASH_WORDS = 2


def need_heartbeat(tags: Mapping[str, Tag], places: Mapping[str, str]) -> None:
    """Refuse tags whose plant may be dead while its server still answers."""
    beat = tags.get(HEARTBEAT)
    for name, tag in tags.items():
        if (tag.opcua and not (beat and beat.opcua)) or (tag.modbus and not (beat and beat.modbus)):
            over = "opcua" if tag.opcua and not (beat and beat.opcua) else "modbus"
            raise ConfigError(
                f"{places[name]}: {name} has an address on {over} and {HEARTBEAT} has none, so "
                f"nothing tells whether its value is alive; give {HEARTBEAT} one on {over} too"
            )


def no_overlap(
    tags: Mapping[str, Tag], places: Mapping[str, str], mailbox: MailboxMap | None = None
) -> None:
    """Refuse two claims of one register, one bit, one node or one number in the mailbox.

    Different bits of one register may be different tags.
    """
    taken: dict[Claim, str] = dict.fromkeys(_mailbox_claims(mailbox), "the mailbox")
    for name, tag in tags.items():
        claims = list(_tag_claims(tag))
        for claim in claims:
            for rival in (claim, *_rivals(claim)):
                if rival in taken:
                    word = "overlaps" if len(claim) == 3 else "is taken by"
                    raise ConfigError(
                        f"{places[name]}: {_shown(claim)} of {name} {word} "
                        f"{_owner(taken[rival], places)}; choose another"
                    )
        taken.update(dict.fromkeys(claims, name))


def one_byte_order(tags: Mapping[str, Tag], places: Mapping[str, str]) -> None:
    """Refuse bits of one register in two byte orders: bit 0 of one would be bit 8 of the other."""
    orders: dict[tuple[str, int], Tag] = {}
    for name, tag in tags.items():
        if (at := tag.modbus) is None or at.bit is None:
            continue
        other = orders.setdefault((at.table, at.register), tag)
        if other.modbus is not None and other.modbus.byte_order != at.byte_order:
            raise ConfigError(
                f"{places[name]}: {name} reads register {at.register} ({at.table}) in "
                f"{at.byte_order} byte order and {_owner(other.name, places)} in "
                f"{other.modbus.byte_order}; choose one"
            )


def check_writes(
    tags: Mapping[str, Tag],
    places: Mapping[str, str],
    devices: Devices,
    mailbox: MailboxMap | None,
) -> None:
    """Refuse a write that has no way to the plant, or that waits for a tag that is none."""
    for name, tag in tags.items():
        if (rule := tag.write) is None:
            continue
        if rule.protocol not in devices:
            raise ConfigError(
                f"{places[name]}: {name} is written over {rule.protocol} and devices has no "
                f"{rule.protocol}; give it, or drop write"
            )
        if rule.way == "mailbox" and not (mailbox and mailbox.carries(rule.protocol)):
            raise ConfigError(
                f"{places[name]}: {name} is written through a mailbox and there is none on "
                f"{rule.protocol}; give mailbox.{rule.protocol}, or the way direct"
            )
        for what, others in _named(rule):
            for other in others:
                if other not in tags:
                    raise ConfigError(
                        f"{places[name]}: {what} of {name} names {other}, which is no tag of this "
                        "file; correct the name"
                    )


def check_mailbox(mailbox: MailboxMap, devices: Devices) -> None:
    """Refuse a mailbox on a protocol without a device, or whose parts overlap."""
    for protocol in ("opcua", "modbus"):
        if mailbox.carries(protocol) and protocol not in devices:
            raise ConfigError(
                f"the mailbox has a part on {protocol} and devices has no {protocol}; "
                "give it, or drop that part"
            )
    claims = list(_mailbox_claims(mailbox))
    for number, claim in enumerate(claims):
        if claim in claims[:number]:
            raise ConfigError(
                f"two parts of the mailbox lie at {_shown(claim)}; a request takes "
                f"{REQUEST_WORDS} holding registers, a beat {BEAT_WORDS}, the echoes {ECHO_WORDS} "
                "input registers; move one"
            )


def _named(rule: WriteRule) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "needs", rule.needs
    yield "excludes", rule.excludes
    yield "permits", tuple(permit.tag for permit in rule.permits)


def _owner(name: str, places: Mapping[str, str]) -> str:
    return f"{name} of {places[name]}" if name in places else name


def _tag_claims(tag: Tag) -> Iterator[Claim]:
    """Everything that only one tag may have; of each kind in words of its own length."""
    if tag.opcua is not None:
        yield tag.opcua.namespace, tag.opcua.identifier
    if (at := tag.modbus) is not None:
        for register in range(at.register, at.register + at.words):
            yield at.table, register, at.bit
    if tag.write is not None and tag.write.way == "mailbox":
        yield (tag.write.index,)


def _rivals(claim: Claim) -> Iterator[Claim]:
    """A whole register is claimed against each of its bits, and each bit against the whole."""
    if len(claim) == 3 and claim[0] not in BITS:
        for bit in (None,) if claim[2] is not None else range(16):
            yield *claim[:2], bit


def _shown(claim: Claim) -> str:
    if len(claim) == 1:
        return f"write index {claim[0]}"
    if len(claim) == 2:
        return f"node {claim[1]}"
    bit = f" bit {claim[2]}" if claim[2] is not None else ""
    return f"register {claim[1]}{bit} ({claim[0]})"


def _mailbox_claims(mailbox: MailboxMap | None) -> Iterator[Claim]:
    if mailbox is None:
        return
    for node in (mailbox.request, mailbox.echo, mailbox.beat):
        if node is not None:
            yield node.namespace, node.identifier
    for table, first, words in (
        ("holding", mailbox.request_register, REQUEST_WORDS),
        ("holding", mailbox.beat_register, BEAT_WORDS),
        ("input", mailbox.echo_register, ECHO_WORDS),
        ("input", mailbox.hash_register, HASH_WORDS),
    ):
        for register in range(first, first + words) if first is not None else ():
            yield table, register, None
