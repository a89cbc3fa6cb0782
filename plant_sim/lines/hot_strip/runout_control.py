"""Level 2 and level 1 of the run-out table: which header gives water to which strip.

Every interval level 2 runs its model over the whole table for the strip that leaves F7, with the
speed it expects at each bank, and corrects the number of banks by Newton steps until the model
meets the coiling aim. That strip carries its number with it; a bank is told what the strip will
need that arrives with the water. A Smith predictor trims the last banks.
"""

import numpy as np
from numpy.typing import NDArray

from ...control.cooling_feedback import (
    MIDDLE_SHARE,
    MOST_TRIM,
    SHORT_LEARNING,
    VALVE_BELIEF,
    learned_gain,
    predicted_error,
    shifted,
    trimmed,
)
from ...control.cooling_setup import after, drop, flux, forecast_speed
from ...engine.numbers import fmax, fmin, inline, kernel, where
from ...physics.laminar_cooling import HEADERS
from . import parameters as P  # noqa: N812  the layout, read as P.FIRST_BANK
from . import runout_rows as R  # noqa: N812  the layout, read as R.DEMAND
from .parameters import BANKS
from .runout import NOWHERE, SOMEWHERE, greatest, least
from .runout_rows import LANES, SEGMENTS

Table = NDArray[np.float64]
Mill = NDArray[np.float64]

NEWTON, NEWTON_HEAD = 1, 6  # steps an interval, from the last one on; and for a head
RELAXED, MOST_STEP = 0.7, 1.5  # 1: of a Newton step, and banks it may go at most [M]
TRIM_OPEN = 0.5  # 1: opening of the trim banks that the feed-forward counts on [M 4.2]
LEAST_FDT, MOST_FDT = 900.0, 1450.0  # K: what level 2 believes of a delivery temperature [M]
LEAST_MIDDLE = 320.0  # K: same in the middle of the table [M 3.7]
FRESH = 0.35  # 1: of a new reading taken into the delivery temperature that level 2 knows [M]
MIDDLE_FRESH = 0.12  # 1: same for what it expects in the middle: the strip's way there, 4 s [C]
STICKY = 0.6  # 1: of a header pair, by which a bank's demand must change to move a valve [M]
ENDS_LEAD = 1.0  # s: water is on before a head and off behind a tail by so much [M 4.2]
AIR_STEPS = 3  # stretches of table behind the last bank that the model takes

# rows of the bench
C_HEAT, C_AGE, C_BANKS, C_EARLY, C_LATE, C_MID, C_OUT, C_LEFT, C_HEAD, C_SEEN = range(10)
BENCH = 10


@inline
def opening(early: float, late: float, before: float, behind: float) -> float:
    """Return how far a main bank opens, 0 to 1.

    Args:
        early: banks asked for from the front.
        late: banks asked for from the back.
        before: usable banks in front of it.
        behind: usable banks behind it.
    """
    front = fmin(fmax(early - before, 0.0), 1.0)
    back = fmin(fmax(late - behind, 0.0), 1.0)
    return fmin(front + back, 1.0)


