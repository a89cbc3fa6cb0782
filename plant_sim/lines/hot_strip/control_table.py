"""The supervisory controls of the whole line, furnace to coiler: what an operator may ask for.

Every number is SI; `display` is what an operator reads. A trim is added to what level 2 sets up; a
selector takes one of its `choices` alone. The present six controls keep name, range and steps.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import inf
from typing import Literal

from ...controls import Control, Move, Permit
from ...signals import Sample
from .parameters import BANKS

JUDGED = 0.25  # 1: share of its rating that a bank's command or flow must reach to be judged [T]

Risk = Literal["low", "medium", "high"]

_OFF_ON = (0.0, 1.0)
_WATER = ("rot.coiling_temperature",)
_TENSION = tuple(f"f{s}.tension" for s in range(1, 7))
_FURNACE = tuple(f"furnace{f}.next_slab_temperature" for f in (1, 2))


def _trim(
    name: str,
    most: float,
    step: float,
    cooldown: float,
    risk: Risk,
    needs: tuple[str, ...],
    display: str,
    english: str,
    korean: str,
) -> Control:
    """Return a trim of [-most, most] that moves by one or two steps a write; SI."""
    return Control(
        name, -most, most, (step,), (), 2 * step, cooldown, risk, needs, 1e-3 * step,
        english, korean, display,
    )  # fmt: skip


def _choice(
    name: str,
    choices: tuple[float, ...],
    cooldown: float,
    risk: Risk,
    needs: tuple[str, ...],
    english: str,
    korean: str,
) -> Control:
    """Return a selector; any of its choices may follow any other."""
    return Control(
        name, choices[0], choices[-1], (), choices, choices[-1], cooldown, risk, needs, 1e-3,
        english, korean, "1",
    )  # fmt: skip


_ROWS = (
    # the six that a seat is offered today
    Control("fm.speed_trim", -1.5, 1.5, (0.3,), (), 0.6, 30.0, "medium",
            ("fm.speed", "fm.fdt"), 1e-3,
            "trim of the finishing speed", "마무리압연 속도 보정", "m/s"),
    Control("fm.spray_trim", -0.4, 0.4, (0.1,), (), 0.2, 20.0, "low",
            ("fm.spray_opening",), 1e-3,
            "trim of the interstand sprays", "스탠드간 냉각 보정", "%"),
    Control("fm.fdt_source", 0, 1, (), _OFF_ON, 1.0, 60.0, "medium", ("fm.fdt_model",), 1e-3,
            "temperature the FDT control listens to: 0 pyrometer, 1 level-2 estimate",
            "FDT 제어 신호원: 0 고온계, 1 레벨2 추정", "1"),
    Control("fm.hardness_correction", -0.3, 0.3, (0.05,), (), 0.1, 30.0, "medium",
            ("fm.force_ratio",), 1e-3,
            "correction of the expected hardness in the set-up of the next coil",
            "다음 코일 설정의 변형저항 보정", "%"),
    Control("rot.bank_out", 0, BANKS, (), tuple(float(b) for b in range(BANKS + 1)),
            float(BANKS), 30.0, "medium", (), 1e-3,
            "cooling bank taken out of service: 0 none", "사용 중지 냉각 뱅크: 0 없음", "1"),
    Control("rot.cooling_correction", -0.4, 0.4, (0.1,), (), 0.2, 20.0, "low", _WATER, 1e-3,
            "correction of the cooling the feed-forward asks for", "전향 냉각량 보정", "%"),
    # the furnaces: both alike, level 2 sets the base
    _trim("furnace.preheat_trim", 40.0, 10.0, 300.0, "low", _FURNACE, "K",
          "trim of the preheating zones' set-point", "예열대 설정온도 보정"),
    _trim("furnace.heating_trim", 40.0, 10.0, 300.0, "medium", _FURNACE, "K",
          "trim of the heating zones' set-point", "가열대 설정온도 보정"),
    _trim("furnace.soak_trim", 30.0, 5.0, 300.0, "medium", _FURNACE, "K",
          "trim of the soaking zone's set-point", "균열대 설정온도 보정"),
    Control("furnace.excess_air", 1.04, 1.30, (0.02,), (), 0.04, 120.0, "medium",
            ("furnace1.oxygen", "furnace2.oxygen"), 1e-4,
            "air over what the fuel needs", "공기비", "1"),
    # the pace of the line
    Control("line.pace_trim", -20.0, 60.0, (5.0, 20.0), (), 20.0, 60.0, "medium",
            ("line.pace",), 1e-2,
            "seconds added between two slabs discharged", "추출 간격 보정", "s"),
    _choice("line.request", (0.0, 1.0, 2.0), 60.0, "high", (),
            "asked of the line: 0 run, 1 stop charging, 2 stop and change work rolls in the gap",
            "라인 요청: 0 운전, 1 장입 중지, 2 중지 후 작업롤 교체"),
    # the rougher
    _trim("rm.bar_trim", 4e-3, 1e-3, 60.0, "medium", ("rm.rdt",), "mm",
          "trim of the transfer bar's thickness", "바 두께 보정"),
    _trim("rm.width_trim", 10e-3, 1e-3, 60.0, "low", ("rm.width",), "mm",
          "trim of the bar's width by the edger", "에저 폭 보정"),
    # shape: front stands make the profile, back stands the flatness
    _trim("fm.bending_front_trim", 400e3, 50e3, 15.0, "low", ("fm.crown",), "kN",
          "trim of the work-roll bending of F1-F3, a side", "F1-F3 벤딩력 보정 (편측)"),
    _trim("fm.bending_back_trim", 400e3, 50e3, 10.0, "low", ("fm.flatness",), "kN",
          "trim of the work-roll bending of F4-F7, a side", "F4-F7 벤딩력 보정 (편측)"),
    _trim("fm.shift_trim", 50e-3, 10e-3, 60.0, "medium", ("fm.crown",), "mm",
          "trim of the work-roll shift for the next coil", "다음 코일 롤 시프트 보정"),
    # draft, tension, gauge
    _trim("fm.load_trim", 0.10, 0.02, 60.0, "medium", ("fm.force_ratio",), "%",
          "share of the draft moved from the back stands to the front", "압하 배분 보정 (전단+)"),
    _trim("fm.tension_trim", 0.30, 0.05, 15.0, "medium", _TENSION, "%",
          "trim of the interstand tensions", "스탠드간 장력 보정"),
    _trim("fm.gauge_trim", 50e-6, 10e-6, 15.0, "medium", ("fm.exit_thickness",), "um",
          "trim of the gauge aim", "목표 두께 보정"),
    _choice("fm.monitor_on", _OFF_ON, 30.0, "medium", (),
            "monitor loop from the X-ray gauge: 0 off, 1 on", "X선 모니터 AGC: 0 끔, 1 켬"),
    Control("fm.agc_compensation", 0.0, 0.9, (0.1,), (), 0.2, 30.0, "medium",
            tuple(f"f{s}.roll_force" for s in range(1, 8)), 1e-3,
            "share of the mill stretch that gap control takes out", "AGC 보상률", "%"),
    _choice("fm.descaling_mode", (0.0, 1.0, 2.0), 60.0, "medium", ("rm.descaler_pressure",),
            "headers of the finishing descaler: 0 none, 1 one, 2 both",
            "마무리 디스케일러 헤더: 0 없음, 1 하나, 2 둘"),
    # the run-out table
    _choice("rot.strategy", _OFF_ON, 60.0, "medium", _WATER,
            "where the strip is cooled: 0 early banks first, 1 late banks first",
            "냉각 방식: 0 전단 냉각, 1 후단 냉각"),
    _choice("rot.ct_source", _OFF_ON, 60.0, "medium", ("rot.mid_temperature",),
            "temperature the cooling feedback listens to: 0 pyrometer, 1 model from the middle one",
            "권취온도 제어 신호원: 0 고온계, 1 중간온도 모델"),
)  # fmt: skip

# where a control stands when a line begins; every other one begins at 0
START: dict[str, float] = {
    "furnace.excess_air": 1.10,
    "fm.monitor_on": 1.0,
    "fm.agc_compensation": 0.7,
    "fm.descaling_mode": 2.0,
}

# pairs that act on the same thing; whoever writes one leaves the other alone for its cooldown
EXCLUSIONS: tuple[tuple[str, str], ...] = (
    ("line.request", "line.pace_trim"),
    ("fm.load_trim", "fm.tension_trim"),
    ("fm.load_trim", "fm.agc_compensation"),
    ("fm.gauge_trim", "fm.agc_compensation"),
    ("fm.gauge_trim", "fm.monitor_on"),
    ("fm.bending_front_trim", "fm.shift_trim"),
    ("rot.strategy", "rot.cooling_correction"),
    ("rot.strategy", "rot.ct_source"),
)

# mill and table are trimmed while they roll or wait, not in a stop, a roll change or a cobble
_RUNS = Permit("line.state", 1.0, 2.0, "the line rolls or waits for a slab", "압연 중 또는 대기 중")
_MILL = ("rm", "fm", "rot")


def _whole(control: Control) -> Control:
    """Return `control` with its start, rate, exclusions and plant state.

    The rate is one greatest step a cooldown: a double step has to wait twice as long.
    """
    pairs = (pair for pair in EXCLUSIONS if control.name in pair)
    return replace(
        control,
        start=START.get(control.name, 0.0),
        rate=control.steps[-1] / control.cooldown if control.steps else inf,
        excludes=tuple(other for pair in pairs for other in pair if other != control.name),
        permits=(_RUNS,) if control.name.split(".")[0] in _MILL else (),
    )


CONTROLS: dict[str, Control] = {control.name: _whole(control) for control in _ROWS}

# what a seat is offered today; the others wait until labels, words and models know them
DESK: tuple[str, ...] = (
    "fm.speed_trim",
    "fm.spray_trim",
    "fm.fdt_source",
    "fm.hardness_correction",
    "rot.bank_out",
    "rot.cooling_correction",
)


def steps_of(
    control: Control, present: float, samples: Mapping[str, Sample] | None = None
) -> list[Move]:
    """Return the moves of `control` that an operator would consider from its `present` value.

    Args:
        control: one of `CONTROLS`.
        present: its value now, SI.
        samples: what is known; with them a cooling bank is offered to be taken out only when its
            flow disagrees with its command.
    """
    if not control.choices:
        return [
            Move(control.name, round(present + sign * step, 9), _word(sign, n))
            for n, step in enumerate(control.steps)
            for sign in (1, -1)
        ]
    choices = control.choices
    if control.name == "rot.bank_out" and samples is not None:
        choices = tuple(b for b in choices if b == 0.0 or disagrees(int(b), samples))
    return [Move(control.name, choice, f"{choice:.0f}") for choice in choices]


def offer(
    control: Control, present: float, samples: Mapping[str, Sample] | None = None
) -> list[Move]:
    """Return the moves that a seat is offered today: those of `steps_of` for controls in `DESK`."""
    return steps_of(control, present, samples) if control.name in DESK else []


def disagrees(bank: int, samples: Mapping[str, Sample]) -> bool:
    """Return whether flow and command of a cooling bank (1..) differ by more than a factor of two.

    Weak supply pressure and clogged nozzles stay below that. A command or a flow that is not good
    tells nothing. A valve needs up to 2.5 s: whoever wants to be sure asks again after that.
    """
    command = samples.get(f"rot.bank_{bank}_command")
    flow = samples.get(f"rot.bank_{bank}_flow")
    if command is None or flow is None or not (command.good and flow.good):
        return False
    less, more = sorted((command.value, flow.value))
    return more > JUDGED and more > 2.0 * less


def _word(sign: int, size: int) -> str:
    """Return the word of a move: up, down, and for the next larger step up2, down2."""
    return ("up" if sign > 0 else "down") + ("" if size == 0 else f"{size + 1}")
