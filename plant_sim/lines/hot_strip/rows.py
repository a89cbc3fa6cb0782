"""Where everything of one hot strip line lies in a block: `block[row * LANES + lane]`.

One row is one number of one plant; sixteen plants lie side by side. Rows are grouped: the coil and
its order, the mill, what instruments show, what was written, what is counted. Crown and flatness,
the run-out table and the coiler have parts of their own (`layout.py`).
"""

from ...scenarios.draw import DISTURBANCES, SHIFTS
from .faults import KINDS
from .parameters import STANDS

LANES = 16
INTERVAL = 0.5  # s of plant time: level 1 and 2 act once an interval

# the coil and its order
COIL, PHASE, COIL_TIME, GAP_LEFT, ACTIVE = 0, 1, 2, 3, 4
WIDTH, GAUGE_AIM, FDT_AIM, CT_AIM, CARBON, MASS, BAR = 5, 6, 7, 8, 9, 10, 11
HARDNESS, BAR_TEMPERATURE, SKID, SKID_PHASE, STIFFNESS, COOLING = 12, 13, 14, 15, 16, 17
BAR_DONE, STRIP_DONE, ENTRY_TEMPERATURE, WATER_TEMPERATURE = 18, 19, 20, 21

BAR_THICK, HEAD_DEFICIT, ORDERED = 22, 23, 24  # m, K, rows of the order book
EVENT, EVENT_PLACE, OVER_TIME = 25, 26, 27  # code of a stop, its stand, s far beyond a rating
FROZEN = 28  # 1: level 2 has stopped learning
NEXT_SLAB, ANNOUNCED = 29, 30  # number of the next slab to leave a furnace; pacing knows it
TRANSIT = 31  # s that the tail still needs from F1 on; supervisory: of which no stand shows any
BIAS_TIME = 32  # s over which BIAS_SUM was taken
SURFACE = 33  # K that strip under the finishing pyrometer is colder at its face than on the mean

# how much of each disturbance this campaign has, by which factor this plant differs, and from when
# (s) until when electricity costs how many times its usual price
SCALE = 34
SCALES = len(DISTURBANCES) + len(SHIFTS) + 3
(
    NOISE_SCALE, HARDNESS_SCALE, COOLING_SCALE, BAR_SCALE, SKID_SCALE, WATER_SCALE, GAP_SCALE,
    CHARGE_SCALE, MODULUS_SHIFT, FRICTION_SHIFT, HARDNESS_SHIFT, HEAT_SHIFT, DEAR_FROM, DEAR_UNTIL,
    DEAR_FACTOR,
) = range(SCALE, SCALE + SCALES)  # fmt: skip

# the bar that waits before F1, head first: temperature (K) and thickness (m) of its cells
CELLS = 24
BAR_CELL = SCALE + SCALES
BAR_CELL_THICK = BAR_CELL + CELLS
BAR_CELL_WIDTH = BAR_CELL_THICK + CELLS  # m over the width aim

# what can go wrong (faults.py): each from a coil on, growing to its size; FAULT is what acts now
FAULT = BAR_CELL_WIDTH + CELLS
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
FDT_BIAS, FDT_MODEL, FORCE_RATIO, HEAD_LEARNED, TRUE_FDT = (POWER + n for n in range(6, 11))
RESIDUAL = POWER + 11  # m, of the last Newton step: the iteration counts are fixed
BIAS_SUM = POWER + 12  # K s, pyrometer minus model over this coil
ZOOM_RATE = POWER + 13  # m/s2
GAUGE_ERROR = POWER + 14  # m, what the monitor acts on
OUTSIDE = POWER + 15  # how many stands left the validity of their formulas in this interval

EXIT_WIDTH, BAR_WIDER = POWER + 16, POWER + 17  # m behind F7; m over the ordered width, of the bar
STAND_POWER = POWER + 18  # W of each stand

# what instruments show
SHOWN_ENTRY = STAND_POWER + STANDS
SHOWN_SPEED, SHOWN_GAUGE, SHOWN_FDT, SHOWN_POWER, SHOWN_WIDTH, SHOWN_HYDRAULIC = (
    SHOWN_ENTRY + n for n in range(1, 7)
)
SHOWN_FORCE = SHOWN_ENTRY + 7
SHOWN_GAP = SHOWN_FORCE + STANDS
SHOWN_STAND_SPEED = SHOWN_GAP + STANDS
SHOWN_TORQUE = SHOWN_STAND_SPEED + STANDS
SHOWN_TENSION = SHOWN_TORQUE + STANDS  # behind each stand but the last
SHOWN_LOOPER = SHOWN_TENSION + STANDS
SHOWN_SPRAY = SHOWN_LOOPER + STANDS
LINE_STATE, DELAY = SHOWN_SPRAY + STANDS, SHOWN_SPRAY + STANDS + 1
NOISE = DELAY + 1  # deviates of this interval
N_ENTRY, N_SPEED, N_GAUGE, N_FDT, N_POWER, N_WIDTH, N_ECCENTRIC, N_CROWN, N_FLATNESS = range(9)
N_FORCE = 9  # one a stand; so the next two
N_TORQUE = N_FORCE + STANDS
N_TENSION = N_TORQUE + STANDS
NOISES = N_TENSION + STANDS

