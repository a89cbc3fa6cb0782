"""No limit of the gate can be passed: every allowed request is judged again by an oracle."""

from math import inf, isfinite, nan

from hypothesis import given, settings
from hypothesis import strategies as st

from passline.connectors.gate.check import Memory, Mode, Policy, Request, check
from passline.plant_sim.clock import Moment
from passline.plant_sim.signals import Quality, Sample

from .gate_plant import CONTROLS

PLANT, WALL = 5000.0, 300.0
POLICY = Policy(budget=3, lease=10.0)
NOW = Moment(PLANT, WALL)
ID = "0" * 32

wild = st.one_of(
    st.sampled_from([0.0, 1.0, 2.0, 0.3, 0.6, -0.6, 1.5, 1.6, nan, inf, -inf, 1e300, -0.0, 0.5]),
    st.floats(-3, 3),
)
present = st.one_of(st.sampled_from([0.0, 0.3, 1.0, 1.2]), st.floats(-1.5, 1.5))
SPOILT = (
    "missing", "nan", "uncertain", "bad", "old (wall)", "old (plant)", "local", "cooldown",
    "budget", "lease", "handed back", "unresolved",
)  # fmt: skip


@st.composite
def plants(draw):
    """Samples and memory that allow a write, but for up to two things that went wrong."""
    names = ["mill.speed", "mill.source", "mill.gap", "mill.force", "plc.remote"]
    rows = {name: [draw(present), Quality.GOOD, PLANT - 1.0, WALL - 0.1] for name in names}
    rows["plc.remote"][0] = 1.0
    last = draw(
        st.dictionaries(st.sampled_from(list(CONTROLS)), st.floats(PLANT - 200, PLANT - 60))
    )
    recent = draw(st.lists(st.floats(PLANT - 1200, PLANT), max_size=2))
    lease, handed_back, unresolved = WALL + draw(st.sampled_from([0.0, 5.0])), "", ()
    for _ in range(draw(st.sampled_from([0, 0, 1, 1, 2]))):
        spoilt = draw(st.sampled_from(SPOILT))
        row = rows[draw(st.sampled_from(names))]
        match spoilt:
            case "missing" | "bad":
                row[1] = Quality.BAD
            case "nan":
                row[0] = draw(st.sampled_from([nan, inf]))
            case "uncertain":
                row[1] = Quality.UNCERTAIN
            case "old (wall)":
                row[3] = WALL - draw(st.floats(2.5, 4))
            case "old (plant)":
                row[2] = PLANT - draw(st.floats(50, 70))
            case "local":
                rows["plc.remote"][0] = 0.0
            case "cooldown":
                last[draw(st.sampled_from(list(CONTROLS)))] = PLANT - draw(st.floats(-9, 70))
            case "budget":
                recent += [PLANT - draw(st.floats(500, 700)) for _ in range(3)]
            case "lease":
                lease = draw(st.sampled_from([-inf, WALL - 0.1]))
            case "handed back":
                handed_back = "no beat"
            case "unresolved":
                unresolved = (ID,)
        if spoilt == "missing":
            rows = {name: one for name, one in rows.items() if one is not row}
            names = list(rows)
            rows.setdefault("plc.remote", [1.0, Quality.BAD, PLANT, WALL])
    seen = {name: Sample(*row) for name, row in rows.items()}
    return seen, Memory(last, tuple(recent), lease, handed_back, unresolved)


