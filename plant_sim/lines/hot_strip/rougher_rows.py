"""Where everything between furnace door and finishing mill lies: one flat array per rougher.

First the rougher's own rows, then four places for pieces of stock, each a header and its cells:
on the way from the furnace (APPROACH), in the stand (STAND), on the delay table (TABLE), and in the
finishing mill with its rear still on the table (FEED). A fifth holds what is ordered next
(ORDERED): header only, for pacing. `rougher[STAND + EXIT + n]` is one number;
`rougher[STAND + THICK + c]` that of cell c, head first, SI throughout.
"""

CELLS = 24  # of a piece along its length, equal parts of its steel
NODES = 5  # layers of half the thickness, surface first
MOST_PASSES = 9  # a schedule has 5 or 7; a trip may add two

# what a place holds; the stand's status is PASSING in a pass, REVERSING between two
EMPTY, TRANSPORT, PASSING, REVERSING, ON_TABLE, WAITING, FEEDING = range(7)

# the rougher itself: what was written to it
BAR_TRIM, WIDTH_TRIM, PACE_TRIM, COVERS, PASS_ORDER = range(5)  # m, m, s, 0 or 1, 0 (free), 5, 7
# what it is: drawn once a campaign
STIFFNESS, SPREAD_FACTOR, FILM_FACTOR = 5, 6, 7  # true over data sheet, over formula, over formula
# what it does now
FORCE, TORQUE, POWER, ROLL_SPEED, GAP_NOW, PASS_NOW, EDGER_GAP, EDGER_FORCE = range(8, 16)
DESCALING = 16  # 1 while descaling water runs
RDT, BAR_WIDTH, BAR_LENGTH = 17, 18, 19  # true, last seen: K, m, m
# what instruments show
SHOWN_RM_FORCE, SHOWN_RM_TORQUE, SHOWN_RM_POWER, SHOWN_RM_SPEED, SHOWN_RM_GAP = range(20, 25)
RM_PASS, SHOWN_EDGER_GAP, SHOWN_EDGER_FORCE, SHOWN_RDT, SHOWN_RM_WIDTH = range(25, 30)
SHOWN_BAR_LENGTH, SHOWN_DESCALER = 30, 31  # m, Pa
RM_STATUS, APPROACH_STATUS, TABLE_STATUS = 32, 33, 34
TABLE_PLACE, TABLE_FILLED, RM_PASSES, RM_REDUCTION = 35, 36, 37, 38  # m, 0..1, 1, 1
FORCE_RATIO_RM = 39  # seen over expected, of the last pass
# what is counted over the campaign
TRIPS, HARM, REJECTED, ENERGY, CROPPED, ROUGHED, BARS, BUSY, BLOCKED = range(40, 49)
# what level 2 has learned
FACTOR = 49  # force, seen over model, by pass counted from the last
ZERO = FACTOR + MOST_PASSES  # m, of the gap
WIDTH_BIAS = ZERO + 1  # m, bars wider than aimed
# what pacing has learned
ROUGHING_CORRECTION, FINISHING_CORRECTION = ZERO + 2, ZERO + 3
LAST_FURNACE, PACE = ZERO + 4, ZERO + 5  # 1 or 2; s from slab to slab
FED = ZERO + 6  # m of the bar in FEED that the mill has taken
TICK = ZERO + 7  # intervals since begin
REJECTED_NUMBER = ZERO + 8  # coil of the piece taken off the line last
RDT_MODEL = ZERO + 9  # K, level 2's mean of the last bar behind the stand
REJECTED_MASS = ZERO + 10  # kg taken off the line before the mill had begun to roll it
PIECES = ZERO + 11  # where the places begin

# header of a piece
STATUS, NUMBER, PASS, PASSES, NEXT, LEFT, DONE, HOLD, PLACE, SPEED = range(10)
SLAB_WIDTH, SLAB_THICKNESS, SLAB_LENGTH, CARBON, BAR_AIM, WIDTH_AIM = range(10, 16)
HARDNESS, BELIEVED, WEIGHT, LENGTH, EDGING, SCALE = range(16, 22)  # K believed; kg; m; m; 0..1
CROP_HEAD, CROP_TAIL, GAINED, LOST, AGE, FINISHING = range(22, 28)  # m, m, J, J, s, s
FORCE_SUM, FORCE_SEEN, REDONE, IN_STAND = range(28, 32)  # N, cells, passes redone, s
PLAN_FROM = 32  # 0: nothing to plan, else 1 + the first pass to plan
ROUGHING, DELIVERED = 33, 34  # s, K: believed for all passes, behind the last
EXIT = 35  # the plan of level 2 by pass: m
GAP = EXIT + MOST_PASSES  # m
EXPECTED = GAP + MOST_PASSES  # N
OPENING = EXPECTED + MOST_PASSES  # m, of the edger
PASS_SPEED = OPENING + MOST_PASSES  # m/s
DESCALE = PASS_SPEED + MOST_PASSES  # 0 or 1
MASS = DESCALE + MOST_PASSES  # kg of each cell
THICK = MASS + CELLS  # m
WIDE = THICK + CELLS  # m
DOG_BONE = WIDE + CELLS  # m that come back as width in the next flat pass
HEAT = DOG_BONE + CELLS  # K, layer k of cell c at HEAT + k * CELLS + c
PIECE = HEAT + NODES * CELLS  # size of a piece

APPROACH, STAND, TABLE, FEED, ORDERED = (PIECES + n * PIECE for n in range(5))
SIZE = ORDERED + MASS  # of the whole array; what is ordered has a header only

# channels of the random numbers, away from those of the coil cycle
NOISE, DRAWN = 192, 208