@kernel
def set_up(table: Table, mill: Mill) -> None:
    """Level 2: how many banks the strip that now leaves F7 needs."""
    bench = np.zeros(BENCH * LANES)
    steps = NEWTON
    for i in range(LANES):
        rolling = where(table[R.ACTIVE * LANES + i] > 0.5, 1.0, 0.0)
        table[R.ACTIVE * LANES + i] = rolling
        head = rolling * where(table[R.WAS_ACTIVE * LANES + i] > 0.5, 0.0, 1.0)
        bench[C_HEAD * LANES + i] = head
        steps = max(steps, int(where(head > 0.5, NEWTON_HEAD, NEWTON)))
        fresh = where(table[R.WAS_ACTIVE * LANES + i] > 0.5, FRESH, 1.0)
        seen = where(rolling > 0.5, table[R.FDT_SEEN * LANES + i], table[R.FDT_AIM * LANES + i])
        seen = fmin(fmax(seen, LEAST_FDT), MOST_FDT)
        known = table[R.FDT_KNOWN * LANES + i]
        table[R.FDT_KNOWN * LANES + i] = known + fresh * (seen - known)
        table[R.WAS_ACTIVE * LANES + i] = rolling
        hot = where(table[R.STRIP_DONE * LANES + i] < table[R.HOT_HEAD * LANES + i], 1.0, 0.0)
        tail = where(table[R.STRIP_LEFT * LANES + i] < table[R.HOT_TAIL * LANES + i], 1.0, 0.0)
        aim = table[R.CT_AIM * LANES + i] + fmax(hot, tail) * table[R.HOT_OFFSET * LANES + i]
        table[R.NEXT_AIM * LANES + i] = aim  # of the segment that `travel` will lay down
        gauge, water = table[R.GAUGE_AIM * LANES + i], table[R.SHOWN_WATER * LANES + i]
        speed = table[R.SPEED_SEEN * LANES + i]
        gain = table[R.BANK_GAIN * LANES + i]
        table[R.BANK_DROP * LANES + i] = gain * drop(
            aim + 20.0, water, speed, gauge, mill[P.BANK_LENGTH]
        )
        table[R.TRIM_DROP * LANES + i] = gain * drop(aim, water, speed, gauge, mill[P.BANK_LENGTH])
        bench[C_BANKS * LANES + i] = table[R.DEMAND * LANES + i]
    for n in range(steps):
        _predict(table, bench, mill)
        for i in range(LANES):
            mine = n < NEWTON or bench[C_HEAD * LANES + i] > 0.5  # lanes stay independent
            off = bench[C_HEAT * LANES + i] - table[R.NEXT_AIM * LANES + i]
            step = RELAXED * off / fmax(table[R.BANK_DROP * LANES + i], 1.0)
            old = bench[C_BANKS * LANES + i]
            banks = old + fmin(fmax(step, -MOST_STEP), MOST_STEP)
            banks = fmin(fmax(banks, 0.0), mill[P.BANK_COUNT])
            bench[C_BANKS * LANES + i] = where(mine, banks, old)
            heat, middle = table[R.CT_EXPECTED * LANES + i], bench[C_SEEN * LANES + i]
            heat = where(mine, bench[C_HEAT * LANES + i], heat)
            table[R.CT_EXPECTED * LANES + i] = heat
            bench[C_SEEN * LANES + i] = where(mine, bench[C_MID * LANES + i], middle)
    middle = mill[P.FIRST_BANK] + 0.5 * mill[P.BANK_COUNT] * mill[P.BANK_LENGTH]
    for i in range(LANES):
        table[R.DEMAND * LANES + i] = bench[C_BANKS * LANES + i]
        expected = table[R.MID_EXPECTED * LANES + i]
        expected = expected + MIDDLE_FRESH * (bench[C_SEEN * LANES + i] - expected)
        table[R.MID_EXPECTED * LANES + i] = fmin(fmax(expected, LEAST_MIDDLE), MOST_FDT)
        speed = _speed_at(table, i, middle)
        asked = bench[C_BANKS * LANES + i] * (1.0 + table[R.CORRECTION * LANES + i])
        asked = asked + table[R.SHIFT * LANES + i]
        table[R.NEXT_DOSE * LANES + i] = fmax(asked, 0.0) / speed


@inline
def _speed_at(table: Table, i: int, place: float) -> float:
    """Return the speed (m/s) at which strip now at F7 will pass a place (m)."""
    return forecast_speed(
        table[R.SPEED_SEEN * LANES + i], table[R.ZOOM_RATE * LANES + i],
        table[R.ZOOM_LEAD * LANES + i], place,
    )  # fmt: skip


