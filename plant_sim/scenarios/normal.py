"""Days without a broken part: what a shift has to master anyway, and plants that are different."""

from .draw import SHIFTS, Draw
from .faults import FAULTS
from .registry import register

SHIFT = 0.10  # 1: how far the parameters of a shifted plant may lie off [M 6.2]


@register("nominal", "nominal", "normal line", "고장 없이 통상 외란만 있는 근무")
def nominal(day: Draw) -> None:
    """Every disturbance of a normal shift, no fault."""


@register("calm", "nominal", "normal line", "외란도 잡음도 없는 근무")
def calm(day: Draw) -> None:
    """No disturbance and no noise: what the automation does on its own."""
    day.disturb(0.0)


@register("product-change", "nominal", "S1 normal mill", "코일마다 강종·폭·두께 변경")
def product_change(day: Draw) -> None:
    """Every coil another product: a new set-up each time."""
    day.lot = 1


@register("pacing", "nominal", "S2 normal furnace", "가열로와 압연기의 페이싱, 열간·냉간 장입")
def pacing(day: Draw) -> None:
    """Tight dates and slabs charged hot and cold: pace furnace and mill without waiting."""
    day.slack = day.between(-1500.0, -600.0)
    day.lot = 2
    day.disturb(2.0, "charge_temperature", "gap_time")


@register("roll-wear", "campaign", "S3 normal mill", "작업롤 마모와 열크라운이 쌓이는 캠페인")
def roll_wear(day: Draw) -> None:
    """Rolls that wear fast over a coffin campaign: choose shifting and bending."""
    day.book = "coffin-60"
    day.fault("roll_wear", (0.5, 1.5), (1, 3), place=(5, 7))


@register("late-discharge", "disturbed", "S4 normal furnace", "가열로 장출 지연")
def late_discharge(day: Draw) -> None:
    """The furnace discharges late: keep the scatter of the delivery temperature small."""
    day.fault("late_discharge", start=(3, 8), lasts=(3, 8))
    day.disturb(2.0, "gap_time")


@register("energy-peak", "nominal", "S5 normal line", "전력 피크 요금 시간대")
def energy_peak(day: Draw) -> None:
    """Energy is dear for a while: move the pace inside the delivery dates."""
    start = day.between(600.0, 2400.0)
    day.tariff = (start, start + day.between(900.0, 2400.0), day.between(2.0, 4.0))
    day.slack = day.between(600.0, 2400.0)


@register("disturbed", "disturbed", "disturbed line", "외란이 큰 근무")
def disturbed(day: Draw) -> None:
    """Every disturbance larger than usual, none of them a fault."""
    day.disturb(day.between(1.5, 2.5))
    if day.chance(0.5):
        day.fault("water_warm", (4.0, 8.0), (1, 6))
    if day.chance(0.5):
        day.fault("cold_head", (20.0, 40.0), (2, 10), (2, 6))


@register(
    "shifted-plant",
    "shifted",
    "shifted line",
    "강성·마찰·변형저항·열전달이 학습 때와 다른 설비",
    False,
)
def shifted_plant(day: Draw) -> None:
    """A plant that is 10 % different from the one of the training; never used for training."""
    for name in SHIFTS:
        sign = 1.0 if day.chance(0.5) else -1.0
        day.shift(name, 1.0 + sign * day.between(0.5 * SHIFT, SHIFT))


@register("shifted-faults", "shifted", "shifted line", "다른 설비에 고장까지", False)
def shifted_faults(day: Draw) -> None:
    """A plant that is different, and one fault of any kind; never used for training."""
    shifted_plant(day)
    day.fault(day.one_of(tuple(FAULTS)))


@register("campaign", "campaign", "campaign line", "60코일 코핀 스케줄 캠페인")
def campaign(day: Draw) -> None:
    """Sixty coils of a coffin schedule with the troubles of a long shift."""
    day.book = "coffin-60"
    day.disturb(day.between(0.8, 1.5))
    for _ in range(day.whole(0, 3)):
        kind = day.one_of(("roll_wear", "water_warm", "late_discharge", "skid", "fdt_pyrometer",
                           "bank_shut", "burner", "wrong_grade"))  # fmt: skip
        day.fault(kind, start=(5, 45), lasts=(3, 12))
