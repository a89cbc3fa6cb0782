"""Where everything of one hot strip line lies in a block: `block[row * LANES + lane]`.

One row is one number of one plant; sixteen plants lie side by side. Rows are grouped: the coil and
its order, the mill, the run-out table, what instruments show, what was written, what is counted.
"""

from ...scenarios.draw import DISTURBANCES, SHIFTS
from .faults import KINDS
from .tables import BANKS, STANDS

LANES = 16
INTERVAL = 0.5  # s of plant time: level 1 and 2 act once an interval
SEGMENTS = 40  # strip on the run-out table, one segment an interval, newest first

# the coil and its order
COIL, PHASE, COIL_TIME, GAP_LEFT, ACTIVE = 0, 1, 2, 3, 4
WIDTH, GAUGE_AIM, FDT_AIM, CT_AIM, CARBON, MASS, BAR = 5, 6, 7, 8, 9, 10, 11
HARDNESS, BAR_TEMPERATURE, SKID, SKID_PHASE, STIFFNESS, COOLING = 12, 13, 14, 15, 16, 17
BAR_DONE, STRIP_DONE, ENTRY_TEMPERATURE, WATER_TEMPERATURE = 18, 19, 20, 21

BAR_THICK, HEAD_DEFICIT, ORDERED = 22, 23, 24  # m, K, rows of the order book
EVENT, EVENT_PLACE, DOWN = 25, 26, 27  # code of a stop, its stand, seconds left of it
FROZEN = 28  # 1: level 2 has stopped learning

# how much of each disturbance this campaign has, and by which factor this plant differs
SCALE = 29
SCALES = len(DISTURBANCES) + len(SHIFTS)
(
    NOISE_SCALE, HARDNESS_SCALE, COOLING_SCALE, BAR_SCALE, SKID_SCALE, WATER_SCALE, GAP_SCALE,
    CHARGE_SCALE, MODULUS_SHIFT, FRICTION_SHIFT, HARDNESS_SHIFT, HEAT_SHIFT,
) = range(SCALE, SCALE + SCALES)  # fmt: skip

# the bar that waits before F1, head first: temperature (K) and thickness (m) of its cells
CELLS = 24
BAR_CELL = SCALE + SCALES
BAR_CELL_THICK = BAR_CELL + CELLS

# what can go wrong (faults.py): each from a coil on, growing to its size; FAULT is what acts now
FAULT = BAR_CELL_THICK + CELLS
FAULT_FROM = FAULT + KINDS
FAULT_UNTIL = FAULT_FROM + KINDS
FAULT_SIZE = FAULT_UNTIL + KINDS
FAULT_RAMP = FAULT_SIZE + KINDS  # s to full size
FAULT_PLACE = FAULT_RAMP + KINDS  # stand, bank or zone, from 1; 0 where there is but one

# the mill; thickness and temperature have a row before F1
GAP = FAULT_PLACE + KINDS
H = GAP + STANDS
T = H + STANDS + 1
FLAT = T + STANDS + 1
FORCE = FLAT + STANDS
LOCKED = FORCE + STANDS
MONITOR = LOCKED + STANDS
EXPECTED = MONITOR + STANDS
ADAPTED = EXPECTED + STANDS  # level 2's learned force factors
ZERO = ADAPTED + STANDS  # level 2's learned zero of each gap (m)
POWER = ZERO + STANDS
SPEED, THREAD_SPEED, ZOOM, SPRAY, SPRAY_INTEGRAL = (POWER + n for n in range(1, 6))
FDT_BIAS, FDT_MODEL, FORCE_RATIO, RATIO_DONE, TRUE_FDT = (POWER + n for n in range(6, 11))
RESIDUAL = POWER + 11  # m, of the last Newton step: the iteration counts are fixed
BIAS_SUM = POWER + 12  # K s, pyrometer minus model over this coil
ZOOM_RATE = POWER + 13  # m/s2
GAUGE_ERROR = POWER + 14  # m, what the monitor acts on
OUTSIDE = POWER + 15  # how many stands left the validity of their formulas in this interval

# the run-out table
DEMAND = POWER + 16
FEEDBACK, BANK_GAIN, FEEDBACK_SUM, TRUE_CT, CT_SEEN = (DEMAND + n for n in range(1, 6))
COMMAND = DEMAND + 6
VALVE = COMMAND + BANKS
PLACE = VALVE + BANKS  # distance of a segment behind F7 (m); negative: nothing there
HEAT = PLACE + SEGMENTS  # its temperature (K)
GAUGE = HEAT + SEGMENTS  # its thickness (m)
SPAN = GAUGE + SEGMENTS  # its length (m)

# what instruments show
SHOWN_ENTRY = SPAN + SEGMENTS
SHOWN_SPEED, SHOWN_GAUGE, SHOWN_FDT, SHOWN_POWER, SHOWN_CT, SHOWN_WATER = (
    SHOWN_ENTRY + n for n in range(1, 7)
)
SHOWN_FORCE = SHOWN_ENTRY + 7
SHOWN_FLOW = SHOWN_FORCE + STANDS
NOISE = SHOWN_FLOW + BANKS  # deviates of this interval, in the order of the rows above
ECCENTRIC = 7 + STANDS + BANKS  # and of the roll that runs out of true
NOISES = 8 + STANDS + BANKS

# what was written: the six controls, and the finer trims of the environments
SPEED_TRIM, SPRAY_TRIM, FDT_SOURCE, HARDNESS_CORRECTION, BANK_OUT, COOLING_CORRECTION = (
    NOISE + NOISES + n for n in range(6)
)
ACT_GAUGE, ACT_SPEED, ACT_SPRAY, ACT_BANK = (COOLING_CORRECTION + n for n in range(1, 5))

# what is counted for the running coil, and over the whole campaign
ROLLED, GAUGE_OFF, FDT_OFF, CT_ROLLED, CT_OFF, ENERGY, SECONDS, OVERLOAD, COLD = (
    ACT_BANK + n for n in range(1, 10)
)
MONEY, HARM = COLD + 1, COLD + 2
CLOSED = HARM + 1  # the counters ROLLED..COLD summed over the finished coils
ROWS = CLOSED + COLD - ROLLED + 1

# what is kept of a finished coil
KEPT = (
    COIL, WIDTH, GAUGE_AIM, FDT_AIM, CT_AIM, CARBON, ROLLED, SECONDS, GAUGE_OFF, FDT_OFF,
    CT_ROLLED, CT_OFF, ENERGY, OVERLOAD, COLD,
)  # fmt: skip