@kernel
def _predict(table: Table, bench: Table, mill: Mill) -> None:
    """Run level 2's model from F7 to the coiling pyrometer with a number of banks."""
    first, length, mains = mill[P.FIRST_BANK], mill[P.BANK_LENGTH], mill[P.BANK_COUNT]
    banks = mains + mill[P.TRIM_COUNT]
    for i in range(LANES):
        out = table[R.BANK_OUT * LANES + i]
        blocked = where(out > 0.5, 1.0, 0.0) * where(out < mains + 0.5, 1.0, 0.0)
        strategy = table[R.STRATEGY * LANES + i]
        bench[C_HEAT * LANES + i] = table[R.FDT_KNOWN * LANES + i]
        bench[C_AGE * LANES + i] = 0.0
        bench[C_EARLY * LANES + i] = bench[C_BANKS * LANES + i] * (1.0 - strategy)
        bench[C_LATE * LANES + i] = bench[C_BANKS * LANES + i] * strategy
        bench[C_OUT * LANES + i] = 0.0  # usable banks so far
        bench[C_LEFT * LANES + i] = mains - blocked - 1.0  # usable banks still to come
    end = first + banks * length
    step = (mill[P.CT_PYROMETER] - end) / AIR_STEPS
    for k in range(1 + BANKS + AIR_STEPS):  # one call only: what is called is copied in
        at = float(k - 1)
        start, stop = first + at * length, first + (at + 1.0) * length
        if k == 0:
            start, stop = mill[P.PYROMETER_DISTANCE], first
        if k > BANKS:
            at = -1.0
            start = end + float(k - 1 - BANKS) * step
            stop = start + step
        if at < banks:
            _stretch(table, bench, mill, start, stop, at)


@kernel
def _stretch(table: Table, bench: Table, mill: Mill, start: float, end: float, bank: float) -> None:
    """Move the model from start to end (m), under a bank (0..) or, below 0, in air."""
    mains, middle = mill[P.BANK_COUNT], mill[P.MID_PYROMETER]
    main = where(bank >= 0.0, 1.0, 0.0) * where(bank < mains, 1.0, 0.0)
    trim = where(bank >= mains, TRIM_OPEN, 0.0)
    share = fmin(fmax((middle - start) / (end - start), 0.0), 1.0)
    for i in range(LANES):
        usable = where(table[R.BANK_OUT * LANES + i] == bank + 1.0, 0.0, 1.0)
        before, behind = bench[C_OUT * LANES + i], bench[C_LEFT * LANES + i]
        early, late = bench[C_EARLY * LANES + i], bench[C_LATE * LANES + i]
        wet = usable * (main * opening(early, late, before, behind) + trim)
        bench[C_OUT * LANES + i] = before + main * usable
        bench[C_LEFT * LANES + i] = behind - main * usable
        speed = _speed_at(table, i, 0.5 * (start + end))
        heat, age = bench[C_HEAT * LANES + i], bench[C_AGE * LANES + i]
        water = flux(heat, table[R.SHOWN_WATER * LANES + i], speed)
        water = wet * table[R.BANK_GAIN * LANES + i] * water
        later, older = after(
            heat, age, table[R.GAUGE_AIM * LANES + i], table[R.CARBON_DECLARED * LANES + i],
            (end - start) / speed, water,
        )  # fmt: skip
        passed = where(middle > start, 1.0, 0.0) * where(middle <= end, 1.0, 0.0)
        there = heat + share * (later - heat)
        bench[C_MID * LANES + i] = where(passed > 0.5, there, bench[C_MID * LANES + i])
        bench[C_HEAT * LANES + i], bench[C_AGE * LANES + i] = later, older


@inline
def _remembered(late: float, k: int) -> float:
    """Return the share of what was done `k` intervals ago in what was done `late` intervals ago.

    Between two intervals both have a share; beyond the memory its ends stand for what is missing.
    """
    away = late - float(k)
    share: float = fmax(1.0 - fmax(away, -away), 0.0)
    if k == R.SMITH - 1:
        share = where(away > 0.0, 1.0, share)
    if k == 0:
        share = where(away < 0.0, 1.0, share)
    return share


