"""The kinds of faults: how big, where, what each moves, and where it must not show.

A fault changes an input of the physics, an actuator or an instrument, never a result. The order of
the kinds is that of `lines.hot_strip.faults`, where kernels find the present size of each. Sizes
and ramps are of the fault library [M 6.3] where it names them, otherwise chosen here [T].
"""

from dataclasses import dataclass

from ..lines.hot_strip import faults as kinds

FROM, UNTIL, SIZE, RAMP, PLACE = range(5)  # columns of a fault table
FOREVER = 1e9  # 1: coil number that no campaign reaches: the fault stays [C]

# What a fault may move: KPI -> unit and meaning, each for one coil.
KPIS = {
    "gauge_hit": ("1", "share of the mass inside the gauge tolerance"),
    "width_hit": ("1", "share of the mass inside the width tolerance"),
    "profile_hit": ("1", "share of the mass inside the crown tolerance"),
    "flatness_hit": ("1", "share of the mass inside the flatness tolerance"),
    "fdt_hit": ("1", "share of the mass inside the tolerance of the delivery temperature"),
    "ct_hit": ("1", "share of the mass inside the tolerance of the coiling temperature"),
    "coil_hit": ("1", "share of the mass wound with straight edges"),
    "furnace_energy": ("J", "fuel burnt in its line time"),
    "seconds": ("s", "line time"),
    "harm": ("s", "seconds beyond a rating"),
}

