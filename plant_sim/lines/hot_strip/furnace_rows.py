"""Where everything of one walking-beam furnace lies in its flat array.

First single numbers, then ten numbers for each control zone (five top zones from the charging end,
then the five below them), then rows of SLABS numbers: one place for each slab inside. A slab keeps
its place from charge to discharge; POSITION says where it is.
"""

from ...physics.slab_conduction import BUNDLE_ROWS, SLABS
from .parameters import ZONES

CELLS = 2 * ZONES  # control zones: top 0..4, bottom 5..9; 0 and 5 are not fired
STEP = 10.0  # s: step of the furnace, twenty intervals of the line [M 8]
LEVEL2_STEPS = 3.0  # 1: steps between two set-point calculations of level 2 [M 4.1]

# time and motion
CLOCK = 0  # s since the episode began
COUNTDOWN = 1  # steps until level 2 calculates again
STROKE_LEFT = 2  # s until the running stroke has ended; 0: the beam stands
SINCE_DISCHARGE = 3  # s
CHARGED, DISCHARGED = 4, 5  # slabs since the episode began
TONNAGE = 6  # kg discharged
HELD = 7  # 1 while level 2 holds temperatures because of a stop
PACE = 8  # s planned between two discharges
WAITING = 9  # s that a discharge was asked for but no slab lay at the door

# faults: size, and control zone 1..10 where there is a place; the caller sets them before a step
FAULT_THERMOCOUPLE, FAULT_THERMOCOUPLE_ZONE = 10, 11  # K
FAULT_BURNER, FAULT_BURNER_ZONE = 12, 13  # share of the zone's power lost
FAULT_SKID = 14  # times larger, minus 1
FAULT_AIR = 15  # relative error of the air flow meters

# the furnace's own parameters, drawn once an episode
OWN_EXCHANGE, OWN_HEATING, OWN_SKID, OWN_SCALE, OWN_SHELL = 16, 17, 18, 19, 20  # factors

# flue gas, recuperator and air ratio
FLUE, FLUE_FLOW, PREHEAT, OXYGEN_FLUE, MONOXIDE = 21, 22, 23, 24, 25  # K, m3/s, K, 1, 1
OXYGEN_SHOWN, FLUE_SHOWN, PREHEAT_SHOWN = 26, 27, 28
RATIO, RATIO_TRIM, OXYGEN_TRIM = 29, 30, 31  # asked by level 1; written; of the oxygen loop
PRESSURE, PRESSURE_SHOWN = 32, 33  # Pa against the hall

# what is counted since the episode began; J unless said
FUEL_HEAT, STACK_LOSS, UNBURNT_LOSS, SHELL_LOSS, SKID_LOSS = 34, 35, 36, 37, 38
OXIDATION, CHARGED_HEAT, DISCHARGED_HEAT = 39, 40, 41
FUEL_USED = 42  # m3
FUEL_METERED = 43  # m3, as the flow meters show it
SCALE_MASS = 44  # kg of steel lost by discharged slabs
OFF_MASS = 45  # kg discharged outside the band around their aim
ZONE_HARM, COLD_HARM, HOT_HARM = 46, 47, 48  # s beyond a limit; s of harm by cold and burnt slabs
RAMP_EVENTS, RECUPERATOR_EVENTS, ZONE_EVENTS = 49, 50, 51  # how often a limit was reached
COLD_SLABS, HOT_SLABS = 52, 53
RECUPERATOR_GUARD = 54  # 1 while dilution air protects the recuperator
AIM_ERROR = 55  # K, sum over the discharged slabs of |mean - aim|

# the slab discharged last; DOOR..DOOR_END is also what `discharge` hands over
DOOR = 56
(
    OUT_NUMBER, OUT_WIDTH, OUT_THICKNESS, OUT_LENGTH, OUT_CARBON, OUT_AIM, OUT_MEAN, OUT_CORE,
    OUT_SURFACE, OUT_SKID, OUT_ENDS, OUT_SCALE, OUT_SECONDS, OUT_CHARGE, OUT_MODEL, OUT_SHOWN,
    OUT_MASS, OUT_FUEL,
) = range(DOOR, DOOR + 18)  # fmt: skip
DOOR_END = DOOR + 18