@kernel
def feed_back(table: Table, mill: Mill) -> None:
    """Level 1: what the coiling temperature asks of the trim banks, through a Smith predictor."""
    centre = mill[P.FIRST_BANK] + mill[P.BANK_LENGTH] * (
        mill[P.BANK_COUNT] + 0.5 * mill[P.TRIM_COUNT]
    )
    way = mill[P.CT_PYROMETER] - centre
    late = np.zeros(LANES)
    for i in range(LANES):
        speed = fmax(table[R.SPEED_SEEN * LANES + i], 0.5)
        late[i] = (VALVE_BELIEF + way / speed) / R.INTERVAL
    before = np.zeros(LANES)
    for k in range(R.SMITH):
        for i in range(LANES):
            share = _remembered(late[i], k)
            before[i] += share * table[(R.TRIMMED + k) * LANES + i]
    for i in range(LANES):
        # held once the tail has left F7: its end is hot, and would teach the next head wrong
        seen = table[R.CT_SEEN * LANES + i] * table[R.ACTIVE * LANES + i]
        bank = table[R.TRIM_DROP * LANES + i]
        trim, shift = table[R.FEEDBACK * LANES + i], table[R.SHIFT * LANES + i]
        error = table[R.SHOWN_CT * LANES + i] - table[R.AIM_SEEN * LANES + i]
        smith = trimmed(trim, predicted_error(error, trim, before[i], bank), bank, R.INTERVAL)
        middle = table[R.SHOWN_MID * LANES + i] - table[R.MID_EXPECTED * LANES + i]
        aimed = fmin(fmax(middle / fmax(bank, 1.0), -MOST_TRIM), MOST_TRIM)
        heard = table[R.MID_SEEN * LANES + i] * table[R.ACTIVE * LANES + i]
        by_middle = trim + MIDDLE_SHARE * heard * (aimed - trim)
        by_end = where(seen > 0.5, smith, trim)
        trim = where(table[R.CT_SOURCE * LANES + i] > 0.5, by_middle, by_end)
        table[R.FEEDBACK * LANES + i] = trim
        table[R.SHIFT * LANES + i] = where(seen > 0.5, shifted(shift, trim, R.INTERVAL), shift)
        table[R.BACK_SUM * LANES + i] += seen * (trim + shift) * R.INTERVAL
        table[R.BACK_TIME * LANES + i] += seen * R.INTERVAL
    for k in range(R.SMITH - 1, 0, -1):
        for i in range(LANES):
            table[(R.TRIMMED + k) * LANES + i] = table[(R.TRIMMED + k - 1) * LANES + i]
    for i in range(LANES):
        table[R.TRIMMED * LANES + i] = table[R.FEEDBACK * LANES + i]


@kernel
def _ask(table: Table, dose: Table, first: float, length: float) -> None:
    """Find for every bank what the strip needs that will be under it when its water comes.

    A valve opens and closes slowly: before a head and behind a tail water runs for what is near.
    """
    near = np.zeros(BANKS * LANES)
    reach, row = np.zeros(LANES), np.zeros(LANES)
    before, beyond = np.zeros(LANES), np.zeros(LANES)
    for i in range(LANES):
        reach[i] = ENDS_LEAD * table[R.SPEED_SEEN * LANES + i]
        before[i] = reach[i] + _met(table, i, 0.0, first, length)
        beyond[i] = reach[i] - _met(table, i, 0.0, first, length)
    for b in range(BANKS):
        for i in range(LANES):  # not at F7 yet: the strip that is on its way there
            place = _met(table, i, float(b), first, length)
            comes = fmax(table[R.ACTIVE * LANES + i], table[R.HEAD_DUE * LANES + i])
            next = comes * table[R.NEXT_DOSE * LANES + i]
            rolled = where(place <= 0.0, table[R.ACTIVE * LANES + i], 0.0)
            dose[b * LANES + i] = where(rolled > 0.5, next, 0.0)
            near[b * LANES + i] = where(place <= reach[i], next, 0.0)
    for g in range(SEGMENTS):
        strip = table[g * LANES :]
        for i in range(LANES):
            row[i] = strip[R.PLACE * LANES + i]
        if greatest(row) > SOMEWHERE:
            begin, end = _in_reach(strip, before, beyond, row, length)
            for b in range(begin, end):
                exact, wide = dose[b * LANES :], near[b * LANES :]
                for i in range(LANES):
                    away = _met(table, i, float(b), first, length) - strip[R.PLACE * LANES + i]
                    half = 0.5 * strip[R.SPAN * LANES + i]
                    here = where(away <= half, 1.0, 0.0) * where(away > -half, 1.0, 0.0)
                    given = strip[R.DOSE * LANES + i]
                    exact[i] = fmax(exact[i], here * given)
                    far = half + reach[i]
                    here = where(away <= far, 1.0, 0.0) * where(away > -far, 1.0, 0.0)
                    wide[i] = fmax(wide[i], here * given)
    for b in range(BANKS):
        for i in range(LANES):
            told = dose[b * LANES + i]
            dose[b * LANES + i] = where(told > 0.0, told, near[b * LANES + i])


