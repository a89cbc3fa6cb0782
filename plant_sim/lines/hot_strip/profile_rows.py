"""Where crown and flatness of one hot strip line lie in a block: rows from `PROFILE` on."""

from .faults import BENDING_LIMIT, ROLL_WEAR
from .parameters import STANDS
from .rows import FAULT, FAULT_PLACE, N_CROWN, N_FLATNESS, NOISE, ROWS

PROFILE = ROWS

# the work rolls of each stand
THERMAL = PROFILE  # K, mean rise over the water
WEAR = THERMAL + STANDS  # m on diameter since the roll change
SHIFT = WEAR + STANDS  # m, CVC position
BENDING = SHIFT + STANDS  # N of a chock, as it acts
BENDING_SET = BENDING + STANDS  # N of a chock, level 2's preset
PRESET_FORCE = BENDING_SET + STANDS  # N, the force the preset was made for
ZEROED = PRESET_FORCE + STANDS  # K, mean rise when the gap was zeroed
ROLL_GAP = ZEROED + STANDS  # m, how far wear less growth has opened the gap since

# the strip: its crown before F1 and behind each stand
STAND_CROWN = ROLL_GAP + STANDS  # m
BAR_CROWN = STAND_CROWN  # m, brought by the rougher
CROWN = STAND_CROWN + STANDS  # m, C40 of the strip
FLATNESS, EDGE_WAVE, CENTRE_BUCKLE = (CROWN + n for n in range(1, 4))  # I-units, flags

# what is wanted, seen and learned
CROWN_AIM, FLATNESS_AIM = CROWN + 4, CROWN + 5  # m, I-units
CROWN_NOISE, FLATNESS_NOISE = NOISE + N_CROWN, NOISE + N_FLATNESS  # deviates of this interval
SHOWN_CROWN, SHOWN_FLATNESS = CROWN + 6, CROWN + 7  # m, I-units
FLATNESS_TRIM = CROWN + 8  # N, of the last stand's bending, by the flatness loop
CROWN_LEARNED = CROWN + 9  # m, level 2's correction of the strip crown it expects
CROWN_SUM, CROWN_COUNT = CROWN + 10, CROWN + 11  # m, 1: crown seen over this coil

# faults: present size, 0 absent; the place is a stand, 0 all
WEAR_FAULT, BENDING_FAULT = FAULT + ROLL_WEAR, FAULT + BENDING_LIMIT  # times, share of range
WEAR_PLACE, BENDING_PLACE = FAULT_PLACE + ROLL_WEAR, FAULT_PLACE + BENDING_LIMIT

# what this plant really is: drawn once a campaign around 1
OWN_BEND, OWN_HEAT = CROWN + 12, CROWN + 13  # crown per force, heat into the rolls
PROFILE_END = CROWN + 14
PROFILE_ROWS = PROFILE_END - PROFILE
