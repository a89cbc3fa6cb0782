"""The signals and the controls of the hot strip line: one row is the whole truth about one name.

Rows are SI; the column `display` says what an operator reads. Names follow the trade: F1..F7 are
the finishing stands, FDT the finishing delivery temperature, CT the coiling temperature.
"""

from ...controls import Control, Move
from ...signals import Signal

STANDS = 7
BANKS = 6  # main laminar banks; one trim bank follows them


def _signals() -> list[Signal]:
    k = 273.15
    rows = [
        Signal("coil.number", "1", 0, 1e6, "1", "level2", "coil being rolled", "압연 중 코일 번호"),
        Signal(
            "coil.phase",
            "1",
            0,
            3,
            "1",
            "level2",
            "0 gap, 1 head, 2 body, 3 tail",
            "0 간격, 1 선단, 2 본체, 3 후단",
        ),
        Signal(
            "coil.position",
            "m",
            0,
            4000,
            "m",
            "level1",
            "strip delivered by F7",
            "F7 출측 통과 길이",
        ),
        Signal("coil.width", "m", 0.6, 2.2, "mm", "level2", "strip width", "판폭"),
        Signal("coil.gauge_aim", "m", 1e-3, 26e-3, "mm", "level2", "gauge aim", "목표 두께"),
        Signal(
            "coil.fdt_aim",
            "K",
            1000,
            1300,
            "degC",
            "level2",
            "finishing delivery temperature aim",
            "마무리압연 출측온도 목표",
        ),
        Signal(
            "coil.ct_aim",
            "K",
            650,
            1100,
            "degC",
            "level2",
            "coiling temperature aim",
            "권취온도 목표",
        ),
        Signal(
            "coil.carbon",
            "1",
            0,
            0.02,
            "wt%",
            "level2",
            "carbon content as declared",
            "신고 탄소 함량",
        ),
        Signal(
            "fm.entry_temperature",
            "K",
            1100,
            1500,
            "degC",
            "instrument",
            "strip temperature before F1",
            "F1 입측 온도",
            noise=3.0,
        ),
        Signal(
            "fm.speed",
            "m/s",
            0,
            22,
            "m/s",
            "instrument",
            "strip speed at F7",
            "F7 출측 속도",
            noise=0.005,
        ),
    ]
    rows += [
        Signal(
            f"f{s}.roll_force",
            "N",
            0,
            40e6,
            "MN",
            "instrument",
            f"roll force of F{s}",
            f"F{s} 압연하중",
            noise=0.06e6,
        )
        for s in range(1, STANDS + 1)
    ]
    rows += [
        Signal(
            "fm.force_ratio",
            "1",
            0.3,
            2.0,
            "1",
            "level2",
            "measured over expected roll force, mean of F1-F4 at the head",
            "압연하중 실측/예측 비 (F1-F4, 선단)",
        ),
        Signal(
            "fm.exit_thickness",
            "m",
            0,
            30e-3,
            "mm",
            "instrument",
            "thickness behind F7 (X-ray gauge)",
            "F7 출측 두께 (X선)",
            noise=2e-6,
        ),
        Signal(
            "fm.fdt",
            "K",
            900,
            1400,
            "degC",
            "instrument",
            "finishing delivery temperature (pyrometer)",
            "마무리압연 출측온도",
            noise=2.0,
        ),
        Signal(
            "fm.fdt_model",
            "K",
            900,
            1400,
            "degC",
            "level2",
            "finishing delivery temperature (level-2 estimate)",
            "마무리압연 출측온도 추정",
        ),
        Signal(
            "fm.spray_opening",
            "1",
            0,
            1,
            "%",
            "level1",
            "interstand spray opening",
            "스탠드간 냉각 개도",
        ),
        Signal(
            "fm.power",
            "W",
            0,
            80e6,
            "MW",
            "instrument",
            "drive power of the finishing mill",
            "마무리압연 동력",
            noise=0.05e6,
        ),
        Signal(
            "rot.coiling_temperature",
            "K",
            500,
            1300,
            "degC",
            "instrument",
            "coiling temperature (pyrometer)",
            "권취온도",
            noise=3.0,
        ),
        Signal(
            "rot.demand",
            "1",
            0,
            BANKS,
            "1",
            "level2",
            "banks asked for by the feed-forward",
            "전향제어 요구 뱅크 수",
        ),
        Signal(
            "rot.feedback",
            "1",
            -3,
            3,
            "1",
            "level1",
            "banks added by the coiling-temperature feedback",
            "권취온도 궤환 뱅크 수",
        ),
        Signal(
            "rot.water_temperature",
            "K",
            k,
            k + 60,
            "degC",
            "instrument",
            "cooling water temperature",
            "냉각수 온도",
            noise=0.2,
        ),
    ]
    rows += [
        Signal(
            f"rot.bank_{b}_flow",
            "1",
            -0.1,
            1.2,
            "%",
            "instrument",
            f"flow of cooling bank {b} over its rating",
            f"냉각 뱅크 {b} 유량 비",
            noise=0.01,
        )
        for b in range(1, BANKS + 1)
    ]
    rows += [
        Signal(
            f"rot.bank_{b}_command",
            "1",
            0,
            1,
            "%",
            "level1",
            f"valve command of cooling bank {b}",
            f"냉각 뱅크 {b} 밸브 지령",
        )
        for b in range(1, BANKS + 1)
    ]
    rows += [
        Signal(
            c.name,
            "m/s" if c.display == "m/s" else "1",
            min(c.low, 0.0) - 1e-9,
            c.high,
            c.display,
            "operator",
            c.english,
            c.korean,
        )
        for c in CONTROLS.values()
    ]
    return rows