@kernel
def _in_reach(
    strip: Table, before: Table, beyond: Table, row: Table, length: float
) -> tuple[int, int]:
    """Return the first bank whose water may meet a segment of any lane, and where they end.

    `before` and `beyond` (m): how far a segment reaches, from its ends, to where the first bank's
    water meets strip; `row` has room for a number of each lane.
    """
    for i in range(LANES):
        place = strip[R.PLACE * LANES + i]
        away = place - 0.5 * strip[R.SPAN * LANES + i] - before[i]
        row[i] = where(place > SOMEWHERE, away, -NOWHERE)
    low = least(row) / length
    for i in range(LANES):
        row[i] = strip[R.PLACE * LANES + i] + 0.5 * strip[R.SPAN * LANES + i] + beyond[i]
    high = greatest(row) / length
    # a bank more on either side: rounding must not leave one out
    begin = int(fmin(fmax(low - 1.0, 0.0), float(BANKS)))
    return begin, int(fmin(fmax(high + 2.0, 0.0), float(BANKS)))


@inline
def _met(table: Table, i: int, bank: float, first: float, length: float) -> float:
    """Return where the strip now lies (m) that the water of a bank will meet in its middle."""
    ahead = VALVE_BELIEF * float(table[R.SPEED_SEEN * LANES + i])
    return first + (bank + 0.5) * length - ahead


@kernel
def command(table: Table, mill: Mill) -> None:
    """Tell every header what the strip needs that will be there when the water is."""
    first, length, mains = mill[P.FIRST_BANK], mill[P.BANK_LENGTH], mill[P.BANK_COUNT]
    trims = mill[P.TRIM_COUNT]
    rank, rest, carry = np.zeros(LANES), np.zeros(LANES), np.zeros(LANES)
    kept = np.zeros(LANES)
    _kept_back(table, mill, kept)
    dose = np.zeros(BANKS * LANES)
    _ask(table, dose, first, length)
    for b in range(BANKS):
        at = float(b)
        main = where(at < mains, 1.0, 0.0)
        trim = where(at < mains + trims, 1.0, 0.0) * (1.0 - main)
        for i in range(LANES):
            out = table[R.BANK_OUT * LANES + i]
            blocked = where(out > 0.5, 1.0, 0.0) * where(out < mains + 0.5, 1.0, 0.0)
            usable = where(out == at + 1.0, 0.0, 1.0)
            there = where(dose[b * LANES + i] > 0.0, 1.0, 0.0)
            speed = table[R.SPEED_SEEN * LANES + i]
            asked = there * fmax(dose[b * LANES + i] * speed + table[R.ACT_BANK * LANES + i], 0.0)
            strategy = table[R.STRATEGY * LANES + i]
            behind = mains - blocked - 1.0 - rank[i]
            want = opening(asked * (1.0 - strategy), asked * strategy, rank[i], behind)
            # a main bank's part of a header pair is left to the trim banks when the same strip is
            # there, the part of a header that one trim bank cannot give to the next one
            rest_here = TRIM_OPEN + (table[R.FEEDBACK * LANES + i] + kept[i]) / trims + carry[i]
            want = usable * (main * want + trim * there * fmin(fmax(rest_here, 0.0), 1.0))
            pairs = HEADERS * (main + 2.0 * trim) + (1.0 - main - trim)
            told = table[(R.COMMAND + b) * LANES + i]
            moved = fmax(want - told, told - want) * pairs > STICKY
            told = where(moved, np.floor(want * pairs + 0.5) / pairs, told)
            table[(R.COMMAND + b) * LANES + i] = told
            rank[i] = rank[i] + main * usable
            rest[i] = rest[i] + main * there * (want - told)
            carry[i] = carry[i] + trim * there * (want - told)
    for k in range(R.SMITH - 1, 0, -1):
        for i in range(LANES):
            table[(R.REST + k) * LANES + i] = table[(R.REST + k - 1) * LANES + i]
    for i in range(LANES):
        table[R.REST * LANES + i] = rest[i]


