"""Days on which the process itself is disturbed: temperature, hardness, scale, water, width."""

from .draw import Draw
from .registry import register


@register("wrong-grade", "faults", "S8 process material", "신고보다 단단한 로트")
def wrong_grade(day: Draw) -> None:
    """A lot harder than declared."""
    day.fault("wrong_grade", (0.13, 0.21), (3, 10), (3, 5))


@register("mislabelled-coil", "faults", "S8 process material", "강종이 뒤바뀐 코일 하나")
def mislabelled_coil(day: Draw) -> None:
    """A single coil of a harder grade than its label says."""
    day.fault("wrong_grade", (0.15, 0.24), (3, 12), (1, 1))


@register("skid-marks", "disturbed", "S6 process furnace", "깊은 스키드 마크")
def skid_marks(day: Draw) -> None:
    """Deep skid marks: the temperature of the bar swings with the pitch of the skids."""
    day.fault("skid", start=(2, 6), lasts=(6, 14))


@register("cold-head", "disturbed", "S7 process material", "선단이 차가운 바")
def cold_head(day: Draw) -> None:
    """Bars with a cold head end."""
    day.fault("cold_head", start=(2, 8), lasts=(2, 8))


@register("descaler-low", "faults", "S9 process mill", "디스케일러 저압, 스케일 흠")
def descaler_low(day: Draw) -> None:
    """The descaler runs at low pressure: hot strip and scale pits."""
    day.fault("descaler")


@register("warm-water", "disturbed", "S10 process table", "냉각수 온도 상승")
def warm_water(day: Draw) -> None:
    """The cooling water warms up and the coiling temperature follows."""
    day.fault("water_warm", (6.0, 15.0), (1, 6))
    day.disturb(1.5, "water_temperature")


@register("early-speed-up", "faults", "S11 process mill", "너무 이른 가속으로 높은 출측온도")
def early_speed_up(day: Draw) -> None:
    """Level 2 believes the bar colder than it is and speeds up too early: delivered too hot."""
    day.fault("rdt_pyrometer", (-40.0, -20.0), ramp=(0.0, 60.0))


@register("necking", "faults", "S12 process mill", "장력 과대로 폭 감소(네킹)")
def necking(day: Draw) -> None:
    """A drooping drive pulls on the strip behind it: the width necks under tension."""
    day.fault("drive_droop", (0.010, 0.020), place=(3, 6))


@register("hard-furnace", "faults", "process furnace", "스키드·선단·장출이 함께 나쁜 가열로")
def hard_furnace(day: Draw) -> None:
    """A furnace at its worst: skid marks, cold heads and late slabs together."""
    day.fault("skid", (1.0, 2.5), (2, 6))
    day.fault("cold_head", (20.0, 50.0), (3, 8))
    day.fault("late_discharge", start=(4, 9), lasts=(2, 5))
