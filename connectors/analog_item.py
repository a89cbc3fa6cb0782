"""How a tag is shown as an analog item of OPC UA: type, unit of UN/CEFACT, description."""

from asyncua import Node, ua

from .addresses import Kind
from .tags import Tag

TYPES: dict[Kind, ua.VariantType] = {
    "bool": ua.VariantType.Boolean, "i16": ua.VariantType.Int16, "u16": ua.VariantType.UInt16,
    "i32": ua.VariantType.Int32, "u32": ua.VariantType.UInt32, "i64": ua.VariantType.Int64,
    "u64": ua.VariantType.UInt64, "f32": ua.VariantType.Float, "f64": ua.VariantType.Double,
}  # fmt: skip
UNECE: dict[str, str] = {  # plant unit: common code of UN/CEFACT recommendation 20
    "1": "C62", "%": "P1", "wt%": "P1", "s": "SEC", "m": "MTR", "mm": "MMT", "um": "4H",
    "m/s": "MTS", "degC": "CEL", "K": "KEL", "kN": "B47", "MN": "B73", "MW": "MAW", "m3/h": "MQH",
    "Nm3/h": "MQH", "Pa": "PAL", "bar": "BAR", "MPa": "MPA", "kNm": "B48", "deg": "DD",
}  # fmt: skip
_CEFACT = "http://www.opcfoundation.org/UA/units/un/cefact"
_NO_CODE = -1  # what OPC UA says of a unit without one: I-units, money


def engineering_unit(unit: str) -> ua.EUInformation:
    """Return a plant unit as OPC UA names it."""
    letters = UNECE.get(unit, "")
    return ua.EUInformation(
        _CEFACT,
        ua.Int32(int.from_bytes(letters.encode(), "big") if letters else _NO_CODE),
        ua.LocalizedText(unit),
        ua.LocalizedText(unit),
    )


async def make_analog(node: Node, tag: Tag) -> None:
    """Make a variable an AnalogItem and describe it; range and unit are its properties."""
    kind = _standard(ua.ObjectIds.HasTypeDefinition)
    await node.delete_reference(_standard(ua.ObjectIds.BaseDataVariableType), kind)
    await node.add_reference(_standard(ua.ObjectIds.AnalogItemType), kind)
    text = " | ".join(text for text in (tag.english, tag.korean) if text)
    await node.write_attribute(
        ua.AttributeIds.Description, ua.DataValue(ua.Variant(ua.LocalizedText(text)))
    )


def _standard(number: int) -> ua.NodeId:
    return ua.NodeId(ua.Int32(number), ua.Int16(0))
