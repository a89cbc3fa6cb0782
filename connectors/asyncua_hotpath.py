"""A faster way from a written value to its subscribers, for asyncua 2.1.0 only.

The library copies every value deeply for every monitored item. The copy guards against a value
that is changed after it was written; whoever installs this promises never to do that: every written
DataValue is a fresh object, and neither it, nor its Variant, nor a list in it is ever changed.
Broken, the promise loses changes without a word. The virtual PLC keeps it.

On any other version of the library nothing is replaced, and a test that asserts the deep copy fails
when the library no longer makes it.
"""

import logging
from importlib.metadata import version

from asyncua import ua
from asyncua.server.monitored_item_service import MonitoredItemValues

KNOWN = "2.1.0"
"""The version whose inner working was read and measured."""

_log = logging.getLogger(__name__)
_stock = MonitoredItemValues.set_current_datavalue


def install() -> bool:
    """Replace the deep copy in this process; False when this asyncua is not the known one."""
    if version("asyncua") != KNOWN:
        _log.warning("asyncua %s is not %s: its deep copy stays", version("asyncua"), KNOWN)
        return False
    MonitoredItemValues.set_current_datavalue = _keep  # type: ignore[method-assign]
    return True


def remove() -> None:
    """Put the library's own method back."""
    MonitoredItemValues.set_current_datavalue = _stock  # type: ignore[method-assign]


def _keep(self: MonitoredItemValues, cur_val: ua.DataValue) -> None:
    self.old_dvalue, self.current_dvalue = self.current_dvalue, cur_val