CONTROLS: dict[str, Control] = {
    control.name: control
    for control in (
        Control("fm.speed_trim", -1.5, 1.5, (0.3,), (), 0.6, 30.0, "medium",
                ("fm.speed", "fm.fdt"), 1e-3,
                "trim of the finishing speed", "마무리압연 속도 보정", "m/s"),
        Control("fm.spray_trim", -0.4, 0.4, (0.1,), (), 0.2, 20.0, "low",
                ("fm.spray_opening",), 1e-3,
                "trim of the interstand sprays", "스탠드간 냉각 보정", "%"),
        Control("fm.fdt_source", 0, 1, (), (0.0, 1.0), 1.0, 60.0, "medium",
                ("fm.fdt_model",), 1e-3,
                "temperature the FDT control listens to: 0 pyrometer, 1 level-2 estimate",
                "FDT 제어 신호원: 0 고온계, 1 레벨2 추정", "1"),
        Control("fm.hardness_correction", -0.3, 0.3, (0.05,), (), 0.1, 30.0, "medium",
                ("fm.force_ratio",), 1e-3,
                "correction of the expected hardness in the set-up of the next coil",
                "다음 코일 설정의 변형저항 보정", "%"),
        Control("rot.bank_out", 0, BANKS, (), tuple(float(b) for b in range(BANKS + 1)),
                float(BANKS), 30.0, "medium", (), 1e-3,
                "cooling bank taken out of service: 0 none", "사용 중지 냉각 뱅크: 0 없음", "1"),
        Control("rot.cooling_correction", -0.4, 0.4, (0.1,), (), 0.2, 20.0, "low",
                ("rot.coiling_temperature",), 1e-3,
                "correction of the cooling the feed-forward asks for", "전향 냉각량 보정", "%"),
    )
}  # fmt: skip

SIGNALS: dict[str, Signal] = {signal.name: signal for signal in _signals()}


def offer(control: Control, present: float) -> list[Move]:
    """Return the moves of `control` that an operator would consider from its `present` value."""
    if control.choices:
        return [Move(control.name, choice, f"{choice:.0f}") for choice in control.choices]
    return [
        Move(control.name, round(present + sign * step, 9), word)
        for step in control.steps
        for sign, word in ((1, "up"), (-1, "down"))
    ]
