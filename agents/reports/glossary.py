"""What things are called, English and Korean: seats, set-points, alerts, faults, money.

Plant units appear here and nowhere below. A name the tables do not know (an alert of a later plant,
say) is told as it was recorded.
"""

import re

from ...plant_sim.lines.hot_strip.control_table import CONTROLS
from ...plant_sim.lines.hot_strip.signal_table import EVENTS
from ...plant_sim.scenarios.faults import FAULTS
from ...plant_sim.snapshot import ALERTS
from ...plant_sim.units import from_si
from .facts import Fault
from .korean import with_particle
from .plots import Both, label

REARM = "plc.rearm"  # the write that takes the PLC out of local mode
SEATS = {
    "hold": Both("no agent", "에이전트 없음"),
    "rules": Both("rules", "규칙"),
    "lm": Both("agent (language model)", "에이전트 (언어 모델)"),
    "lm-zero-shot": Both("agent (language model, untrained)", "에이전트 (언어 모델, 미학습)"),
    "head": Both("agent (linear head)", "에이전트 (선형 헤드)"),
}
PROTOCOLS = {"opcua": "OPC UA", "modbus": "Modbus TCP"}
PROCESSES = {
    "plc": Both("the virtual PLC", "가상 PLC"),
    "gate": Both("the gate", "게이트"),
    "agent": Both("the agent", "에이전트"),
}
QUANTITIES = {
    "gauge_hit": Both("gauge within tolerance", "두께 적중률"),
    "width_hit": Both("width within tolerance", "폭 적중률"),
    "profile_hit": Both("crown within tolerance", "크라운 적중률"),
    "flatness_hit": Both("flatness within tolerance", "평탄도 적중률"),
    "fdt_hit": Both(
        "finishing delivery temperature within tolerance", "마무리압연 출측온도 적중률"
    ),
    "ct_hit": Both("coiling temperature within tolerance", "권취온도 적중률"),
}
MONEY = {
    "downgrade": Both("downgrade and scrap", "격하·스크랩 손실"),
    "scale": Both("scale loss", "스케일 손실"),
    "fuel": Both("furnace fuel", "가열로 연료"),
    "energy": Both("drive energy", "구동 전력"),
    "water": Both("water", "용수"),
    "rolls": Both("roll wear", "롤 마모"),
    "delay": Both("line time", "라인 시간"),
    "cost": Both("total", "합계"),
}
SELECTED = {  # what a choice is called, by control and value
    ("fm.fdt_source", 0): Both("pyrometer", "고온계"),
    ("fm.fdt_source", 1): Both("level-2 estimate", "레벨2 추정값"),
    ("fm.monitor_on", 0): Both("off", "끔"),
    ("fm.monitor_on", 1): Both("on", "켬"),
    ("fm.descaling_mode", 0): Both("none", "없음"),
    ("fm.descaling_mode", 1): Both("one header", "헤더 하나"),
    ("fm.descaling_mode", 2): Both("both headers", "헤더 둘"),
    ("line.request", 0): Both("run", "운전"),
    ("line.request", 1): Both("stop charging", "장입 중지"),
    ("line.request", 2): Both("change work rolls", "작업롤 교체"),
    ("rot.bank_out", 0): Both("none", "없음"),
    ("rot.strategy", 0): Both("early banks first", "전단 냉각"),
    ("rot.strategy", 1): Both("late banks first", "후단 냉각"),
    ("rot.ct_source", 0): Both("pyrometer", "고온계"),
    ("rot.ct_source", 1): Both("model from the middle pyrometer", "중간온도 모델"),
}
SHORT = {  # set-points, as operators call them
    "fm.speed_trim": Both("speed trim", "속도 보정"),
    "fm.spray_trim": Both("spray trim", "스탠드간 냉각 보정"),
    "fm.fdt_source": Both("FDT source", "출측온도 신호원"),
    "fm.hardness_correction": Both("hardness correction", "변형저항 보정"),
    "rot.bank_out": Both("bank out of service", "사용 중지 뱅크"),
    "rot.cooling_correction": Both("cooling correction", "냉각량 보정"),
    "rot.strategy": Both("cooling strategy", "냉각 방식"),
    "rot.ct_source": Both("CT source", "권취온도 신호원"),
    "furnace.preheat_trim": Both("preheating trim", "예열대 온도 보정"),
    "furnace.heating_trim": Both("heating trim", "가열대 온도 보정"),
    "furnace.soak_trim": Both("soaking trim", "균열대 온도 보정"),
    "furnace.excess_air": Both("air ratio", "공기비"),
    "line.pace_trim": Both("pace trim", "추출 간격 보정"),
    "line.request": Both("request to the line", "라인 요청"),
    "rm.bar_trim": Both("bar thickness trim", "바 두께 보정"),
    "rm.width_trim": Both("bar width trim", "바 폭 보정"),
    "fm.bending_front_trim": Both("bending trim F1-F3", "F1-F3 벤딩력 보정"),
    "fm.bending_back_trim": Both("bending trim F4-F7", "F4-F7 벤딩력 보정"),
    "fm.shift_trim": Both("roll shift trim", "롤 시프트 보정"),
    "fm.load_trim": Both("draft distribution trim", "압하 배분 보정"),
    "fm.tension_trim": Both("tension trim", "장력 보정"),
    "fm.gauge_trim": Both("gauge trim", "목표 두께 보정"),
    "fm.monitor_on": Both("gauge monitor loop", "X선 모니터 AGC"),
    "fm.agc_compensation": Both("AGC compensation", "AGC 보상률"),
    "fm.descaling_mode": Both("finishing descaler", "마무리 디스케일러"),
    REARM: Both("release by the operator", "운전자의 제어권 해제"),
}
FAULT_UNITS = {  # of the fault table: what an operator reads, and how many make one SI unit
    "1": ("%", 100.0),
    "K": ("K", 1.0),
    "m": ("µm", 1e6),
    "N": ("MN", 1e-6),
    "m/s": ("mm/s", 1e3),
    "s": ("s", 1.0),
}
CHOOSERS = {
    "rules": Both("rules", "규칙"),
    "lm": Both("language model", "언어 모델"),
    "lm-zero-shot": Both("language model", "언어 모델"),
    "head": Both("linear head", "선형 헤드"),
    "rollback": Both("taken back", "되돌림"),
    "operator": Both("operator", "운전자"),
    "": Both("–", "–"),
}
OUTCOMES = {
    "applied": Both("applied", "적용"),
    "out_of_range": Both("refused: range", "거부: 범위"),
    "malformed": Both("refused: not valid", "거부: 잘못된 요청"),
    "local": Both("refused: local mode", "거부: 현장 모드"),
    "duplicate": Both("applied before, not repeated", "이미 적용됨, 반복 안 함"),
}
KOREAN_ALERTS = {  # by the keys of `ALERTS`
    "fdt_hot": "마무리압연 출측온도 높음",
    "fdt_cold": "마무리압연 출측온도 낮음",
    "pyrometer_low": "마무리압연 출측 고온계가 모델보다 낮게 지시",
    "pyrometer_high": "마무리압연 출측 고온계가 모델보다 높게 지시",
    "pyrometer_agrees": "마무리압연 출측 고온계가 다시 모델과 일치",
    "ct_hot": "권취온도 높음",
    "ct_cold": "권취온도 낮음",
    "gauge_thick": "판 두께 초과",
    "gauge_thin": "판 두께 미달",
    "force_high": "압연하중이 예측보다 높음",
    "force_low": "압연하중이 예측보다 낮음",
    "bank_no_flow": "냉각 뱅크에 물이 나오지 않음",
    "feedback_full": "냉각 궤환이 한계에 도달",
    "spray_edge": "스탠드간 냉각이 한계에 도달",
    "bad_data": "결측 또는 불량 신호 있음",
}
KOREAN_REASONS = {  # what the rule table and the seats say
    "hold": "유지",
    "no alert": "경보 없음",
    "pyrometer disagrees with the model": "고온계가 모델과 어긋남",
    "pyrometer agrees with the model again": "고온계가 다시 모델과 일치",
    "strip harder than expected": "판이 예상보다 단단함",
    "strip softer than expected": "판이 예상보다 무름",
    "too little water, feedback at its limit": "냉각수 부족, 궤환이 한계",
    "too much water, feedback at its limit": "냉각수 과다, 궤환이 한계",
    "too hot, sprays at their limit": "온도 높음, 스탠드간 냉각이 한계",
    "too cold, sprays at their limit": "온도 낮음, 스탠드간 냉각이 한계",
}
EFFECTS = {
    "seen": Both("as expected", "예상대로"),
    "unseen": Both("none seen", "확인되지 않음"),
    "opposite": Both("opposite", "반대 방향"),
    "unknown": Both("could not be judged", "판단 불가"),
    "": Both("–", "–"),
}