# what was written, and the finer trims of the environments
SPEED_TRIM, SPRAY_TRIM, FDT_SOURCE, HARDNESS_CORRECTION, BANK_OUT, COOLING_CORRECTION = (
    NOISE + NOISES + n for n in range(6)
)
PREHEAT_TRIM, HEATING_TRIM, SOAK_TRIM, EXCESS_AIR, REQUEST, BENDING_FRONT_TRIM = (
    COOLING_CORRECTION + n for n in range(1, 7)
)
BENDING_BACK_TRIM, SHIFT_TRIM, LOAD_TRIM, TENSION_TRIM, GAUGE_TRIM, MONITOR_ON = (
    COOLING_CORRECTION + n for n in range(7, 13)
)
AGC_COMPENSATION, DESCALING_MODE = COOLING_CORRECTION + 13, COOLING_CORRECTION + 14
ACT_GAUGE, ACT_SPEED, ACT_SPRAY, ACT_BANK = (DESCALING_MODE + n for n in range(1, 5))

# what is counted for the running coil, and over the whole campaign
COUNTED = (
    "ROLLED", "GAUGE_OFF", "FDT_OFF", "CT_ROLLED", "CT_OFF", "WIDTH_OFF", "CROWN_OFF", "FLAT_OFF",
    "ENERGY", "DEAR", "FUEL", "SCALE_LOSS", "WATER", "WEAR_DONE", "SCRAP", "SECONDS", "OVERLOAD",
    "COLD", "STOPPED", "TELESCOPED", "TRIPS", "COBBLES",
)  # fmt: skip
(
    ROLLED, GAUGE_OFF, FDT_OFF, CT_ROLLED, CT_OFF, WIDTH_OFF, CROWN_OFF, FLAT_OFF, ENERGY, DEAR,
    FUEL, SCALE_LOSS, WATER, WEAR_DONE, SCRAP, SECONDS, OVERLOAD, COLD, STOPPED,
    TELESCOPED, TRIPS, COBBLES,
) = range(ACT_BANK + 1, ACT_BANK + 1 + len(COUNTED))  # fmt: skip
MONEY, HARM = COBBLES + 1, COBBLES + 2
CLOSED = HARM + 1  # the counters summed over the finished coils
REASONS = ("fuel", "scale", "downgrade", "energy", "water", "delay", "rolls")
COST_FUEL = CLOSED + len(COUNTED)  # EUR since the campaign began, by reason; so the next six
COST_SCALE, COST_DOWNGRADE, COST_ENERGY, COST_WATER, COST_DELAY, COST_ROLLS = (
    COST_FUEL + n for n in range(1, 7)
)
HARM_TOTAL = COST_FUEL + 7

# what this plant really is: drawn once a campaign
OWN_ZERO = HARM_TOTAL + 1  # m, by which each gap is wider than its zeroing says
PATCH = OWN_ZERO + STANDS  # K, of scale and water left on the bar where it now enters

# what level 2 has learned besides ADAPTED and ZERO
CLASSES = 23  # of strip thickness, each 8 % thicker than the one before, from 1.6 mm on
FDT_SHIFT, CT_SHIFT = PATCH + 1, PATCH + 2  # K, by which the two pyrometers read wrong today
HEAD_BIAS, BAR_SEEN = CT_SHIFT + 1, CT_SHIFT + 2  # K: of set-up; what the bar pyrometer showed
DOUBT, ZERO_DOUBT = CT_SHIFT + 3, CT_SHIFT + 4  # 1, m2: variances of ADAPTED and ZERO
CLASS_FACTOR = ZERO_DOUBT + 1  # force factor of each class
CLASS_DOUBT = CLASS_FACTOR + CLASSES  # its variance
# m: by which the last gaps are closed for a head and a tail that nothing pulls, and by which now;
# what the gauge showed of either, m and intervals
HEAD_GAP, TAIL_GAP, END_NOW, HEAD_SUM, HEAD_TIME, TAIL_SUM, TAIL_TIME = (
    CLASS_DOUBT + CLASSES + n for n in range(7)
)
VERNIER = (
    TAIL_TIME + 1
)  # m of the last gap, that set-up adds for what it has been missing behind the head
TARIFF, METERED = VERNIER + 1, VERNIER + 2  # 1: of the usual price; J of the coil already priced
# m of strip, as level 1 tracks it: that is still to leave F7; of it in the mill behind a tail in F1
STRIP_LEFT, UNDER_WAY = METERED + 1, METERED + 2
# m: of the strip now at the gauge, what gap and force of F7 said when it was rolled
KNOWN_AT_GAUGE = UNDER_WAY + 1
ROWS = KNOWN_AT_GAUGE + 1

# what is kept of a finished coil
KEPT = (
    COIL, WIDTH, GAUGE_AIM, FDT_AIM, CT_AIM, CARBON, EVENT, EVENT_PLACE,
    *range(ROLLED, COBBLES + 1),
)  # fmt: skip
