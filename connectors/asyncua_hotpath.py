"""A faster way from a written value to its subscribers, for asyncua 2.1.0 only.

The library copies every value deeply for every monitored item and then encodes each copy by itself.
Here a value is kept as it is and encoded once for all subscribers. The copy guards against a value
that is changed after it was written; whoever installs this promises never to do that: every written
DataValue is a fresh object, and neither it, nor its Variant, nor a list in it is ever changed.
Broken, the promise loses changes without a word. The virtual PLC keeps it.

On any other version of the library nothing is replaced, and a test that asserts the deep copy fails
when the library no longer makes it. Monitored items with a filter, events, and subscriptions of the
server itself go the library's own way.
"""

import logging
import struct
from importlib.metadata import version
from typing import Any

from asyncua import ua
from asyncua.server.internal_subscription import InternalSubscription
from asyncua.server.monitored_item_service import MonitoredItemService, MonitoredItemValues
from asyncua.ua.ua_binary import struct_to_binary

from . import asyncua_values
from .asyncua_values import KNOWN

_log = logging.getLogger(__name__)
_HANDLE = struct.Struct("<I")
_COUNT = struct.Struct("<i")
_DISABLED, _DOUBLE = ua.MonitoringMode.Disabled, ua.VariantType.Double
_NO_DIAGNOSTICS = struct_to_binary(ua.DataChangeNotification())[_COUNT.size :]
_NOTIFICATION = ua.typeid_by_extension_objects[ua.DataChangeNotification]

_stock = {
    (MonitoredItemValues, "set_current_datavalue"): MonitoredItemValues.set_current_datavalue,
    (MonitoredItemService, "datachange_callback"): MonitoredItemService.datachange_callback,
    (InternalSubscription, "_pop_triggered_datachanges"):
        InternalSubscription._pop_triggered_datachanges,
}  # fmt: skip


def install() -> bool:
    """Replace the way in this process; False when this asyncua is not the known one."""
    if version("asyncua") != KNOWN:
        _log.warning("asyncua %s is not %s: its deep copy stays", version("asyncua"), KNOWN)
        return False
    asyncua_values.install()
    for (owner, name), ours in zip(_stock, (_keep, _changed, _gather), strict=True):
        setattr(owner, name, ours)
    return True


def remove() -> None:
    """Put the library's own way back."""
    asyncua_values.remove()
    for (owner, name), method in _stock.items():
        setattr(owner, name, method)


class _News:
    """Compares and encodes a DataValue once for all who hear of it: one hears after the other."""

    def __init__(self) -> None:
        self._old: ua.DataValue | None = None
        self._new: ua.DataValue | None = None
        self._value: ua.DataValue | None = None
        self._bytes = b""
        self._changed = True

    def changed(self, old: ua.DataValue, new: ua.DataValue) -> bool:
        """Return whether `new` is worth telling to whoever was told `old`."""
        if old is not self._old or new is not self._new:
            self._old, self._new, self._changed = old, new, not _same(old, new)
        return self._changed

    def encoded(self, value: ua.DataValue) -> bytes:
        """Return `value` as it goes over the wire."""
        if value is not self._value:
            self._value, self._bytes = value, asyncua_values.encode(value)
        return self._bytes


_news = _News()


def _keep(self: MonitoredItemValues, cur_val: ua.DataValue) -> None:
    self.old_dvalue, self.current_dvalue = self.current_dvalue, cur_val


async def _changed(
    self: MonitoredItemService, handle: int, value: ua.DataValue, error: ua.StatusCode | None = None
) -> None:
    """Queue what a client is to hear of a new value."""
    item = self._monitored_items[self._monitored_datachange[handle]]
    subscription, key = self.isub, item.monitored_item_id
    if (
        error is not None
        or key is None
        or item.filter
        or item.mode == _DISABLED
        or subscription.pub_request_callback is None
    ):
        await _stock[MonitoredItemService, "datachange_callback"](self, handle, value, error)  # type: ignore[operator]
        return
    values = item.mvalue
    old = values.old_dvalue = values.current_dvalue
    values.current_dvalue = value
    if old is not None and not _news.changed(old, value):
        return
    told: Any = _HANDLE.pack(item.client_handle) + _news.encoded(value)
    queue = subscription._triggered_datachanges
    waiting = queue.get(key)
    if waiting is None:
        queue[key] = [told]
        if subscription._task is None:
            await subscription._trigger_publish()
        return
    if item.queue_size and len(waiting) >= item.queue_size:
        del waiting[0]
    waiting.append(told)


def _same(old: ua.DataValue, new: ua.DataValue) -> bool:
    one, other = old.StatusCode, new.StatusCode
    if (other is not one) if one is None or other is None else one.value != other.value:
        return False
    before, after = old.Value, new.Value
    if before is None or after is None or before.VariantType is not _DOUBLE:
        return before == after
    return (
        after.VariantType is _DOUBLE
        and before.Value == after.Value
        and before.is_array == after.is_array
    )


def _gather(self: InternalSubscription, result: ua.PublishResult) -> None:
    """Put all that waits into one notification; what is encoded already is only joined."""
    waiting: list[Any] = [told for items in self._triggered_datachanges.values() for told in items]
    if not any(type(told) is bytes for told in waiting):
        _stock[InternalSubscription, "_pop_triggered_datachanges"](self, result)  # type: ignore[operator]
        return
    self._triggered_datachanges = {}
    parts = [told if type(told) is bytes else struct_to_binary(told) for told in waiting]
    body: Any = b"".join((_COUNT.pack(len(parts)), *parts, _NO_DIAGNOSTICS))
    notification: Any = ua.ExtensionObject(TypeId=_NOTIFICATION, Body=body)
    result.NotificationMessage.NotificationData.append(notification)
