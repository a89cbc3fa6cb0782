"""The alarms of the finishing mill: stands and what happens in them, and the strip behind F7."""

from collections.abc import Iterator
from math import radians

from ...alarms import Alarm, Kind
from .alarm_family import BODY, FORCE_BAND, LOADED, NEAR_RATING, TORQUE_BAND, Pair, family, one
from .config import Mill
from .parameters import STANDS


def stands(mill: Mill) -> Iterator[Alarm]:
    """The cascade of the finishing mill, in causal order."""
    first = mill.absent + 1
    each = [(s,) for s in range(first, STANDS + 1)]
    gaps = [(s, s + 1) for s in range(first, STANDS)]
    force = [stand.max_force for stand in mill.stands]
    torque = [stand.max_torque for stand in mill.stands]
    yield from one(
        "fm.hydraulic_low", Kind.LOW, "fm.hydraulic_pressure", 24e6, 2, 60.0,
        ("hydraulic pressure of the gap cylinders low", "압하 유압 저하"),
        ("gaps cannot be held: strip off gauge, then a cobble", "롤 갭 유지 불가, 코블"),
        ("finish this bar, take no other; look at the pumps", "현재 바만 압연 후 정지, 펌프 점검"),
        dead_band=0.5e6, on_delay=2.0, off_delay=5.0, group="mill",
    )  # fmt: skip
    yield from family(
        each, "f{}.force_high", Kind.HIGH, "f{}.roll_force",
        [NEAR_RATING * most for most in force], 4, 60.0,
        ("roll force of F{} near its rating", "F{} 압연하중 정격 근접"),
        ("the stand trips, the bar is lost", "스탠드 트립, 바 손실"),
        ("correct the hardness for the next coil; move draft to other stands",
         "다음 코일 변형저항 보정, 압하 배분 조정"),
        dead_band=[FORCE_BAND * most for most in force], on_delay=1.0, off_delay=2.0, group="mill",
        suppressed_in=LOADED,
    )  # fmt: skip
    yield from family(
        each, "f{}.torque_high", Kind.HIGH, "f{}.torque", torque, 4, 60.0,
        ("drive torque of F{} at its rating", "F{} 구동 토크 정격 도달"),
        ("the drive falls back, tension is lost", "구동 속도 저하, 장력 상실"),
        ("move draft away from this stand", "해당 스탠드 압하 배분 축소"),
        dead_band=[TORQUE_BAND * most for most in torque], on_delay=1.0, off_delay=2.0,
        group="mill", suppressed_in=LOADED,
    )  # fmt: skip
    yield from family(
        gaps, "f{}.tension_lost", Kind.LOW, "f{}.tension", 0.5e6, 4, 10.0,
        ("no tension between F{} and F{}", "F{}-F{} 장력 상실"),
        ("a loop grows and folds into the next stand: cobble", "루프 성장 후 코블"),
        ("slow down the stand before; be ready to stop", "전 스탠드 감속, 정지 준비"),
        dead_band=0.5e6, on_delay=0.5, off_delay=2.0, group="mill", suppressed_in=BODY,
    )  # fmt: skip
    yield from family(
        gaps, "f{}.looper_high", Kind.HIGH, "f{}.looper_angle", radians(60.0), 4, 10.0,
        ("looper between F{} and F{} at its upper end", "F{}-F{} 루퍼 상한"),
        ("the loop is no longer held: cobble", "루프 제어 불능, 코블"),
        ("slow down the stand before; raise the tension", "전 스탠드 감속, 장력 상향"),
        dead_band=radians(5.0), on_delay=0.5, off_delay=2.0, group="mill", suppressed_in=BODY,
    )  # fmt: skip
    for code, name, priority, message, consequence, action in _EVENTS:
        yield from one(
            f"line.{name}", Kind.EQUALS, "line.event", float(code), priority, 10.0,
            message, consequence, action, latching=priority < 3, group="mill",
        )  # fmt: skip


