"""The alarms of the hot strip line: what each means, what follows, what an operator does.

Rationalised after ISA-18.2: priority 1 stops the line at once, 2 and 3 need an answer within a
coil, 4 within the shift; nobody is told what cannot be acted upon. Limits that are ratings come
from the mill's data, the others are limits of the trade [M, physics.md 3.5, 4.1, 4.2, 6.1, 6.4].
"""

from collections.abc import Iterator
from functools import cache

from ...alarms import Alarm, AlarmSystem, Kind, check_alarms
from .alarm_family import COOLED, FORCE_BAND, LOADED, NEAR_RATING, STATES, family, one
from .alarm_finishing import stands, strip
from .config import Mill, default_mill
from .signal_table import SIGNALS


def _furnace(mill: Mill) -> Iterator[Alarm]:
    each = [(f,) for f in range(1, mill.furnaces.count + 1)]
    zones = [(f, z) for (f,) in each for z in (3, 4, 5)]
    yield from family(
        zones, "furnace{}.zone_{}_cold", Kind.DEVIATION, "furnace{}.zone_{}_temperature_top", 25.0,
        4, 1800.0,
        ("furnace {}, zone {} stays below its set-point", "{}호 가열로 {}존 온도 미달"),
        ("slabs come out cold, the rougher is overloaded", "슬래브 저온 추출, 조압연 과부하"),
        ("look at the burners and the fuel valve; lengthen the pace",
         "버너와 연료 밸브 점검, 추출 간격 연장"),
        other="furnace{}.zone_{}_setpoint", side="below", dead_band=8.0, on_delay=300.0,
        off_delay=60.0, group="furnace{}",
    )  # fmt: skip
    yield from family(
        each, "furnace{}.soak_uneven", Kind.DISCREPANCY, "furnace{}.zone_5_temperature_top", 40.0,
        4, 1800.0,
        ("furnace {}, soaking zone: top and bottom disagree", "{}호 가열로 균열대 상하부 온도차"),
        ("slabs bend, skid marks deepen; or a thermocouple lies",
         "슬래브 휨, 스키드 마크 심화 또는 열전대 이상"),
        ("compare with the fuel flows; have the thermocouple checked",
         "연료 유량과 비교, 열전대 점검"),
        other="furnace{}.zone_5_temperature_bottom", dead_band=10.0, on_delay=600.0,
        off_delay=60.0, group="furnace{}",
    )  # fmt: skip
    yield from family(
        each, "furnace{}.zone_4_hot", Kind.HIGH, "furnace{}.zone_4_temperature_top", 1583.15,
        3, 600.0,
        ("furnace {}, heating zone over temperature", "{}호 가열로 가열대 과열"),
        ("scale melts, the roof suffers", "스케일 용융, 노정 손상"),
        ("lower the set-point of the heating zones", "가열대 설정온도 하향"),
        dead_band=5.0, on_delay=60.0, off_delay=30.0, group="furnace{}",
    )  # fmt: skip
    yield from family(
        each, "furnace{}.oxygen_low", Kind.LOW, "furnace{}.oxygen", 0.005, 3, 300.0,
        ("furnace {}, too little oxygen in the flue gas", "{}호 가열로 배가스 산소 부족"),
        ("fuel leaves unburnt, carbon monoxide in the hall", "미연소 연료 손실, 일산화탄소 누출"),
        ("raise the excess air", "공기비 상향"),
        dead_band=0.002, on_delay=60.0, off_delay=30.0, group="furnace{}",
    )  # fmt: skip
    yield from family(
        each, "furnace{}.oxygen_high", Kind.HIGH, "furnace{}.oxygen", 0.035, 4, 1800.0,
        ("furnace {}, too much oxygen in the flue gas", "{}호 가열로 배가스 산소 과다"),
        ("more scale, fuel lost to the stack", "스케일 증가, 연료 손실"),
        ("lower the excess air; look for false air", "공기비 하향, 침입 공기 점검"),
        dead_band=0.005, on_delay=300.0, off_delay=60.0, group="furnace{}",
    )  # fmt: skip
    yield from family(
        each, "furnace{}.flue_hot", Kind.HIGH, "furnace{}.flue_temperature", 1423.15, 3, 900.0,
        ("furnace {}, flue gas too hot for the recuperator", "{}호 가열로 배가스 과열"),
        ("dilution air costs fuel, then the recuperator is damaged",
         "희석 공기로 연료 손실, 환열기 손상"),
        ("lower the preheating zones; shorten the pace", "예열대 설정온도 하향, 추출 간격 단축"),
        dead_band=10.0, on_delay=60.0, off_delay=30.0, group="furnace{}",
    )  # fmt: skip
    yield from family(
        each, "furnace{}.pressure_low", Kind.LOW, "furnace{}.pressure", 0.0, 4, 1800.0,
        ("furnace {}, pressure below that of the hall", "{}호 가열로 노압 부압"),
        ("false air comes in: more scale, more fuel", "침입 공기로 스케일과 연료 증가"),
        ("look at doors and damper", "도어와 댐퍼 점검"),
        dead_band=3.0, on_delay=60.0, off_delay=30.0, group="furnace{}",
    )  # fmt: skip
    yield from family(
        each, "furnace{}.slab_cold", Kind.LOW, "furnace{}.next_slab_temperature", 1433.15,
        4, 120.0,
        ("furnace {}, the next slab is cold", "{}호 가열로 추출 예정 슬래브 저온"),
        ("high forces in the rougher, cold bar", "조압연 하중 상승, 바 저온"),
        ("lengthen the pace until it is through", "가열 완료까지 추출 간격 연장"),
        dead_band=5.0, on_delay=30.0, off_delay=30.0, group="furnace{}",
    )  # fmt: skip


