"""Where the run-out table and the coiler lie in their part of a block: `table[row * LANES + lane]`.

The part is a slice of a line's block, or a block of its own on a test bench. The line writes the
first two groups before an interval and reads the others after it.
"""

from .parameters import BANKS

LANES = 16
INTERVAL = 0.5  # s: of plant time between two runs of level 1 and level 2 [M 8]
SEGMENTS = 46  # strip on the table, one segment an interval, newest first: 5 m/s and faster
PAST = 3  # intervals a valve command is remembered
SMITH = 24  # intervals the feedback remembers what it did

# what the mill, the order and level 2's set-up hand over
(
    ACTIVE,  # 1 while F7 delivers strip
    SPEED,  # m/s, true
    FDT,  # K, true
    EXIT,  # m, true thickness behind F7
    WIDTH,  # m
    CARBON,  # weight %, true
    WATER_TEMPERATURE,  # K, as it leaves the headers
    COOLING,  # 1, how well this plant's water cools
    SPEED_SEEN,  # m/s, as shown
    FDT_SEEN,  # K, what level 2 listens to: the pyrometer or its estimate
    FDT_AIM,  # K
    GAUGE_AIM,  # m
    CT_AIM,  # K
    CARBON_DECLARED,  # weight %
    ZOOM_RATE,  # m/s2, level 2's own acceleration of this coil
    ZOOM_LEAD,  # m of strip until it begins
    STRIP_DONE,  # m delivered by F7
    STRIP_LEFT,  # m that level 2 expects to come
    BANK_OUT,  # bank taken out of service, 1.., 0 none
    CORRECTION,  # 1, of the cooling asked for
    STRATEGY,  # 0 early banks, 1 late banks; between: the share cooled late
    CT_SOURCE,  # 0 feedback listens to the pyrometer, 1 to the model from the middle one
    ACT_BANK,  # banks added by an environment
    HOT_HEAD, HOT_TAIL,  # m of the head and tail that shall be hotter
    HOT_OFFSET,  # K by which
    SHUT, SHUT_AT,  # share of a bank that stays dry, and which (1..)
    OPEN, OPEN_AT,  # share of a bank that always runs, and which
    PRESSURE_LOST,  # share of the supply
    CT_OFFSET,  # K by which the coiling pyrometer is off
    PINCH_SLIP,  # 1, how much the pinch rolls slip
    HEAD_DUE,  # 1 when the head of the next strip may come at any moment
) = range(34)  # fmt: skip
NOISE = 34  # deviates of this interval: CT, middle, water, pressure, pinch, mandrel, tension, size
NOISES = 8 + BANKS  # then the flows

# level 2 and level 1
DEMAND = NOISE + NOISES  # main banks asked for by the feed-forward for strip leaving F7
FEEDBACK, SHIFT, BANK_GAIN, BACK_SUM, BACK_TIME, FDT_KNOWN, WAS_ACTIVE = (
    DEMAND + n for n in range(1, 8)
)
MID_EXPECTED, CT_EXPECTED, BANK_DROP, TRIM_DROP, NEXT_DOSE, NEXT_AIM = (
    DEMAND + n for n in range(8, 14)
)
COMMAND = DEMAND + 14
EARLIER = COMMAND + BANKS  # the commands of the last PAST intervals, newest first
TRIMMED = EARLIER + PAST * BANKS  # the feedback of the last SMITH intervals, newest first

REST = TRIMMED + SMITH  # banks that rounding to headers kept back, the same intervals

# the plant: valves and strip
VALVE = REST + SMITH  # share of its headers that give water
CLOG = VALVE + BANKS  # share of a bank's water that scale in its nozzles holds back
SUPPLY = CLOG + BANKS  # water pressure over its rating
TRUE_MID, TRUE_CT, MID_SEEN, CT_SEEN, AIM_SEEN, FRACTION = (SUPPLY + n for n in range(1, 7))
PLACE = SUPPLY + 7  # m, a segment's middle behind F7; negative: nothing there
SPAN = PLACE + SEGMENTS  # m, its length
HEAT = SPAN + SEGMENTS  # K
GAUGE = HEAT + SEGMENTS  # m
AGE = GAUGE + SEGMENTS  # 1, of its transformation
DOSE = AGE + SEGMENTS  # banks per m/s that level 2 gives it
AIM = DOSE + SEGMENTS  # K, its own coiling aim
DONE = AIM + SEGMENTS  # 1, its transformed fraction
BOILING = DONE + SEGMENTS  # 1, its boiling factor where it was found last
OTHER = BOILING + SEGMENTS  # K/s, its cooling by air less the heat of transformation, found there

# the coiler
AT_COILER = OTHER + SEGMENTS
COIL_DONE, COIL_LENGTH, COIL_AREA, COILED, TENSION, TABLE_TENSION = (
    AT_COILER + n for n in range(1, 7)
)
PINCH_SPEED, SLIP_REAL, SLIP_IMAGINARY = (AT_COILER + n for n in range(7, 10))

# what instruments show
SHOWN_MID, SHOWN_CT, SHOWN_WATER, SHOWN_WATER_PRESSURE, SHOWN_PINCH_SPEED, SHOWN_MANDREL_SPEED = (
    AT_COILER + n for n in range(10, 16)
)
SHOWN_COILER_TENSION, SHOWN_DIAMETER = (AT_COILER + n for n in range(16, 18))
SHOWN_FLOW = AT_COILER + 18

# what is counted for the running coil; the line adds and clears
CT_ROLLED, CT_OFF, WATER_USED, TELESCOPED = (SHOWN_FLOW + BANKS + n for n in range(4))
COUNTERS = CT_ROLLED
COUNT = TELESCOPED + 1  # rows in all