def oracle(request, seen, mode, memory):
    """What may never be written, said a second time and differently; only for allowed requests."""

    def trusted(name):
        one = seen[name]
        return (
            one.quality is Quality.GOOD
            and isfinite(one.value)
            and WALL - one.received <= 3
            and PLANT - one.time <= 60
        )

    low, high, step, cooldown, choices, needs = {
        "mill.speed": (-1.5, 1.5, 0.6, 30, None, ["mill.force"]),
        "mill.source": (0, 2, inf, 60, [0, 1, 2], []),
        "mill.gap": (0, 1, 0.5, 10, None, []),
    }[request.control]
    assert isfinite(request.value)
    assert low <= request.value <= high
    assert all(trusted(name) for name in [request.control, "plc.remote", *needs])
    assert seen["plc.remote"].value == 1
    assert abs(request.value - seen[request.control].value) <= step + 1e-6
    assert choices is None or min(abs(request.value - choice) for choice in choices) < 1e-6
    assert PLANT - memory.last.get(request.control, -inf) >= cooldown
    assert len([t for t in memory.recent if t > PLANT - 600]) < 3
    assert not memory.handed_back
    assert not memory.unresolved
    assert mode is not Mode.READ_ONLY
    assert mode is not Mode.CLOSED or memory.lease_until >= WALL


def test_an_allowed_request_breaks_no_limit():
    verdicts = []

    @settings(max_examples=500, deadline=None)
    @given(
        control=st.sampled_from([*CONTROLS, *CONTROLS, *CONTROLS, "plc.rearm", "estop"]),
        value=st.one_of(st.sampled_from(["step", "half", "over"]), wild),
        plant=plants(),
        mode=st.sampled_from(list(Mode)),
    )
    def trial(control, value, plant, mode):
        seen, memory = plant
        if isinstance(value, str):  # relative to the present value
            now = seen[control].value if control in seen else 0.0
            value = now + {"step": 0.3, "half": -0.5, "over": 0.61}[value]
            if control == "mill.source" and isfinite(value):
                value = float(round(value))
        verdict = check(Request(ID, control, value), seen, CONTROLS, mode, memory, NOW, POLICY)
        assert verdict.allowed == (not verdict.reasons)
        verdicts.append(verdict.allowed)
        if verdict.allowed:
            oracle(Request(ID, control, verdict.value), seen, mode, memory)
            person = mode is Mode.APPROVE or control == "mill.gap"
            assert verdict.needs_person == person

    trial()
    assert verdicts.count(True) > 20  # a trial that is always refused proves nothing
    assert verdicts.count(False) > 20


FRESH = {
    "mill.speed": Sample(0.0, Quality.GOOD, PLANT, WALL),
    "mill.source": Sample(0.0, Quality.GOOD, PLANT, WALL),
    "mill.gap": Sample(0.0, Quality.GOOD, PLANT, WALL),
    "mill.force": Sample(1e6, Quality.GOOD, PLANT, WALL),
    "plc.remote": Sample(1.0, Quality.GOOD, PLANT, WALL),
}


@settings(max_examples=200, deadline=None)
@given(control=st.sampled_from(list(CONTROLS)), share=st.floats(0, 1), mode=st.sampled_from(Mode))
def test_a_fresh_remote_plant_allows_every_small_step(control, share, mode):
    """The other direction: a gate that refuses everything would pass the test above."""
    value = {"mill.speed": 0.6 * share, "mill.source": round(2 * share), "mill.gap": 0.5 * share}
    memory = Memory(lease_until=WALL + 1)
    request = Request(ID, control, float(value[control]))
    verdict = check(request, FRESH, CONTROLS, mode, memory, NOW, POLICY)
    assert verdict.allowed == (mode is not Mode.READ_ONLY), verdict.reasons


def test_a_choice_is_snapped_to_its_exact_value():
    memory = Memory(lease_until=WALL + 1)
    request = Request(ID, "mill.source", 1.0 + 1e-12)
    verdict = check(request, FRESH, CONTROLS, Mode.CLOSED, memory, NOW)
    assert (verdict.allowed, verdict.value) == (True, 1.0)


def test_every_refusal_says_which_clock_it_means():
    late = Memory(last={"mill.speed": PLANT - 1}, recent=(PLANT,) * 50, lease_until=WALL - 1)
    verdict = check(Request(ID, "mill.speed", 0.3), FRESH, CONTROLS, Mode.CLOSED, late, NOW)
    text = " | ".join(verdict.reasons)
    assert "cooldown is 30 s; wait 29.0 s (plant)" in text
    assert "600 s (plant)" in text
    assert "lease of 15 s (wall)" in text
