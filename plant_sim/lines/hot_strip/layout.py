"""The parts of a line's block one behind the other: line and mill, crown and flatness, table.

A kernel of the run-out table is given its part alone, `block[TABLE * LANES :]`.
"""

from . import runout_rows
from .profile_rows import PROFILE_END

TABLE = PROFILE_END  # first row of the run-out table and the coiler
ROWS = TABLE + runout_rows.COUNT