def seat(name: str) -> Both:
    """Return what a seat is called."""
    return SEATS.get(name, Both(f"agent ({name})", f"에이전트 ({name})"))


def clock(time: float) -> Both:
    """Return a plant time (s) as minutes and seconds, rounded down to the second.

    >>> clock(754.2)
    Both(en='12:34', ko='12:34')
    """
    text = f"{int(time) // 60}:{int(time) % 60:02d}"
    return Both(text, text)


def setpoint(control: str, value: float | None) -> Both:
    """Return the value of a set-point (SI) as an operator reads it."""
    if value is None:
        return Both("not known", "미상")
    known = CONTROLS.get(control)
    if known is None:
        return Both(f"{value:g}", f"{value:g}")
    if known.choices:
        named = SELECTED.get((control, round(value)))
        if named is None and control == "rot.bank_out":
            return Both(f"bank {value:.0f}", f"뱅크 {value:.0f}")
        return named or Both(f"{value:.0f}", f"{value:.0f}")
    shown = from_si(value, known.display)
    if abs(shown) < 1e-9:
        text = f"0 {known.display}"
    else:
        text = f"{'+' if shown > 0 else ''}{label(round(shown, 2))} {known.display}"
    return Both(text, text)


def control_name(control: str) -> Both:
    """Return the short name of a control."""
    return SHORT.get(control, Both(control, control))