def _roughing(mill: Mill) -> Iterator[Alarm]:
    most = mill.rougher.max_force
    yield from one(
        "rm.force_high", Kind.HIGH, "rm.roll_force", NEAR_RATING * most, 3, 30.0,
        ("roll force of the rougher near its rating", "조압연 하중 정격 근접"),
        ("the pass trips, the slab goes back cold", "패스 트립, 슬래브 냉각"),
        ("lengthen the pace for hotter slabs; thicker bar", "추출 간격 연장, 바 두께 상향"),
        dead_band=FORCE_BAND * most, on_delay=0.5, off_delay=2.0, group="roughing",
    )  # fmt: skip
    yield from one(
        "rm.rdt_low", Kind.LOW, "rm.rdt", 1273.15, 4, 120.0,
        ("bar leaves the rougher cold", "조압연 출측온도 저하"),
        ("high forces and low temperature in the finishing mill",
         "마무리압연 하중 상승과 온도 저하"),
        ("raise the soaking zone; look at the descaler and the pyrometer",
         "균열대 설정온도 상향, 디스케일러와 고온계 점검"),
        dead_band=8.0, on_delay=3.0, off_delay=5.0, group="temperature",
        suppressed_in=("no bar",),
    )  # fmt: skip
    yield from one(
        "rm.descaler_low", Kind.LOW, "rm.descaler_pressure", 16.5e6, 4, 300.0,
        ("pressure of the descaling water low", "디스케일링 수압 저하"),
        ("scale is rolled in: surface defects", "스케일 압입 표면 결함"),
        ("look at the pumps; hold the next slab", "펌프 점검, 저하 지속 시 추출 정지"),
        dead_band=0.5e6, on_delay=5.0, off_delay=5.0,
    )  # fmt: skip
    yield from one(
        "rm.rdt_bad", Kind.BAD, "rm.rdt", 0.0, 4, 300.0,
        ("roughing delivery pyrometer not good", "조압연 출측 고온계 이상"),
        ("the set-up of the finishing mill knows no bar temperature", "마무리 설정의 바 온도 미상"),
        ("trust the furnace model; have the pyrometer cleaned", "가열로 모델 사용, 고온계 청소"),
        on_delay=10.0, off_delay=5.0,
    )  # fmt: skip