_STOP = (
    "stop charging; clear the mill; restart by the list",
    "장입 중지, 정리 후 재가동 절차",
)
_EVENTS: tuple[tuple[int, str, int, Pair, Pair, Pair], ...] = (
    (6, "tension_loss", 3, ("tension lost in the finishing mill", "마무리압연 장력 상실"),
     ("a cobble within seconds", "수 초 내 코블"),
     ("slow down; look at looper and drives", "감속, 루퍼와 구동 점검")),
    (5, "power_trip", 3, ("a drive tripped by power", "구동 동력 트립"),
     ("the bar is lost, minutes of delay", "바 손실, 수 분 지연"), _STOP),
    (4, "torque_trip", 3, ("a drive tripped by torque", "구동 토크 트립"),
     ("the bar is lost, minutes of delay", "바 손실, 수 분 지연"), _STOP),
    (3, "force_trip", 2, ("a stand tripped by force", "압연하중 트립"),
     ("the bar is lost, rolls may be damaged", "바 손실, 롤 손상 우려"), _STOP),
    (2, "strip_break", 2, ("the strip is torn", "판파단"),
     ("pieces in the mill, rolls damaged", "잔류 판, 롤 손상"), _STOP),
    (1, "cobble", 1, ("cobble in the finishing mill", "마무리압연 코블"),
     ("mill blocked, people in danger near it", "설비 정지, 인명 위험"), _STOP),
)  # fmt: skip


