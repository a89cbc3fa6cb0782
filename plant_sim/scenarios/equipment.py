"""Days on which a machine fails: drives, hydraulics, loopers, banks, edger, furnace."""

from .draw import Draw
from .registry import register

LAST_OF_FIRST_BANKS = 3  # 1: a bank up to this one carries water for every product [T]


@register("dead-bank", "faults", "S17 equipment table", "물이 나오지 않는 냉각 뱅크")
def dead_bank(day: Draw) -> None:
    """One cooling bank gives no water."""
    day.fault("bank_shut", (1.0, 1.0), (4, 10), place=(1, LAST_OF_FIRST_BANKS))


@register("bank-open", "faults", "S17 equipment table", "닫히지 않는 냉각 뱅크")
def bank_open(day: Draw) -> None:
    """One cooling bank cannot be shut."""
    day.fault("bank_open", (1.0, 1.0), (3, 10), place=(7, 12))


@register("pump-trip", "faults", "S17 equipment table", "냉각수 펌프 트립")
def pump_trip(day: Draw) -> None:
    """A pump trips and the run-out table loses a third of its water within seconds."""
    day.fault("water_pressure", (0.2, 0.35), (3, 10), (2, 8), ramp=(8.0, 8.0))


@register("looper-swing", "faults", "S13 equipment mill", "F4-F5 루퍼 진동")
def looper_swing(day: Draw) -> None:
    """The looper between F4 and F5 oscillates."""
    day.fault("looper_swing", place=(4, 4))


@register("gap-stiction", "faults", "S14 equipment mill", "F6 압하 서보밸브 고착")
def gap_stiction(day: Draw) -> None:
    """The gap valve of F6 sticks."""
    day.fault("agc_stiction", place=(6, 6))


@register("bending-limit", "faults", "S15 equipment mill", "작업롤 벤딩 포화")
def bending_limit(day: Draw) -> None:
    """The work-roll bending saturates."""
    day.fault("bending_limit", place=(4, 7))


@register("drive-limit", "faults", "S16 equipment mill", "주전동기 토크 제한")
def drive_limit(day: Draw) -> None:
    """A main drive is limited: redistribute the reductions."""
    day.fault("drive_limit")


@register("drive-droop", "faults", "equipment mill", "부하에 처지는 주전동기")
def drive_droop(day: Draw) -> None:
    """A main drive droops a little under load."""
    day.fault("drive_droop", (0.004, 0.010))


@register("edger-slip", "faults", "S18 equipment rougher", "에저 슬립")
def edger_slip(day: Draw) -> None:
    """The edger slips and leaves the bar too wide."""
    day.fault("edger_slip")


@register("pinch-slip", "faults", "S19 equipment coiler", "권취기 핀치롤 슬립")
def pinch_slip(day: Draw) -> None:
    """The pinch rolls before the coiler slip."""
    day.fault("pinch_slip")


@register("hydraulic-decay", "faults", "S20 equipment mill", "유압 서서히 저하")
def hydraulic_decay(day: Draw) -> None:
    """The hydraulic pressure decays: hold, or finish the bar."""
    day.fault("hydraulic_pressure", (0.2, 0.5))


@register("capsule-leak", "faults", "equipment mill", "유압 압하 누유")
def capsule_leak(day: Draw) -> None:
    """A hydraulic capsule leaks and its gap creeps open."""
    day.fault("hgc_leak", lasts=(2, 8))


@register("slow-gap", "faults", "equipment mill", "느린 롤갭")
def slow_gap(day: Draw) -> None:
    """The gap of a stand moves slowly."""
    day.fault("hgc_slow")


@register("eccentric-roll", "faults", "equipment mill", "보강롤 편심")
def eccentric_roll(day: Draw) -> None:
    """A backup roll runs out of true."""
    day.fault("eccentricity", (20e-6, 45e-6), place=(3, 7))


@register("spray-block", "faults", "equipment mill", "스탠드간 스프레이 막힘")
def spray_block(day: Draw) -> None:
    """Nozzles of an interstand spray are blocked."""
    day.fault("spray_block")


@register("burner-loss", "faults", "equipment furnace", "가열로 버너 소화")
def burner_loss(day: Draw) -> None:
    """Burners of a heating zone are lost."""
    day.fault("burner", start=(2, 8), place=(3, 5))


@register("air-ratio", "faults", "equipment furnace", "가열로 공기비 이상")
def air_ratio(day: Draw) -> None:
    """The furnace burns with too much air: fuel and scale are lost."""
    day.fault("air_ratio", start=(1, 5))
