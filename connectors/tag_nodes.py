"""What a running OPC UA server says of the nodes of a tag file: type, status, value."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import isfinite

from asyncua import ua

from .addresses import OpcUaAddress
from .analog_item import TYPES
from .opcua import OpcUaSession
from .security import Pki
from .tag_devices import need
from .tag_table import TagFile
from .tags import MARGIN, Tag


@dataclass(frozen=True, slots=True)
class NodeProbe:
    """One node.

    Attributes:
        tag: the tag.
        type: its type in OPC UA, "" when there is no value.
        status: its status, as OPC UA names it.
        value: plant unit, None when it is no number.
        remark: what is wrong, one phrase, or "".
    """

    tag: Tag
    type: str
    status: str
    value: float | None
    remark: str


async def probe_opcua(
    tagfile: TagFile, pki: Pki, user: str, names: Iterable[str] = ()
) -> list[NodeProbe]:
    """Read OPC UA tags once.

    Args:
        tagfile: says where the tags lie.
        pki: folder of keys.
        user: whose keys to use; one that can only read is enough.
        names: which tags; all of OPC UA when empty.

    Raises:
        LinkError: if the server does not let this user in, or does not know a namespace.
        TagError: if there is no such tag.
    """
    tags = [tagfile.tag(name) for name in names] or list(tagfile.tags.values())
    found = [(tag, tag.opcua) for tag in tags if tag.opcua is not None]
    session = await OpcUaSession.open(need(tagfile.opcua, "devices.opcua"), pki, user)
    try:
        values = await session.read([session.resolve(at) for _, at in found])
    finally:
        await session.close()
    return [_probe(tag, at, value) for (tag, at), value in zip(found, values, strict=True)]


def _probe(tag: Tag, at: OpcUaAddress, answer: ua.DataValue) -> NodeProbe:
    status = answer.StatusCode.name if answer.StatusCode is not None else "Good"
    variant = answer.Value
    if variant is None or variant.VariantType is ua.VariantType.Null:
        return NodeProbe(tag, "", status, None, "there is no value")
    name = variant.VariantType.name
    if not isinstance(variant.Value, int | float):
        return NodeProbe(tag, name, status, None, "this is no single number")
    value = at.scaling.plant(float(variant.Value))
    remark = ""
    slack = MARGIN * (tag.high - tag.low)
    if variant.VariantType is not TYPES[at.kind]:
        remark = f"the file says {at.kind}"
    elif not isfinite(value):
        remark = "this is no finite number"
    elif not tag.low - slack <= value <= tag.high + slack:
        remark = f"outside [{tag.low:g}, {tag.high:g}]"
    return NodeProbe(tag, name, status, value, remark)