@kernel
def _kept_back(table: Table, mill: Mill, kept: Table) -> None:
    """Find what rounding in the main banks kept back from the strip that nears the trim banks."""
    mains, length = mill[P.BANK_COUNT], mill[P.BANK_LENGTH]
    late = np.zeros(LANES)
    for i in range(LANES):
        strategy = table[R.STRATEGY * LANES + i]
        asked = table[R.DEMAND * LANES + i] + table[R.SHIFT * LANES + i]
        early = np.floor(asked * (1.0 - strategy))
        back = mains - 1.0 - np.floor(asked * strategy)
        bank = fmin(fmax(where(strategy < 0.5, early, back), 0.0), mains)
        way = (mains + 0.5 * mill[P.TRIM_COUNT] - bank - 0.5) * length
        late[i] = way / fmax(table[R.SPEED_SEEN * LANES + i], 0.5) / R.INTERVAL - 1.0
    for k in range(R.SMITH):
        for i in range(LANES):
            kept[i] += _remembered(late[i], k) * table[(R.REST + k) * LANES + i]


@kernel
def begin_table(table: Table, i: int) -> None:
    """Put the table of one lane at the start of a campaign: empty, dry, nothing learned."""
    for row in range(R.COUNT):
        table[row * LANES + i] = 0.0
    for g in range(SEGMENTS):
        table[(R.PLACE + g) * LANES + i] = NOWHERE
        table[(R.HEAT + g) * LANES + i] = 900.0
        table[(R.GAUGE + g) * LANES + i] = 2.6e-3
    table[R.BANK_GAIN * LANES + i] = 1.0
    table[R.SUPPLY * LANES + i], table[R.COOLING * LANES + i] = 1.0, 1.0
    table[R.FDT_KNOWN * LANES + i], table[R.DEMAND * LANES + i] = 1158.0, 8.0
    table[R.CT_EXPECTED * LANES + i], table[R.MID_EXPECTED * LANES + i] = 893.0, 960.0
    table[R.TRUE_CT * LANES + i], table[R.TRUE_MID * LANES + i] = 893.0, 960.0
    table[R.SHOWN_CT * LANES + i], table[R.SHOWN_MID * LANES + i] = 893.0, 960.0
    table[R.AIM_SEEN * LANES + i] = 893.0
    table[R.SHOWN_WATER * LANES + i], table[R.WATER_TEMPERATURE * LANES + i] = 298.0, 298.0
    table[R.SLIP_REAL * LANES + i] = 1.0


@kernel
def learn_table(table: Table, i: int, learning: float) -> None:
    """Behind the tail of a coil: what its feedback teaches level 2 about the banks; one lane.

    `learning` is 1, or 0 for a level 2 that keeps what it knows.
    """
    seconds = fmax(table[R.BACK_TIME * LANES + i], 1.0)
    back = table[R.BACK_SUM * LANES + i] / seconds
    need = table[R.DEMAND * LANES + i]
    known = table[R.BANK_GAIN * LANES + i]
    table[R.BANK_GAIN * LANES + i] = known + learning * (learned_gain(known, back, need) - known)
    for row in (R.FEEDBACK, R.SHIFT):
        table[row * LANES + i] *= 1.0 - SHORT_LEARNING
    table[R.BACK_SUM * LANES + i], table[R.BACK_TIME * LANES + i] = 0.0, 0.0
