"""What only the plant knows: for reports and evaluation, never for a seat."""

import numpy as np
from numpy.typing import NDArray

from . import faults as F  # noqa: N812
from . import rows as R  # noqa: N812
from .layout import TABLE
from .parameters import STANDS
from .runout_rows import TRUE_CT


def truth_of(at: NDArray[np.float64]) -> dict[str, float]:
    """Return the ground truth of a line from its rows, shape (layout.ROWS,); SI.

    Besides true temperatures, thickness and hardness, five numbers for each fault that this
    campaign has: `fault.KIND.now`, `size`, `from`, `until` (coils) and `place`.
    """
    return {
        "fdt": float(at[R.TRUE_FDT]),
        "ct": float(at[TABLE + TRUE_CT]),
        "exit_thickness": float(at[R.H + STANDS] * at[R.ACTIVE]),
        "hardness": float(at[R.HARDNESS]),
        **_faults(at),
    }


def _faults(at: NDArray[np.float64]) -> dict[str, float]:
    """Return what is known of the faults that this campaign has, from the rows of a line."""
    told = {}
    for k, name in enumerate(F.FAULTS):
        if at[R.FAULT_SIZE + k] != 0.0:
            told[f"fault.{name}.now"] = float(at[R.FAULT + k])
            told[f"fault.{name}.size"] = float(at[R.FAULT_SIZE + k])
            told[f"fault.{name}.from"] = float(at[R.FAULT_FROM + k])
            told[f"fault.{name}.until"] = float(at[R.FAULT_UNTIL + k])
            told[f"fault.{name}.place"] = float(at[R.FAULT_PLACE + k])
    return told
