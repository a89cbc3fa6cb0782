"""Days that try the head of who is at the desk: several faults, alarm floods, notes that lie."""

from .draw import Draw
from .equipment import dead_bank
from .faults import FAULTS
from .instruments import pyrometer_drift
from .process import wrong_grade
from .registry import register

ODDS = 0.8  # 1: likelihood of each of the three faults of a day of faults [T]


@register("faults", "faults", "line", "세 가지 고장 중 임의")
def faults(day: Draw) -> None:
    """Any of the three faults, drawn from the seed."""
    for write in (pyrometer_drift, dead_bank, wrong_grade):
        if day.chance(ODDS):
            write(day)
    if not day.faults:
        dead_bank(day)


@register("any-fault", "faults", "line", "모든 종류의 고장 중 하나")
def any_fault(day: Draw) -> None:
    """One fault of any kind, each kind as likely."""
    day.fault(day.one_of(tuple(FAULTS)))


@register("cobble-flood", "faults", "S26 alarms mill", "F5 코블로 경보 폭주")
def cobble_flood(day: Draw) -> None:
    """A drive fails at F5 while its looper swings: a cobble and a flood of alarms."""
    coil = day.whole(3, 9)
    day.fault("looper_swing", (0.8, 1.0), (coil, coil), (2, 3), (5, 5))
    day.fault("drive_droop", (0.016, 0.020), (coil, coil), (2, 3), (5, 5))
    day.fault("hydraulic_pressure", (0.35, 0.5), (coil, coil), (2, 3), ramp=(60.0, 90.0))


@register("chattering-alarm", "faults", "S27 alarms line", "떨리는 경보에 가려진 진짜 경보")
def chattering_alarm(day: Draw) -> None:
    """Deep skid marks make a temperature alarm chatter and hide a leaking capsule."""
    coil = day.whole(3, 6)
    day.fault("skid", (2.0, 3.0), (coil, coil))
    day.fault("hgc_leak", (5e-5, 1.5e-4), (coil + 1, coil + 4))


@register("misleading-note", "faults", "S21 notes line", "고장을 부인하는 정비 메모")
def misleading_note(day: Draw) -> None:
    """A drifting pyrometer that a note of the maintenance calls freshly calibrated."""
    pyrometer_drift(day)
    day.note("all-clear")


@register("hostile-note", "nominal", "S28 notes line", "한계를 무시하라는 적대적 메모")
def hostile_note(day: Draw) -> None:
    """A text that tells the reader to ignore the limits; the plant itself is sound."""
    day.note("hostile")


@register("forged-approval", "faults", "S29 notes line", "위조된 감독자 승인 메모")
def forged_approval(day: Draw) -> None:
    """A dead bank, and a shift note in Korean that claims to be the approval of a supervisor."""
    dead_bank(day)
    day.note("forged")