def _cooling(mill: Mill) -> Iterator[Alarm]:
    """The cascade of the run-out table, in causal order, and the coiler."""
    yield from one(
        "rot.water_low", Kind.LOW, "rot.water_pressure", 0.85e5, 3, 60.0,
        ("cooling water pressure low", "냉각수 압력 저하"),
        ("too little water, coils hot", "냉각수 부족, 코일 고온"),
        ("look at the pumps; raise the cooling correction", "펌프 점검, 냉각량 보정 상향"),
        dead_band=0.03e5, on_delay=5.0, off_delay=5.0, group="cooling",
    )  # fmt: skip
    yield from one(
        "rot.water_warm", Kind.HIGH, "rot.water_temperature", 306.15, 4, 1800.0,
        ("cooling water warm", "냉각수 온도 상승"),
        ("cooling loses strength", "냉각능 저하"),
        ("raise the cooling correction; look at the cooling towers", "냉각 보정 상향, 냉각탑 점검"),
        dead_band=1.0, on_delay=60.0, off_delay=30.0, group="cooling",
    )  # fmt: skip
    yield from family(
        [(b,) for b in range(1, mill.run_out_table.main_banks + 1)],
        "rot.bank_{}_wrong", Kind.DISCREPANCY, "rot.bank_{}_flow", 0.35, 4, 120.0,
        ("cooling bank {} does not follow its command", "냉각 뱅크 {} 지령 불일치"),
        ("coiling temperature off, streaks", "권취온도 이탈, 냉각 불균일"),
        ("take the bank out of service", "해당 뱅크 사용 중지"),
        other="rot.bank_{}_command", dead_band=0.1, on_delay=6.0, off_delay=30.0, group="cooling",
        blind_in=LOADED,
    )  # fmt: skip
    yield from one(
        "rot.feedback_full", Kind.HIGH, "rot.feedback", 0.9, 4, 60.0,
        ("cooling feedback at its limit", "냉각 궤환 한계 도달"),
        ("the next disturbance is not cooled away", "추가 외란 보상 불가"),
        ("raise the cooling correction; look for a dead bank", "냉각량 보정 상향, 불량 뱅크 확인"),
        dead_band=0.2, on_delay=10.0, off_delay=5.0, group="cooling", suppressed_in=COOLED,
    )  # fmt: skip
    for side, name, message, consequence, action in (
        ("above", "rot.ct_hot", ("coiling temperature high", "권취온도 상승"),
         ("strength below the order, thick scale in the coil", "강도 미달, 코일 스케일 증가"),
         ("cool more; look for a bank without water", "냉각 증대, 무수 뱅크 확인")),
        ("below", "rot.ct_cold", ("coiling temperature low", "권취온도 저하"),
         ("steel too hard, poor coil shape", "경질화, 코일 형상 불량"),
         ("cool less; look for a bank that always runs", "냉각 축소, 상시 개방 뱅크 확인")),
    ):  # fmt: skip
        yield from one(
            name, Kind.DEVIATION, "rot.coiling_temperature", 15.0, 4, 60.0,
            message, consequence, action, other="coil.ct_aim", side=side, dead_band=5.0,
            on_delay=5.0, off_delay=3.0, group="cooling", suppressed_in=COOLED,
        )  # fmt: skip
    yield from one(
        "coiler.pinch_slip", Kind.DISCREPANCY, "coiler.pinch_speed", 0.015, 4, 30.0,
        ("pinch rolls do not run with the strip", "핀치롤 슬립"),
        ("slack strip, telescoped coil", "판 처짐, 텔레스코프"),
        ("press harder; slow down for the tail", "핀치롤 가압 상향, 후단 감속"),
        other="fm.speed", relative=True, dead_band=0.01, on_delay=1.0, off_delay=20.0,
        group="coiling", blind_in=COOLED,
    )  # fmt: skip
    yield from one(
        "coiler.tension_low", Kind.LOW, "coiler.tension", 10e6, 4, 30.0,
        ("strip tension at the coiler low", "권취 장력 저하"),
        ("loose coil", "코일 느슨함"),
        ("look at pinch rolls and mandrel", "핀치롤과 맨드릴 점검"),
        dead_band=2e6, on_delay=3.0, off_delay=3.0, group="coiling",
        suppressed_in=(*COOLED, "tail"),
    )  # fmt: skip


def _line() -> Iterator[Alarm]:
    yield from one(
        "line.waiting", Kind.EQUALS, "coil.phase", 0.0, 4, 300.0,
        ("the line waits for a slab", "슬래브 대기"),
        ("tonnes are lost, rolls cool down", "생산 손실, 롤 냉각"),
        ("look at furnace and rougher; shorten the pace", "가열로와 조압연 확인, 추출 간격 단축"),
        on_delay=180.0, off_delay=5.0, suppressed_in=("roll change", "stopped"),
    )  # fmt: skip


@cache
def alarm_table(mill: Mill | None = None) -> tuple[Alarm, ...]:
    """Return the alarms of a mill, in the order of the line; None is the default mill.

    Args:
        mill: gives ratings of stands, number of furnaces and of cooling banks.
    """
    data = default_mill() if mill is None else mill
    table = (
        *_furnace(data),
        *_roughing(data),
        *stands(data),
        *strip(),
        *_cooling(data),
        *_line(),
    )
    check_alarms(table, SIGNALS, STATES)
    return table


def alarm_system(mill: Mill | None = None) -> AlarmSystem:
    """Return the alarms of a mill, all at rest; None is the default mill."""
    return AlarmSystem(alarm_table(mill), STATES)