def strip() -> Iterator[Alarm]:
    """What the strip behind F7 is like."""
    yield from one(
        "fm.force_ratio_high", Kind.HIGH, "fm.force_ratio", 1.08, 3, 90.0,
        ("steel harder than expected", "소재 변형저항 예측 초과"),
        ("head thick, stands near their ratings", "선단 두께 초과, 정격 근접"),
        ("raise the hardness correction; compare the declared grade",
         "변형저항 보정 상향, 강종 확인"),
        dead_band=0.02,
    )  # fmt: skip
    yield from one(
        "fm.force_ratio_low", Kind.LOW, "fm.force_ratio", 0.92, 4, 90.0,
        ("steel softer than expected", "소재 변형저항 예측 미달"),
        ("head thin", "선단 두께 미달"),
        ("lower the hardness correction; compare the declared grade",
         "변형저항 보정 하향, 강종 확인"),
        dead_band=0.02,
    )  # fmt: skip
    yield from one(
        "fm.gauge_off", Kind.DEVIATION, "fm.exit_thickness", 40e-6, 3, 30.0,
        ("strip off gauge", "판두께 불량"),
        ("metres are downgraded", "격하 길이 증가"),
        ("look whether gauge, force and speeds agree; then trim", "하중과 속도 비교 후 보정"),
        other="coil.gauge_aim", dead_band=10e-6, on_delay=5.0, off_delay=3.0, suppressed_in=BODY,
    )  # fmt: skip
    yield from one(
        "fm.fdt_cold", Kind.DEVIATION, "fm.fdt", 20.0, 3, 60.0,
        ("delivery temperature low", "마무리압연 출측온도 저하"),
        ("properties off, forces rise", "재질 불량, 하중 상승"),
        ("compare the pyrometer with the model before heating; then speed up or spray less",
         "가열 전 고온계와 모델 비교, 이후 증속 또는 냉각 축소"),
        other="coil.fdt_aim", side="below", dead_band=5.0, on_delay=5.0, off_delay=3.0,
        group="temperature", suppressed_in=BODY,
    )  # fmt: skip
    yield from one(
        "fm.fdt_hot", Kind.DEVIATION, "fm.fdt", 20.0, 4, 60.0,
        ("delivery temperature high", "마무리압연 출측온도 상승"),
        ("coarse grain, more water on the table", "조대 결정립, 냉각수 증가"),
        ("spray more or slow down", "냉각 증대 또는 감속"),
        other="coil.fdt_aim", side="above", dead_band=5.0, on_delay=5.0, off_delay=3.0,
        group="temperature", suppressed_in=BODY,
    )  # fmt: skip
    yield from one(
        "fm.fdt_doubt", Kind.DISCREPANCY, "fm.fdt", 20.0, 4, 120.0,
        ("finishing pyrometer disagrees with the model", "출측 고온계와 모델 불일치"),
        ("the control follows a wrong temperature", "잘못된 온도로 제어"),
        ("let the FDT control listen to the model; have the pyrometer cleaned",
         "FDT 제어를 모델로 전환, 고온계 청소"),
        other="fm.fdt_model", dead_band=6.0, on_delay=30.0, off_delay=10.0, blind_in=BODY,
    )  # fmt: skip
    yield from one(
        "fm.width_narrow", Kind.DEVIATION, "fm.exit_width", 2e-3, 4, 90.0,
        ("strip narrower than ordered", "판폭 미달"),
        ("the coil is downgraded", "코일 격하"),
        ("lower the tensions; widen the bar by the edger", "장력 하향, 에저 폭 상향"),
        other="coil.width", side="below", dead_band=1e-3, on_delay=5.0, off_delay=3.0,
        suppressed_in=BODY,
    )  # fmt: skip
    yield from one(
        "fm.width_wide", Kind.DEVIATION, "fm.exit_width", 8.5e-3, 4, 90.0,
        ("strip wider than it may be", "판폭 초과"),
        ("steel is given away, the edges are trimmed", "과폭 손실, 에지 트리밍"),
        ("narrow the bar by the edger; look whether it slips", "에저 폭 하향, 에저 슬립 점검"),
        other="coil.width", side="above", dead_band=1e-3, on_delay=5.0, off_delay=3.0,
        suppressed_in=BODY,
    )  # fmt: skip
    yield from one(
        "fm.crown_off", Kind.DEVIATION, "fm.crown", 18e-6, 4, 90.0,
        ("crown off its aim", "크라운 목표 이탈"),
        ("profile out of tolerance", "형상 공차 이탈"),
        ("bend in the front stands; shift for the next coil", "전단 벤딩 조정, 다음 코일 시프트"),
        other="coil.crown_aim", dead_band=5e-6, on_delay=10.0, off_delay=5.0, suppressed_in=BODY,
    )  # fmt: skip
    yield from one(
        "fm.wavy_edges", Kind.HIGH, "fm.flatness", 40e-5, 4, 30.0,
        ("wavy edges", "에지 웨이브"),
        ("poor flatness, the strip may fold", "평탄도 불량, 판 접힘"),
        ("bend more in the back stands", "후단 벤딩 상향"),
        dead_band=10e-5, on_delay=5.0, off_delay=3.0, suppressed_in=BODY,
    )  # fmt: skip
    yield from one(
        "fm.centre_buckle", Kind.LOW, "fm.flatness", -40e-5, 4, 30.0,
        ("centre buckle", "센터 버클"),
        ("poor flatness, the strip may fold", "평탄도 불량, 판 접힘"),
        ("bend less in the back stands", "후단 벤딩 하향"),
        dead_band=10e-5, on_delay=5.0, off_delay=3.0, suppressed_in=BODY,
    )  # fmt: skip
    for signal, english, korean in (
        ("fm.fdt", "finishing pyrometer", "마무리 출측 고온계"),
        ("fm.exit_thickness", "X-ray gauge", "X선 두께계"),
        ("rot.coiling_temperature", "coiling pyrometer", "권취 고온계"),
    ):
        yield from one(
            f"{signal}_bad", Kind.BAD, signal, 0.0, 4, 60.0,
            (f"{english} not good", f"{korean} 이상"),
            ("its control loop works without measurement", "측정값 없이 제어"),
            ("let the control listen to the model; have it repaired", "제어를 모델로 전환, 정비"),
            on_delay=5.0, off_delay=5.0,
        )  # fmt: skip
