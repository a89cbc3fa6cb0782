"""Where the fine state of a mill lies: `fine[row * LANES + lane]`, apart from the line's block.

Rows of stands come in runs of seven places (`ROW + s`), rows of the gaps behind them too
(`ROW + g`; the gap behind F7 ends at the X-ray gauge). Strip lies in each gap as samples that move
with it, the newest first.
"""

from ..parameters import STANDS

LANES = 16
CELLS = 10  # samples' spacing is the distance over this many, behind F7 over GAUGE_CELLS
GAUGE_CELLS = 4
SAMPLES = CELLS + 1

# the stands: gap, roll phase, bite, drive, what passes
(
    GAP_AT, GAP_RATE, GAP_REFERENCE, PHASE_COS, PHASE_SIN, SWING, EXIT, FLAT, FORCE, STRESS, SLIP,
    SLIP_SHARE, ROLL, PUSH, PUSH_LOAD, ROLL_AIM, LOADED, LOADED_FOR, V_OUT, V_IN, TORQUE, ENTRY,
    ENTRY_HEAT, ENTRY_COLD, ENTRY_WIDTH, LEFT_HEAT, LEFT_COLD, LEFT_WIDTH, RESIDUAL,
) = (STANDS * n for n in range(29))  # fmt: skip
# level 1 of the stands
(
    SEEN_FORCE, LOCKED, GAUGEMETER, GAUGE_LOCKED, BELIEVED_SLIP, OVER_FORCE, OVER_TORQUE,
    OVER_POWER,
) = (STANDS * n for n in range(29, 37))  # fmt: skip
# sick stands, neutral at 0: load cell N, gap encoder m, leak m/s, shares lost of slew, speed and
# rating, valve's dead band m, amplitude of run-out m, error of the believed modulus 1, share of the
# spray behind it that is blocked, share of the looper's damping that is lost
(
    BIAS_FORCE, BIAS_GAP, LEAK, SLOW, DROOP, WEAK, STICTION, SWING_MORE, BELIEF, DRY, RINGING,
) = (STANDS * n for n in range(37, 48))  # fmt: skip
# the gaps behind the stands
(
    STORE, ANGLE, ANGLE_RATE, ARM_TORQUE, TRIM, LEARNED, CARRIED, SLACK, LOST, WAY, FRACTION,
    UP, ANGLE_SET, LEVER, COSINE,
) = (STANDS * n for n in range(48, 63))  # fmt: skip
SET_GAP = STANDS * 63  # m, set-up's gap
SUM_FORCE = STANDS * 64  # of an interval
TENSION = SUM_FORCE + STANDS  # Pa, before F1, then behind F1..F7
AIM = TENSION + STANDS + 1  # m, believed thickness before F1, then behind F1..F7
SAMPLE = AIM + STANDS + 1  # four runs of STANDS * SAMPLES: thickness, heat, cold, width
RUN = STANDS * SAMPLES
S_THICK, S_HEAT, S_COLD, S_WIDTH = (SAMPLE + RUN * n for n in range(4))
S_MARK = SAMPLE + 4 * RUN  # monitor's correction with which the strip behind F7 was rolled
S_KNOWN = S_MARK + SAMPLES  # m, its thickness by gap and force of F7 when it was rolled

# the bar and the strip
(
    HEAD, TAIL, MASTER, COIL_SEEN, DELIVERED, MONITOR, AT_GAUGE, MARK_AT_GAUGE, AT_PYROMETER,
    COLD_AT_PYROMETER, EVENT, EVENT_STAND, EVENT_TIME, ENTRY_BEFORE, SUM_EXIT, SUM_HEAT, SUM_COLD,
    SUM_SPEED, SUM_POWER, SUM_GAUGE,
    ENTRY_SEEN,  # K, shown before F1 when the strip now behind F7 was there
    KNOWN_AT_GAUGE,
) = (S_KNOWN + SAMPLES + n for n in range(22))  # fmt: skip
ROWS = KNOWN_AT_GAUGE + 1

# events
NOTHING, COBBLE, STRIP_BREAK, FORCE_TRIP, TORQUE_TRIP, POWER_TRIP, TENSION_LOSS = (
    float(n) for n in range(7)
)
EVENTS = (
    "", "cobble", "strip_break", "force_trip", "torque_trip", "power_trip", "tension_loss",
)  # fmt: skip
