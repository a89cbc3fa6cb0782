"""Numbers in and out of OPC UA frames in one step each, for asyncua 2.1.0 only.

The library takes every value apart field by field, and builds the same list of nodes anew for every
read. Here a single number with status and time stamps is packed and unpacked at once, and the list
of nodes of a `Prepared` read is encoded once by the client and decoded once by the server. Bytes
and objects are those of the library: whatever is not such a number goes the library's own way.

On any other version of the library nothing is replaced.
"""

import struct
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import Any

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua import ua_binary

KNOWN = "2.1.0"
"""The version whose inner working was read and measured."""

VALUE, STATUS, SOURCE, SERVER = 1, 2, 4, 8  # bits of a DataValue's mask
REMEMBERED = 64  # lists of nodes that a server knows decoded
LONGEST = 65_536  # bytes of one of them
_LETTERS = {
    ua.VariantType.Boolean: "?", ua.VariantType.SByte: "b", ua.VariantType.Byte: "B",
    ua.VariantType.Int16: "h", ua.VariantType.UInt16: "H", ua.VariantType.Int32: "i",
    ua.VariantType.UInt32: "I", ua.VariantType.Int64: "q", ua.VariantType.UInt64: "Q",
    ua.VariantType.Float: "f", ua.VariantType.Double: "d",
}  # fmt: skip
_PARTS = ((STATUS, "I"), (SOURCE, "q"), (SERVER, "q"))
_FORMS = {
    (mask, kind): struct.Struct(
        "<BB" + letter + "".join(part for bit, part in _PARTS if mask & bit)
    )
    for mask in range(1, 16, 2)
    for kind, letter in _LETTERS.items()
}
_BY_HEAD = {bytes((mask, kind.value)): (mask, kind, form) for (mask, kind), form in _FORMS.items()}
_CACHES = (
    "create_list_serializer", "create_type_serializer", "create_uatype_serializer",
    "create_uatype_array_serializer", "_create_list_deserializer", "_create_type_deserializer",
    "_create_uatype_deserializer", "_create_uatype_array_deserializer",
)  # fmt: skip
_stock_serializer = ua_binary.create_dataclass_serializer
_stock_deserializer = ua_binary._create_dataclass_deserializer


class Prepared(ua.ReadParameters):
    """A read that is sent again and again; its list of nodes must not be changed any more."""

    encoded = b""

    @classmethod
    def of(cls, nodes: Sequence[ua.NodeId]) -> "Prepared":
        """Prepare to read the values of `nodes`, with both time stamps."""
        items = [ua.ReadValueId(NodeId=n, AttributeId=ua.AttributeIds.Value) for n in nodes]
        return cls(TimestampsToReturn=ua.TimestampsToReturn.Both, NodesToRead=items)


class _Moments:
    """100 ns since 1601 and back; the values of one picture share their time stamp."""

    def __init__(self) -> None:
        self._stamp: Any = None
        self._counted = 0
        self._ticks: int | None = None
        self._read: Any = None

    def ticks(self, stamp: datetime) -> int:
        if stamp is not self._stamp:
            self._stamp, self._counted = stamp, ua.datetime_to_win_epoch(stamp)
        return self._counted

    def stamp(self, ticks: int) -> Any:
        if ticks != self._ticks:
            self._ticks, self._read = ticks, ua.win_epoch_to_datetime(ticks)
        return self._read


_source, _server = _Moments(), _Moments()


def encode(value: ua.DataValue) -> bytes:
    """Return `value` as it goes over the wire."""
    shown, status = value.Value, value.StatusCode
    source, server = value.SourceTimestamp, value.ServerTimestamp
    if shown is not None and value.SourcePicoseconds is None and value.ServerPicoseconds is None:
        mask = VALUE
        parts: list[Any] = [shown.Value]
        if status is not None:
            mask |= STATUS
            parts.append(status.value)
        if source is not None:
            mask |= SOURCE
            parts.append(_source.ticks(source))
        if server is not None:
            mask |= SERVER
            parts.append(_server.ticks(server))
        form = _FORMS.get((mask, shown.VariantType))
        if form is not None and not shown.is_array and shown.Dimensions is None:
            try:
                return form.pack(mask, shown.VariantType.value, *parts)
            except (struct.error, OverflowError):  # the library says what is wrong with it
                pass
    return bytes(_stock_serializer(ua.DataValue)(value))