# mailboxes: the caller sets NEXT_READY and ASKED to 1, the furnace puts them back to 0 when done;
# the furnace sets OUT_READY to 1 when DOOR..DOOR_END is a new slab, the caller puts it back
NEXT_READY, ASKED, OUT_READY = DOOR_END, DOOR_END + 1, DOOR_END + 2
(
    NEXT_NUMBER, NEXT_WIDTH, NEXT_THICKNESS, NEXT_LENGTH, NEXT_CHARGE, NEXT_CARBON, NEXT_AIM,
) = range(DOOR_END + 3, DOOR_END + 10)  # fmt: skip
DAMPER = DOOR_END + 10  # m3/s of flue gas that the damper is set for
LEAK = DOOR_END + 11  # m3/s of false air
FUEL_MARK = DOOR_END + 12  # J of FUEL_HEAT at the last discharge
LATE = DOOR_END + 13  # s that slabs came later than planned, summed
NEXT_MODEL = DOOR_END + 14  # K, level 2's mean of the slab nearest the door
INSIDE = DOOR_END + 15  # slabs inside

# the campaign of a furnace that stands alone
ORDERED = DOOR_END + 16  # orders taken in
STOPPED, STOP_LEFT = DOOR_END + 17, DOOR_END + 18  # 1 while the mill stands; s as forecast
DUE = DOOR_END + 19  # slabs that the mill could have taken
PACE_TRIM = DOOR_END + 20  # share by which slabs come faster than nominal
DELAY = DOOR_END + 21  # s for which the mill waited
ONSET = DOOR_END + 22  # s, when each kind of fault began; KINDS numbers
KINDS = 5  # thermocouple, burner, skid, late_discharge, air_ratio

MONOXIDE_HARM = ONSET + KINDS  # s of unburnt gas in the flue

# control zones, CELLS numbers each
ZONE = MONOXIDE_HARM + 1  # K, gas and hot face of the lining
LINING = ZONE + CELLS  # K
FUEL = LINING + CELLS  # m3/s
AIR = FUEL + CELLS  # m3/s, as metered
LOAD = AIR + CELLS  # W to the slabs
COVER = LOAD + CELLS  # m2 of slabs, one face
OXYGEN = COVER + CELLS  # 1, free oxygen beside the slabs
COUPLE = OXYGEN + CELLS  # K, thermocouple before noise and drift
OFFSET = COUPLE + CELLS  # K, of the thermocouple, drawn
SHOWN = OFFSET + CELLS  # K
SHOWN_FUEL = SHOWN + CELLS  # m3/s
SHOWN_AIR = SHOWN_FUEL + CELLS  # m3/s
SETPOINT = SHOWN_AIR + CELLS  # K, what level 1 follows
TARGET = SETPOINT + CELLS  # K, what level 2 wants
TRIM = TARGET + CELLS  # K, written
INTEGRAL = TRIM + CELLS  # 1, of the temperature loop
DEMAND = INTEGRAL + CELLS  # 1, of the zone's power
SLOW = DEMAND + CELLS  # K, slow mean of the zone, for its ramp
RAMPING = SLOW + CELLS  # 1 while the ramp is beyond its limit
HOT = RAMPING + CELLS  # 1 while the zone is beyond its limit
TWIN = HOT + CELLS  # K, top zones before the running step

# slabs, SLABS numbers each
BUNDLE = TWIN + CELLS + 4  # the rows of physics.slab_conduction
SLAB = BUNDLE + BUNDLE_ROWS * SLABS
(
    PRESENT, NUMBER, WIDTH, LENGTH, CARBON, AIM, CHARGE, CHARGED_AT, POSITION, SCALE_TOP,
    SCALE_BOTTOM, SKID, ENDS, MODEL_SURFACE, MODEL_CORE, MODEL_HEAT_SURFACE, MODEL_HEAT_CORE,
    GAS_TOP, GAS_BOTTOM, MODEL_FLUX, CHARGE_HEAT, AIM_HEAT, TERM, OTHER_TERM, THIRD_TERM,
) = range(25)  # fmt: skip
SLAB_ROWS = 25  # the terms are those of a sum over all slabs that is being worked out
SIZE = SLAB + SLAB_ROWS * SLABS
