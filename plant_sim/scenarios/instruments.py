"""Days on which an instrument tells something else than what is: suspect it before acting on it."""

from .draw import Draw
from .registry import register


@register(
    "pyrometer-drift", "faults", "S21 instruments mill", "낮게 드리프트하는 마무리압연 출측 고온계"
)
def pyrometer_drift(day: Draw) -> None:
    """The finishing pyrometer drifts low."""
    day.fault("fdt_pyrometer", (-42.0, -28.0), (2, 6), ramp=(240.0, 560.0))


@register("ct-drift", "faults", "S21 instruments table", "낮게 드리프트하는 권취 고온계")
def ct_drift(day: Draw) -> None:
    """The coiling pyrometer drifts low (steam)."""
    day.fault("ct_pyrometer", (-40.0, -20.0), (2, 6), ramp=(240.0, 900.0))


@register("rdt-drift", "faults", "S21 instruments rougher", "드리프트하는 조압연 출측 고온계")
def rdt_drift(day: Draw) -> None:
    """The roughing delivery pyrometer drifts, either way."""
    day.fault("rdt_pyrometer", start=(2, 6), ramp=(240.0, 900.0))


@register("xray-offset", "faults", "S22 instruments mill", "X선 두께계 옵셋")
def xray_offset(day: Draw) -> None:
    """The X-ray gauge has an offset."""
    day.fault("thickness_gauge")


@register("load-cell-zero", "faults", "S23 instruments mill", "로드셀 영점 이동")
def load_cell_zero(day: Draw) -> None:
    """A load cell has lost its zero."""
    day.fault("load_cell")


@register("gap-encoder", "faults", "instruments mill", "롤갭 엔코더 옵셋")
def gap_encoder(day: Draw) -> None:
    """The gap encoder of a stand has an offset."""
    day.fault("gap_encoder")


@register("gauge-meter", "faults", "instruments mill", "게이지미터 강성 오차")
def gauge_meter(day: Draw) -> None:
    """The gauge meter of a stand believes a wrong modulus."""
    day.fault("modulus_error")


@register("thermocouple-drift", "faults", "instruments furnace", "가열로 열전대 드리프트")
def thermocouple_drift(day: Draw) -> None:
    """The thermocouple of a furnace zone drifts low: slabs get too hot and fuel is lost."""
    day.fault("thermocouple", start=(1, 4))