ORDERED = ("coil.width", "coil.gauge_aim", "coil.fdt_aim", "coil.ct_aim", "coil.carbon")
MILL = ("fm.*", "f?.roll_force")
WATER = ("rot.water_temperature",)
EVER = (*ORDERED, *WATER)  # where almost no fault shows


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault.

    Attributes:
        name: public name.
        unit: of its size, SI; "1" for a share that is lost, and for a factor minus 1 (`skid`,
            `roll_wear`, `wrong_grade`, `air_ratio`).
        low: least sensible size.
        high: greatest sensible size; sizes lie between the two, never at 0.
        place: what `place` counts from 1: stand, gap (between a stand and the next), bank, or
            control zone of the furnace; "" when the kind has no place (place 0).
        places: least and greatest place at which it is felt.
        ramp: least and greatest time (s) from onset to full size; 0 is at once.
        both: whether the size may also have the other sign.
        tags: scenarios of the catalogue of drills, and the unit of the line.
        english: what goes wrong.
        korean: the same.
        moves: which KPI it moves and by how much at least, sign included: mean over the coils under
            a fault of middle size and place, without an agent, against the same campaign without
            it. About half of what `benchmarks/fault_effects.py` measures in the supervisory
            resolution. Empty when the automation takes it out, or when it acts faster than that
            resolution: it then shows in the signals, and in the fine mill.
        hidden: signals (shell patterns) in which it must not be visible.
    """

    name: str
    unit: str
    low: float
    high: float
    place: str
    places: tuple[int, int]
    ramp: tuple[float, float]
    both: bool
    tags: tuple[str, ...]
    english: str
    korean: str
    moves: tuple[tuple[str, float], ...]
    hidden: tuple[str, ...]

    @property
    def index(self) -> int:
        """Row of a fault table and of the present sizes."""
        return _ROW_OF[self.name]


_ROW_OF = {name: row for row, name in enumerate(kinds.FAULTS)}


NOWHERE, STAND, GAP, ZONE = ("", (0, 0)), ("stand", (1, 7)), ("gap", (1, 6)), ("zone", (2, 5))
# Places where the default mill feels it: thin strip takes four or five banks, the first ones; the
# middle stands have the least power to spare; wear shows in the last stands.
FIRST_BANKS, LAST_BANKS = ("bank", (1, 5)), ("bank", (7, 12))
LAST_STANDS, LOADED_STANDS = ("stand", (4, 7)), ("stand", (3, 6))
STEP = (0.0, 0.0)  # s: at once [C]
SLOW, DRIFT = (300.0, 1800.0), (120.0, 900.0)  # s: ranges of ramps [T]


def _fault(
    name: str,
    unit: str,
    low: float,
    high: float,
    place: tuple[str, tuple[int, int]],
    ramp: tuple[float, float],
    tags: str,
    english: str,
    korean: str,
    moves: dict[str, float],
    hidden: tuple[str, ...] = EVER,
    both: bool = False,
) -> Fault:
    return Fault(
        name, unit, low, high, place[0], place[1], ramp, both, tuple(tags.split()), english, korean,
        tuple(moves.items()), hidden,
    )  # fmt: skip


_ROWS = (
    # instruments
    _fault("fdt_pyrometer", "K", -42.0, -10.0, NOWHERE, DRIFT, "S21 mill instrument",
           "the finishing pyrometer reads low", "마무리압연 출측 고온계가 낮게 지시",
           {"fdt_hit": -0.2}),
    _fault("ct_pyrometer", "K", -40.0, -10.0, NOWHERE, DRIFT, "S21 table instrument",
           "the coiling pyrometer reads low", "권취 고온계가 낮게 지시",
           {"ct_hit": -0.3}, (*EVER, *MILL)),
    _fault("rdt_pyrometer", "K", -40.0, -10.0, NOWHERE, DRIFT, "S11 S21 rougher instrument",
           "the roughing delivery pyrometer reads wrong", "조압연 출측 고온계 지시 오차",
           {"furnace_energy": -8e7}, both=True),
    _fault("thickness_gauge", "m", 20e-6, 80e-6, NOWHERE, STEP, "S22 mill instrument",
           "the X-ray gauge has an offset", "X선 두께계 옵셋",
           {"gauge_hit": -0.4}, both=True),
    _fault("load_cell", "N", 0.3e6, 1.2e6, STAND, STEP, "S23 mill instrument",
           "the load cell of a stand has lost its zero", "로드셀 영점 이동",
           {}, both=True),
    _fault("gap_encoder", "m", 40e-6, 150e-6, STAND, STEP, "mill instrument",
           "the gap encoder of a stand has an offset", "롤갭 엔코더 옵셋",
           {}, both=True),
    _fault("modulus_error", "1", 0.05, 0.12, STAND, STEP, "mill instrument",
           "the gauge meter of a stand has a wrong modulus", "게이지미터 밀 강성 오차",
           {}, both=True),
    # the mill
    _fault("eccentricity", "m", 10e-6, 45e-6, STAND, SLOW, "mill",
           "a backup roll runs out of true", "보강롤 편심",
           {}),
    _fault("roll_wear", "1", 0.5, 2.0, LAST_STANDS, STEP, "S3 mill",
           "the work rolls of a stand wear faster", "작업롤 마모 가속",
           {}),
    _fault("hgc_leak", "m/s", 5e-5, 3e-4, STAND, STEP, "mill",
           "a hydraulic capsule leaks and its gap creeps open", "유압 압하 실린더 누유",
           {}),
    _fault("hgc_slow", "1", 0.3, 0.8, STAND, STEP, "mill",
           "the gap of a stand moves slowly", "유압 압하 응답 저하",
           {}),
    _fault("agc_stiction", "m", 8e-6, 40e-6, STAND, STEP, "S14 mill",
           "the servo valve of a gap sticks", "압하 서보밸브 고착",
           {}),
    _fault("drive_droop", "1", 0.004, 0.020, STAND, STEP, "S12 mill",
           "a main drive droops under load", "주전동기 속도 저하",
           {"seconds": 0.2}),
    _fault("drive_limit", "1", 0.25, 0.60, LOADED_STANDS, STEP, "S16 mill",
           "a main drive has lost part of its rating", "주전동기 출력 제한",
           {"harm": 1.0}),
    # the run-out table and water
    _fault("bank_shut", "1", 0.6, 1.0, FIRST_BANKS, STEP, "S17 table",
           "the valve of a cooling bank stays shut", "냉각 뱅크 밸브 닫힘 고착",
           {"ct_hit": -0.005}, (*EVER, *MILL)),
    _fault("bank_open", "1", 0.6, 1.0, LAST_BANKS, STEP, "S17 table",
           "the valve of a cooling bank stays open", "냉각 뱅크 밸브 열림 고착",
           {"ct_hit": -0.008}, (*EVER, *MILL)),
    _fault("water_pressure", "1", 0.12, 0.35, NOWHERE, (8.0, 60.0), "table",
           "a pump trips and the cooling water loses pressure", "냉각수 펌프 정지로 압력 저하",
           {}),
    _fault("water_warm", "K", 4.0, 15.0, NOWHERE, (300.0, 2400.0), "S10 table",
           "the cooling water warms up", "냉각수 온도 상승",
           {}, ORDERED),
    _fault("descaler", "1", 0.25, 0.7, NOWHERE, STEP, "S9 mill",
           "the descaler runs at low pressure", "디스케일러 압력 저하",
           {"furnace_energy": 5e7, "seconds": 0.8}),
    _fault("spray_block", "1", 0.2, 0.6, GAP, SLOW, "mill",
           "nozzles of an interstand spray are blocked", "스탠드간 스프레이 노즐 막힘",
           {}),
    # material, furnace and rougher
    _fault("wrong_grade", "1", 0.12, 0.24, NOWHERE, STEP, "S8 material",
           "the steel is harder than its declared grade", "신고 강종보다 단단한 소재",
           {"gauge_hit": -0.007, "flatness_hit": -0.01, "fdt_hit": -0.004}),
    _fault("thermocouple", "K", -40.0, -15.0, ZONE, (900.0, 7200.0), "furnace instrument",
           "the thermocouple of a furnace zone drifts low", "가열로 열전대 드리프트",
           {"furnace_energy": 1.5e7}),
    _fault("burner", "1", 0.25, 0.7, ZONE, STEP, "furnace",
           "burners of a furnace zone are lost", "가열로 버너 소화",
           {"furnace_energy": 2e8}),
    _fault("skid", "1", 0.8, 3.0, NOWHERE, STEP, "S6 furnace material",
           "skid marks are deep", "스키드 마크 심화",
           {"furnace_energy": 1e9}),
    _fault("looper_swing", "1", 0.3, 1.0, GAP, STEP, "S13 mill",
           "a looper oscillates", "루퍼 진동",
           {}),
    _fault("bending_limit", "1", 0.3, 0.8, STAND, STEP, "S15 mill",
           "the work-roll bending of a stand has lost range", "작업롤 벤딩 제한",
           {}),
    _fault("edger_slip", "1", 0.2, 0.7, NOWHERE, STEP, "S18 rougher",
           "the edger slips and takes less width", "에저 슬립",
           {"width_hit": -0.08}),
    _fault("pinch_slip", "1", 0.35, 0.90, NOWHERE, STEP, "S19 coiler",
           "the pinch rolls before the coiler slip", "권취기 핀치롤 슬립",
           {"coil_hit": -0.19, "harm": 25.0}),
    _fault("cold_head", "K", 20.0, 70.0, NOWHERE, STEP, "S7 material furnace",
           "the head end of the bar is cold", "바 선단 저온",
           {"seconds": -1.0}),
    _fault("late_discharge", "s", 60.0, 420.0, NOWHERE, STEP, "S4 furnace",
           "the furnace discharges late", "가열로 장출 지연",
           {"seconds": 120.0}),
    _fault("hydraulic_pressure", "1", 0.15, 0.5, NOWHERE, (60.0, 600.0), "S20 mill",
           "the hydraulic supply loses pressure", "유압 공급 압력 저하",
           {"flatness_hit": -0.0005}),
    _fault("air_ratio", "1", 0.08, 0.30, NOWHERE, SLOW, "furnace",
           "the excess air of the furnace is wrong", "가열로 공기비 오차",
           {"furnace_energy": 1e8}),
)  # fmt: skip
FAULTS: dict[str, Fault] = {row.name: row for row in _ROWS}