def outcome(text: str) -> Both:
    """Return what the PLC did, in words."""
    return OUTCOMES.get(text, Both(text, text))


def event_name(number: int, place: int) -> Both:
    """Return what ended a coil before its tail, and at which stand.

    >>> event_name(3, 6).en
    'force trip (F6)'
    """
    if not number:
        return Both("–", "–")
    english, korean = EVENTS.get(number, (f"event {number}", f"이상 {number}"))
    return Both(f"{english} (F{place})", f"{korean} (F{place})") if place else Both(english, korean)


def effect(text: str) -> Both:
    """Return how the expected effect of an action was judged."""
    return EFFECTS.get(text, Both(text, text))


def counted(count: int, noun: str) -> str:
    """Return a number and its English noun.

    >>> counted(1, "coil"), counted(3, "write")
    ('1 coil', '3 writes')
    """
    return f"{count} {noun}{'' if count == 1 else 's'}"


def money(value: float) -> str:
    """Return EUR without cents.

    >>> money(-1234.4)
    '−1,234'
    """
    return f"{value:,.0f}".replace("-", "\N{MINUS SIGN}")


def percent(share: float, digits: int = 1) -> str:
    """Return a share as a percentage.

    >>> percent(0.9731)
    '97.3 %'
    """
    return f"{100.0 * share:.{digits}f} %"


def chooser(by: str) -> Both:
    """Return who chose a move."""
    return CHOOSERS.get(by, Both(by, by))


PLACES = {
    "stand": Both("stand", "스탠드"),
    "gap": Both("gap", "스탠드 간격"),
    "bank": Both("bank", "뱅크"),
    "zone": Both("zone", "대"),
}


def fault_name(fault: Fault) -> Both:
    """Return what went wrong, and where."""
    row = FAULTS[fault.kind]
    if not fault.place:
        return Both(row.english, row.korean)
    place = PLACES[row.place]
    return Both(
        f"{row.english} ({place.en} {fault.place})", f"{row.korean} ({place.ko} {fault.place})"
    )


def fault_size(fault: Fault) -> Both:
    """Return how large a fault was at most, in plant units."""
    unit, factor = FAULT_UNITS[FAULTS[fault.kind].unit]
    text = f"{label(round(factor * fault.size, 2))} {unit}"
    return Both(f"up to {text}", f"최대 {text}")


def alert(text: str) -> Both:
    """Return an alert of the snapshot, a key of `ALERTS`, in words."""
    if text in ALERTS:
        return Both(ALERTS[text], KOREAN_ALERTS.get(text, ALERTS[text]))
    return Both(text, text)


def reason(text: str) -> Both:
    """Return why a seat chose, in words; parts that are not known are told as recorded."""
    parts = [_reason(part) for part in text.split("; ") if part]
    return Both("; ".join(part.en for part in parts), "; ".join(part.ko for part in parts))


def _reason(text: str) -> Both:
    if text in ALERTS:
        return alert(text)
    if text in KOREAN_REASONS:
        return Both(text, KOREAN_REASONS[text])
    bank = re.fullmatch(r"bank (\d+) gives no water", text)
    if bank:
        return Both(text, f"{with_particle(f'뱅크 {bank[1]}', '이/가')} 물을 내지 않음")
    return Both(text, text)
