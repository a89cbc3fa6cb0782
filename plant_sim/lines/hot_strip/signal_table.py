"""The signals of the whole line, furnace to coiler: one row is the whole truth about one family.

A family is a name with `{}` for its place: `f{}.roll_force` makes seven signals, of which a mill
of fewer stands has the last. Rows are SI; the
column `display` says what an operator reads. `ROWS` says where the number of a signal lies: in
which part of the state, in which row of it, and the factor that makes it SI.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ...signals import Signal, Writer
from ...units import UNITS
from .control_table import CONTROLS
from .parameters import BANKS, STANDS, ZONES


class Row(NamedTuple):
    """Where the number of a signal lies: the sum of `terms` numbers, `stride` apart.

    Attributes:
        part: key of `PARTS`.
        row: name in the layout of that part, of a family its first.
        offset: how many further on.
        factor: what makes the number SI.
        terms: how many numbers are added.
        stride: how far apart they lie.
    """

    part: str
    row: str
    offset: int
    factor: float
    terms: int = 1
    stride: int = 0


# parts of the state of a line -> the module that says what lies where in them
PARTS: dict[str, str] = {
    "block": "rows",
    "furnace1": "furnace_rows",
    "furnace2": "furnace_rows",
    "rougher": "rougher_rows",
    "profile": "profile_rows",
    "table": "runout_rows",
}


class Area(NamedTuple):
    """One unit of the line: its stations (what stands before the dot of a name) and its words."""

    stations: tuple[str, ...]
    english: str
    korean: str


AREAS: dict[str, Area] = {
    "furnace": Area(("furnace", "furnace1", "furnace2"), "reheating furnaces", "가열로"),
    "roughing": Area(("rm",), "roughing mill", "조압연"),
    "finishing": Area(
        ("fm", *(f"f{s}" for s in range(1, STANDS + 1))), "finishing mill", "마무리압연"
    ),
    "run-out": Area(("rot",), "run-out table", "런아웃 테이블"),
    "coiling": Area(("coiler",), "down coiler", "권취기"),
    "order": Area(("coil",), "coil and its order", "코일 정보"),
    "cost": Area(("cost",), "cost counters", "원가 집계"),
    "line": Area(("line",), "line", "라인"),
}

# what disturbs the line, as `line.event` shows it: number -> English, Korean
EVENTS: dict[int, tuple[str, str]] = {
    0: ("none", "없음"),
    1: ("cobble", "코블 (판걸림)"),
    2: ("strip break", "판파단"),
    3: ("force trip", "압연하중 트립"),
    4: ("torque trip", "토크 트립"),
    5: ("power trip", "동력 트립"),
    6: ("tension loss", "장력 상실"),
    7: ("roll change", "롤 교체"),
    8: ("waiting for a slab", "슬래브 대기"),
    9: ("stopped by request", "요청 정지"),
}

# The places of a family: what fills the braces of its name, and how many rows further it lies.
_Places = Sequence[tuple[tuple[int, ...], int]]
_ONE: _Places = (((), 0),)
_FURNACES: _Places = (((1,), 0), ((2,), 0))
_TOP: _Places = tuple(((f, z), z - 1) for f in (1, 2) for z in range(2, ZONES + 1))
_BOTTOM: _Places = tuple((place, ZONES + offset) for place, offset in _TOP)
_STANDS: _Places = tuple(((s,), s - 1) for s in range(1, STANDS + 1))
_GAPS: _Places = tuple(((s,), s - 1) for s in range(1, STANDS))
_SPRAYS: _Places = _GAPS[3:]  # sprays stand behind F4, F5 and F6
_BANKS: _Places = tuple(((b,), b - 1) for b in range(1, BANKS + 1))

# places, name, part and row (no part: the block), low, high (SI), display, writer, noise (SI),
# English, Korean
_FAMILIES: tuple[
    tuple[_Places, str, str, float, float, str, Writer, float, str, str], ...
] = (
    # the coil and its order
    (_ONE, "coil.number", "COIL", 0, 1e6, "1", "level2", 0,
     "coil being rolled", "압연 중 코일 번호"),
    (_ONE, "coil.phase", "PHASE", 0, 3, "1", "level2", 0,
     "0 gap, 1 head, 2 body, 3 tail", "0 간격, 1 선단, 2 본체, 3 후단"),
    (_ONE, "coil.position", "STRIP_DONE", 0, 4000, "m", "level1", 0,
     "strip delivered by F7", "F7 출측 통과 길이"),
    (_ONE, "coil.width", "WIDTH", 0.6, 2.2, "mm", "level2", 0, "strip width", "판폭"),
    (_ONE, "coil.gauge_aim", "GAUGE_AIM", 1e-3, 26e-3, "mm", "level2", 0,
     "gauge aim", "목표 두께"),
    (_ONE, "coil.fdt_aim", "FDT_AIM", 1000, 1300, "degC", "level2", 0,
     "finishing delivery temperature aim", "마무리압연 출측온도 목표"),
    (_ONE, "coil.ct_aim", "CT_AIM", 650, 1100, "degC", "level2", 0,
     "coiling temperature aim", "권취온도 목표"),
    (_ONE, "coil.carbon", "CARBON", 0, 0.02, "wt%", "level2", 0,
     "carbon content as declared", "신고 탄소 함량"),
    (_ONE, "coil.crown_aim", "profile.CROWN_AIM", 0, 150e-6, "um", "level2", 0,
     "crown aim (C40)", "목표 크라운 (C40)"),
    # the furnaces; zone 1 is not fired, 2 preheats, 3 and 4 heat, 5 soaks
    (_FURNACES, "furnace{}.zone_1_temperature", "furnace.SHOWN", 300, 1700, "degC",
     "instrument", 2.0, "furnace {}, temperature of the charging zone", "{}호 가열로 장입대 온도"),
    (_TOP, "furnace{}.zone_{}_temperature_top", "furnace.SHOWN", 300, 1700, "degC",
     "instrument", 2.0, "furnace {}, temperature of zone {}, top", "{}호 가열로 {}존 상부 온도"),
    (_BOTTOM, "furnace{}.zone_{}_temperature_bottom", "furnace.SHOWN", 300, 1700, "degC",
     "instrument", 2.0, "furnace {}, temperature of zone {}, bottom", "{}호 가열로 {}존 하부 온도"),
    (_TOP, "furnace{}.zone_{}_setpoint", "furnace.SETPOINT", 300, 1700, "degC", "level2", 0,
     "furnace {}, set-point of zone {}", "{}호 가열로 {}존 설정온도"),
    (_TOP, "furnace{}.zone_{}_fuel", "furnace.SHOWN_FUEL", 0, 5, "Nm3/h", "instrument", 0.01,
     "furnace {}, fuel of zone {}, top and bottom", "{}호 가열로 {}존 연료 유량"),
    (_TOP, "furnace{}.zone_{}_air", "furnace.SHOWN_AIR", 0, 60, "Nm3/h", "instrument", 0.1,
     "furnace {}, combustion air of zone {}, top and bottom", "{}호 가열로 {}존 공기 유량"),
    (_FURNACES, "furnace{}.oxygen", "furnace.OXYGEN_SHOWN", 0, 0.21, "%", "instrument", 5e-4,
     "oxygen in the flue gas of furnace {}", "{}호 가열로 배가스 산소"),
    (_FURNACES, "furnace{}.air_temperature", "furnace.PREHEAT_SHOWN", 250, 1000, "degC",
     "instrument", 2.0, "air behind the recuperator of furnace {}", "{}호 가열로 예열공기 온도"),
    (_FURNACES, "furnace{}.flue_temperature", "furnace.FLUE_SHOWN", 300, 1500, "degC",
     "instrument", 3.0, "flue gas before the recuperator of furnace {}", "{}호 가열로 배가스 온도"),
    (_FURNACES, "furnace{}.pressure", "furnace.PRESSURE_SHOWN", -50, 100, "Pa", "instrument",
     0.5, "pressure in furnace {} over the hall", "{}호 가열로 노압"),
    (_FURNACES, "furnace{}.slabs", "furnace.INSIDE", 0, 60, "1", "level1", 0,
     "slabs in furnace {}", "{}호 가열로 재로 슬래브 수"),
    (_FURNACES, "furnace{}.next_slab_temperature", "furnace.NEXT_MODEL", 300, 1700, "degC",
     "level2", 0, "level-2 mean temperature of the next slab of furnace {}",
     "{}호 가열로 추출 예정 슬래브 온도"),
    (_FURNACES, "furnace{}.fuel", "furnace.SHOWN_FUEL", 0, 12, "Nm3/h", "instrument", 0.02,
     "fuel of furnace {}, all zones", "{}호 가열로 총 연료 유량"),
    # the roughing mill
    (_ONE, "rm.roll_force", "rougher.SHOWN_RM_FORCE", 0, 45e6, "MN", "instrument", 0.1e6,
     "roll force of the rougher", "조압연 하중"),
    (_ONE, "rm.torque", "rougher.SHOWN_RM_TORQUE", -6e6, 6e6, "kNm", "instrument", 10e3,
     "drive torque of the rougher", "조압연 토크"),
    (_ONE, "rm.power", "rougher.SHOWN_RM_POWER", 0, 16e6, "MW", "instrument", 0.05e6,
     "drive power of the rougher", "조압연 동력"),
    (_ONE, "rm.speed", "rougher.SHOWN_RM_SPEED", -7, 7, "m/s", "instrument", 0.005,
     "roll speed of the rougher, negative when it rolls back", "조압연 속도 (역방향 음)"),
    (_ONE, "rm.gap", "rougher.SHOWN_RM_GAP", 0, 0.35, "mm", "instrument", 20e-6,
     "roll gap of the rougher", "조압연 롤 갭"),
    (_ONE, "rm.pass", "rougher.RM_PASS", 0, 11, "1", "level1", 0,
     "pass of the rougher: 0 none", "조압연 패스: 0 없음"),
    (_ONE, "rm.edger_gap", "rougher.SHOWN_EDGER_GAP", 0, 2.4, "mm", "instrument", 0.5e-3,
     "opening of the edger", "에저 간격"),
    (_ONE, "rm.rdt", "rougher.SHOWN_RDT", 900, 1550, "degC", "instrument", 3.0,
     "roughing delivery temperature (pyrometer)", "조압연 출측온도"),
    (_ONE, "rm.width", "rougher.SHOWN_RM_WIDTH", 0, 2.3, "mm", "instrument", 1e-3,
     "bar width behind the rougher", "조압연 출측 폭"),
    (_ONE, "rm.bar_length", "rougher.SHOWN_BAR_LENGTH", 0, 150, "m", "instrument", 0.05,
     "length of the transfer bar", "바 길이"),
    (_ONE, "rm.descaler_pressure", "rougher.SHOWN_DESCALER", 0, 30e6, "MPa", "instrument", 0.05e6,
     "pressure of the descaling water, roughing and finishing", "디스케일링 수압"),
    # the finishing mill
    (_ONE, "fm.entry_temperature", "SHOWN_ENTRY", 1100, 1500, "degC", "instrument", 3.0,
     "strip temperature before F1", "F1 입측 온도"),
    (_ONE, "fm.speed", "SHOWN_SPEED", 0, 22, "m/s", "instrument", 0.005,
     "strip speed at F7", "F7 출측 속도"),
    (_STANDS, "f{}.roll_force", "SHOWN_FORCE", 0, 40e6, "MN", "instrument", 0.06e6,
     "roll force of F{}", "F{} 압연하중"),
    (_STANDS, "f{}.force_expected", "EXPECTED", 0, 40e6, "MN", "level2", 0,
     "roll force of F{} that level 2 expects", "F{} 예측 압연하중"),
    (_STANDS, "f{}.gap", "SHOWN_GAP", 0, 0.12, "mm", "instrument", 2e-6,
     "roll gap of F{}", "F{} 롤 갭"),
    (_STANDS, "f{}.speed", "SHOWN_STAND_SPEED", 0, 22, "m/s", "instrument", 0.002,
     "roll speed of F{}", "F{} 롤 속도"),
    (_STANDS, "f{}.torque", "SHOWN_TORQUE", -1e6, 4e6, "kNm", "instrument", 2e3,
     "drive torque of F{}", "F{} 구동 토크"),
    (_STANDS, "f{}.bending", "profile.BENDING", -2e6, 2e6, "kN", "instrument", 5e3,
     "work-roll bending of F{}, a side", "F{} 벤딩력 (편측)"),
    (_STANDS, "f{}.shift", "profile.SHIFT", -0.2, 0.2, "mm", "instrument", 0.2e-3,
     "work-roll shift of F{}", "F{} 롤 시프트"),
    (_GAPS, "f{}.tension", "SHOWN_TENSION", -5e6, 60e6, "MPa", "instrument", 0.1e6,
     "strip tension behind F{}", "F{} 출측 장력"),
    (_GAPS, "f{}.looper_angle", "SHOWN_LOOPER", -0.2, 1.4, "deg", "instrument", 2e-3,
     "angle of the looper behind F{}", "F{} 출측 루퍼 각도"),
    (_SPRAYS, "f{}.spray_flow", "SHOWN_SPRAY", -0.1, 1.2, "%", "instrument", 0.01,
     "flow of the spray behind F{} over its rating", "F{} 출측 스프레이 유량 비"),
    (_ONE, "fm.force_ratio", "FORCE_RATIO", 0.3, 2.0, "1", "level2", 0,
     "measured over expected roll force, mean of F1-F4 at the head",
     "압연하중 실측/예측 비 (F1-F4, 선단)"),
    (_ONE, "fm.exit_thickness", "SHOWN_GAUGE", 0, 30e-3, "mm", "instrument", 2e-6,
     "thickness behind F7 (X-ray gauge)", "F7 출측 두께 (X선)"),
    (_ONE, "fm.exit_width", "SHOWN_WIDTH", 0.0, 2.3, "mm", "instrument", 0.5e-3,
     "width behind F7", "F7 출측 폭"),
    (_ONE, "fm.crown", "profile.SHOWN_CROWN", -200e-6, 400e-6, "um", "instrument", 3e-6,
     "crown behind F7, centre against 40 mm from the edge (C40)", "F7 출측 크라운 (C40)"),
    (_ONE, "fm.flatness", "profile.SHOWN_FLATNESS", -1e-2, 1e-2, "IU", "instrument", 3e-5,
     "flatness behind F7: positive wavy edges, negative centre buckle",
     "F7 출측 평탄도: 양 에지 웨이브, 음 센터 버클"),
    (_ONE, "fm.fdt", "SHOWN_FDT", 900, 1400, "degC", "instrument", 2.0,
     "finishing delivery temperature (pyrometer)", "마무리압연 출측온도"),
    (_ONE, "fm.fdt_model", "FDT_MODEL", 900, 1400, "degC", "level2", 0,
     "finishing delivery temperature (level-2 estimate)", "마무리압연 출측온도 추정"),
    (_ONE, "fm.spray_opening", "SPRAY", 0, 1, "%", "level1", 0,
     "interstand spray opening", "스탠드간 냉각 개도"),
    (_ONE, "fm.power", "SHOWN_POWER", 0, 80e6, "MW", "instrument", 0.05e6,
     "drive power of the finishing mill", "마무리압연 동력"),
    (_ONE, "fm.hydraulic_pressure", "SHOWN_HYDRAULIC", 0, 40e6, "MPa", "instrument", 0.05e6,
     "supply pressure of the gap cylinders", "압하 유압 공급압력"),
    # the run-out table
    (_ONE, "rot.mid_temperature", "table.SHOWN_MID", 500, 1400, "degC", "instrument", 3.0,
     "strip temperature in the middle of the table (pyrometer)", "런아웃 중간온도"),
    (_ONE, "rot.coiling_temperature", "table.SHOWN_CT", 500, 1300, "degC", "instrument", 3.0,
     "coiling temperature (pyrometer)", "권취온도"),
    (_ONE, "rot.demand", "table.DEMAND", 0, BANKS, "1", "level2", 0,
     "banks asked for by the feed-forward", "전향제어 요구 뱅크 수"),
    (_ONE, "rot.feedback", "table.FEEDBACK", -3, 3, "1", "level1", 0,
     "banks added by the coiling-temperature feedback", "권취온도 궤환 뱅크 수"),
    (_ONE, "rot.water_temperature", "table.SHOWN_WATER", 273.15, 333.15, "degC", "instrument", 0.2,
     "cooling water temperature", "냉각수 온도"),
    (_ONE, "rot.water_pressure", "table.SHOWN_WATER_PRESSURE", 0, 5e5, "bar", "instrument", 1e3,
     "pressure at the cooling headers", "냉각 헤더 수압"),
    (_BANKS, "rot.bank_{}_flow", "table.SHOWN_FLOW", -0.1, 1.2, "%", "instrument", 0.01,
     "flow of cooling bank {} over its rating", "냉각 뱅크 {} 유량 비"),
    (_BANKS, "rot.bank_{}_command", "table.COMMAND", 0, 1, "%", "level1", 0,
     "valve command of cooling bank {}", "냉각 뱅크 {} 밸브 지령"),
    # the coiler
    (_ONE, "coiler.pinch_speed", "table.SHOWN_PINCH_SPEED", 0, 25, "m/s", "instrument", 0.005,
     "roll speed of the pinch rolls", "핀치롤 속도"),
    (_ONE, "coiler.mandrel_speed", "table.SHOWN_MANDREL_SPEED", 0, 25, "m/s", "instrument", 0.005,
     "speed of the coil's outer wrap", "맨드릴 권취 속도"),
    (_ONE, "coiler.tension", "table.SHOWN_COILER_TENSION", 0, 80e6, "MPa", "instrument", 0.3e6,
     "strip tension at the coiler", "권취 장력"),
    (_ONE, "coiler.diameter", "table.SHOWN_DIAMETER", 0.5, 2.5, "mm", "instrument", 1e-3,
     "diameter of the coil", "코일 외경"),
    # the line
    (_ONE, "line.state", "LINE_STATE", 0, 4, "1", "level2", 0,
     "0 stopped, 1 waiting for a slab, 2 rolling, 3 roll change, 4 cobble",
     "0 정지, 1 슬래브 대기, 2 압연, 3 롤 교체, 4 코블"),
    (_ONE, "line.pace", "rougher.PACE", 0, 3600, "s", "level2", 0,
     "seconds from slab to slab that pacing plans", "계획 추출 간격"),
    (_ONE, "line.delay", "DELAY", 0, 1e7, "s", "level2", 0,
     "seconds lost since the campaign began", "누적 지연 시간"),
    (_ONE, "line.event", "EVENT", 0, max(EVENTS), "1", "level2", 0,
     "what disturbs the line now: " + ", ".join(f"{n} {words[0]}" for n, words in EVENTS.items()),
     "현재 라인 이상: " + ", ".join(f"{n} {words[1]}" for n, words in EVENTS.items())),
    (_ONE, "line.tariff", "TARIFF", 0, 10, "1", "level2", 0,
     "price of electricity, times its usual one", "전력 요금 배율"),
    # totals since the campaign began
    (_ONE, "cost.fuel", "COST_FUEL", 0, 1e9, "EUR", "level2", 0, "furnace fuel", "연료비"),
    (_ONE, "cost.scale", "COST_SCALE", 0, 1e9, "EUR", "level2", 0,
     "steel lost to scale", "스케일 손실"),
    (_ONE, "cost.downgrade", "COST_DOWNGRADE", 0, 1e9, "EUR", "level2", 0,
     "steel outside its tolerances", "품질 격하 손실"),
    (_ONE, "cost.energy", "COST_ENERGY", 0, 1e9, "EUR", "level2", 0,
     "drive energy", "전력비"),
    (_ONE, "cost.water", "COST_WATER", 0, 1e9, "EUR", "level2", 0, "water", "용수비"),
    (_ONE, "cost.delay", "COST_DELAY", 0, 1e9, "EUR", "level2", 0, "line time", "라인 시간"),
    (_ONE, "cost.rolls", "COST_ROLLS", 0, 1e9, "EUR", "level2", 0, "roll wear", "롤 마모"),
    (_ONE, "cost.harm", "HARM_TOTAL", 0, 1e7, "s", "level2", 0,
     "harm, apart from money: seconds beyond a rating, trips and cobbles included",
     "위해 (비용과 별도): 정격 초과 시간, 트립과 코블 포함"),
)  # fmt: skip

_FACTORS = {"coil.carbon": 0.01, "fm.flatness": 1e-5}  # kept in wt%, and in I-units
_SUMS = {  # terms and stride of what is the sum of a furnace's top and bottom zones
    "furnace{}.zone_{}_fuel": (2, ZONES),
    "furnace{}.zone_{}_air": (2, ZONES),
    "furnace{}.fuel": (2 * ZONES, 1),
}
_CONTROL_PARTS = {
    "rm.bar_trim": "rougher",
    "rm.width_trim": "rougher",
    "line.pace_trim": "rougher",
    "rot.strategy": "table",
    "rot.ct_source": "table",
}


def _rows() -> Iterator[tuple[Signal, Row]]:
    for places, name, key, low, high, display, writer, noise, english, korean in _FAMILIES:
        part, _, row = key.rpartition(".")
        for place, offset in places:
            at, unit = name.format(*place), UNITS[display][0]
            yield (
                Signal(
                    at, unit, low, high, display, writer,
                    english.format(*place), korean.format(*place), noise,
                ),
                Row(
                    f"furnace{place[0]}" if part == "furnace" else part or "block",
                    row, offset, _FACTORS.get(name, 1.0), *_SUMS.get(name, (1, 0)),
                ),
            )  # fmt: skip
    for control in CONTROLS.values():
        yield (
            Signal(
                control.name, UNITS[control.display][0], min(control.low, 0.0) - 1e-9,
                control.high, control.display, "operator", control.english, control.korean,
            ),
            Row(
                _CONTROL_PARTS.get(control.name, "block"),
                control.name.partition(".")[2].upper(), 0, 1.0,
            ),
        )  # fmt: skip


SIGNALS: dict[str, Signal] = {signal.name: signal for signal, _ in _rows()}
ROWS: dict[str, Row] = {signal.name: row for signal, row in _rows()}


def area(name: str) -> str:
    """Return the key in `AREAS` of the unit that a signal or control belongs to.

    >>> area("f3.roll_force"), area("furnace1.oxygen"), area("rot.bank_out")
    ('finishing', 'furnace', 'run-out')
    """
    return _AREA_OF[name.partition(".")[0]]


def stands_there(name: str, absent: int) -> bool:
    """Return whether a signal exists in a mill with so many stands less than seven.

    >>> stands_there("f1.tension", 0), stands_there("f1.tension", 1), stands_there("fm.speed", 1)
    (True, False, True)
    """
    return name.partition(".")[0] not in _STATIONS[:absent]


_STATIONS = tuple(f"f{s}" for s in range(1, STANDS + 1))
_AREA_OF = {station: key for key, found in AREAS.items() for station in found.stations}