def decode(data: Any) -> ua.DataValue:
    """Take one value off a frame."""
    if type(data) is Buffer:
        at = data._cur_pos
        known = _BY_HEAD.get(data._data[at : at + 2])
        if known is not None and known[2].size <= len(data):
            mask, kind, form = known
            parts = form.unpack_from(data._data, at)
            data.skip(form.size)
            found = _new(ua.DataValue)
            found.Encoding = 0
            found.Value = shown = _new(ua.Variant)
            shown.Value, shown.VariantType = parts[2], kind
            shown.Dimensions, shown.is_array = None, False
            found.SourcePicoseconds = found.ServerPicoseconds = None
            place = 3
            if mask & STATUS:
                found.StatusCode = ua.StatusCode(parts[place])
                place += 1
            else:
                found.StatusCode = ua.StatusCode()
            if mask & SOURCE:
                found.SourceTimestamp = _source.stamp(parts[place])
                place += 1
            else:
                found.SourceTimestamp = None
            found.ServerTimestamp = _server.stamp(parts[place]) if mask & SERVER else None
            return found  # type: ignore[no-any-return]
    return _stock_deserializer(ua.DataValue)(data)  # type: ignore[no-any-return]


_new: Callable[[Any], Any] = object.__new__


def _encode_read(read: ua.ReadParameters) -> bytes:
    if type(read) is not Prepared:
        return bytes(_stock_serializer(ua.ReadParameters)(read))
    if not read.encoded:
        read.encoded = bytes(_stock_serializer(ua.ReadParameters)(read))
    return read.encoded


_reads: dict[bytes, ua.ReadParameters] = {}


def _decode_read(data: Any) -> ua.ReadParameters:
    """Take a list of nodes off a frame; the same bytes give the same object, nobody changes it."""
    size = len(data) if type(data) is Buffer else LONGEST + 1
    if size > LONGEST:
        return _stock_deserializer(ua.ReadParameters)(data)  # type: ignore[no-any-return]
    key = data.copy().read(size)
    found = _reads.get(key)
    if found is not None:
        data.skip(size)
        return found
    read: ua.ReadParameters = _stock_deserializer(ua.ReadParameters)(data)
    if not data:  # else what follows it would be swallowed
        if len(_reads) >= REMEMBERED:
            _reads.clear()
        _reads[key] = read
    return read


_ENCODERS: dict[Any, Callable[[Any], bytes]] = {
    ua.DataValue: encode, ua.ReadParameters: _encode_read, Prepared: _encode_read,
}  # fmt: skip
_DECODERS: dict[Any, Callable[[Any], Any]] = {
    ua.DataValue: decode,
    ua.ReadParameters: _decode_read,
}


def _serializer(kind: Any) -> Any:
    return _ENCODERS.get(kind) or _stock_serializer(kind)


def _deserializer(kind: Any) -> Any:
    return _DECODERS.get(kind) or _stock_deserializer(kind)


def install() -> bool:
    """Replace the way in this process; False when this asyncua is not the known one."""
    if version("asyncua") != KNOWN:
        return False
    if ua_binary.create_dataclass_serializer is not _serializer:
        _put(_serializer, _deserializer)
    return True


def remove() -> None:
    """Put the library's own way back."""
    _put(_stock_serializer, _stock_deserializer)
    _reads.clear()


def _put(serializer: Any, deserializer: Any) -> None:
    ua_binary.create_dataclass_serializer = serializer
    ua_binary._create_dataclass_deserializer = deserializer
    for cache in (_stock_serializer, _stock_deserializer):
        cache.cache_clear()
    for name in _CACHES:
        getattr(ua_binary, name).cache_clear()
