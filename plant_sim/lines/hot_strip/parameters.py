"""Where each number of a mill's data lies in the flat array that kernels are given.

`mill[RADIUS + s]` is the work-roll radius of stand s. The numbers come from a mill file
(`config.py`); what is here is only their order. A mill of five or six stands has the last places of
the seven, so that the stand before the X-ray gauge is always F7; FIRST_STAND says where it begins.
"""

STANDS = 7  # places for finishing stands
FEWEST_STANDS = 5  # that a mill may have
ZONES = 5  # of a furnace along its length: charging, preheat, heating 1, heating 2, soak
BANKS = 14  # most banks of a run-out table, trim banks included

# the finishing mill
RADIUS = 0  # m, work rolls
BACKUP_RADIUS = RADIUS + STANDS  # m
MAX_FORCE = BACKUP_RADIUS + STANDS  # N
MAX_POWER = MAX_FORCE + STANDS  # W
MAX_TORQUE = MAX_POWER + STANDS  # N m, both rolls together
ROLL_MODULUS = MAX_TORQUE + STANDS  # N/m at full barrel
DISTANCE = ROLL_MODULUS + STANDS  # m to the next stand; of the last one: to the X-ray gauge
BARREL = DISTANCE + STANDS  # m
ENTRY_DISTANCE = BARREL + 1  # m from the descaler to F1
SLOWEST = BARREL + 2  # m/s behind the last stand
FASTEST = BARREL + 3  # m/s
RAMP = BARREL + 4  # m/s2
PYROMETER_DISTANCE = BARREL + 5  # m from the last stand to the finishing pyrometer

# the furnaces
FURNACES = BARREL + 6
FURNACE_LENGTH = BARREL + 7  # m
FURNACE_WIDTH = BARREL + 8  # m
ZONE_LENGTH = BARREL + 9  # m
ZONE_POWER_TOP = ZONE_LENGTH + ZONES  # W
ZONE_POWER_BOTTOM = ZONE_POWER_TOP + ZONES  # W
SLAB_GAP = ZONE_POWER_BOTTOM + ZONES  # m between two slabs
SKID_PITCH = SLAB_GAP + 1  # m
RECUPERATOR = SLAB_GAP + 2  # effectiveness, 0..1
WALK_TIME = SLAB_GAP + 3  # s for one stroke

# the rougher
RM_RADIUS = SLAB_GAP + 4  # m
RM_MAX_FORCE = SLAB_GAP + 5  # N
RM_MAX_POWER = SLAB_GAP + 6  # W
RM_MODULUS = SLAB_GAP + 7  # N/m
RM_SPEED = SLAB_GAP + 8  # m/s
EDGER_MAX_DRAFT = SLAB_GAP + 9  # m
FURNACE_TO_RM = SLAB_GAP + 10  # m
DELAY_TABLE = SLAB_GAP + 11  # m from the rougher to the finishing descaler

# the run-out table and the coiler; distances from the last stand
BANK_COUNT = SLAB_GAP + 12  # main banks
TRIM_COUNT = SLAB_GAP + 13  # trim banks behind them
FIRST_BANK = SLAB_GAP + 14  # m
BANK_LENGTH = SLAB_GAP + 15  # m
MID_PYROMETER = SLAB_GAP + 16  # m
CT_PYROMETER = SLAB_GAP + 17  # m
COILER = SLAB_GAP + 18  # m
MANDREL = SLAB_GAP + 19  # m, diameter
FIRST_STAND = SLAB_GAP + 20  # place of the first finishing stand: 0, 1 or 2
SIZE = SLAB_GAP + 21
