"""Worlds for the check of the gate, drawn by hypothesis, and the check's answer to each."""

from itertools import product
from math import inf, nan

from hypothesis import strategies as st

from passline.connectors.gate.check import Memory, Mode, Policy, Request, check
from passline.plant_sim.clock import Moment, plant, wall
from passline.plant_sim.signals import Quality, Sample

from .gate_oracle import MODES, World, judge, person
from .gate_plant import CONTROLS, START

ID = "0" * 32
PLANT, WALL = 5000.0, 300.0
NAMES = (*START, "plc.remote")
SPOILT = (
    "missing", "not a number", "uncertain", "bad", "old (wall)", "old (plant)", "local", "state",
    "cooldown", "budget", "lease", "handed back", "unresolved", "fault", "no clock",
)  # fmt: skip
present = st.sampled_from([0.0, 0.25, 0.5, 1.0, 0.3])
ages = st.sampled_from([-9.0, 0.0, 9.0, 10.0, 11.0, 29.0, 30.0, 31.0, 47.0, 48.0, 59.0, 60.0, 61.0])


@st.composite
def worlds(draw):
    """A world that allows a write, but for up to two things that went wrong."""
    seen = {name: [draw(present), 192, PLANT - 1.0, WALL - 0.5] for name in NAMES}
    seen["plc.remote"][0], seen["mill.state"][0] = 1.0, draw(st.sampled_from([1.0, 2.0]))
    seen["mill.source"][0] = draw(st.sampled_from([0.0, 1.0, 2.0]))
    old = draw(st.sampled_from([0, 1, 2, 3]))
    world = World(
        seen, draw(st.sampled_from(MODES)), PLANT, WALL, budget=draw(st.sampled_from([1, 3])),
        window=600.0, lease_until=WALL + draw(st.sampled_from([0.0, 5.0])),
        recent=[PLANT - draw(st.sampled_from([600.0, 601.0, 900.0])) for _ in range(old)],
    )  # fmt: skip
    if draw(st.booleans()):
        world.last["mill.speed"] = PLANT - draw(st.sampled_from([30.0, 40.0, 48.0, 100.0]))
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 1, 2]))):
        name = draw(st.sampled_from(NAMES))
        match draw(st.sampled_from(SPOILT)):
            case "missing":
                seen.pop(name, None)
            case "bad" if name in seen:
                seen[name][1] = 0
            case "not a number" if name in seen:
                seen[name][0] = draw(st.sampled_from([nan, inf, -inf]))
            case "uncertain" if name in seen:
                seen[name][1] = 64
            case "old (wall)" if name in seen:
                seen[name][3] = WALL - draw(st.sampled_from([3.0, 3.5, 9.0]))
            case "old (plant)" if name in seen:
                seen[name][2] = PLANT - draw(st.sampled_from([60.0, 60.5, 99.0, nan]))
            case "local" if "plc.remote" in seen:
                seen["plc.remote"][0] = draw(st.sampled_from([0.0, 2.0, -1.0]))
            case "state" if "mill.state" in seen:
                seen["mill.state"][0] = draw(st.sampled_from([0.0, 0.5, 2.5, 3.0, 4.0]))
            case "cooldown":
                world.last[draw(st.sampled_from(list(CONTROLS)))] = PLANT - draw(ages)
            case "budget":
                world.recent += [PLANT - draw(st.sampled_from([599.0, 600.0, 0.0]))] * 3
            case "lease":
                world.lease_until = draw(st.sampled_from([-inf, WALL - 0.5]))
            case "handed back":
                world.handed_back = True
            case "unresolved":
                world.unresolved = True
            case "fault":
                world.fault = True
            case "no clock":
                world.plant = -inf
    return world


def wishes(world):
    """Every kind of value for every control, from where it stands."""
    for name, row in CONTROLS.items():
        stands = world.seen.get(name, [0.0])[0]
        moves = (0.0, row.max_step, row.max_step + 0.125, -0.5 * row.max_step, 0.375)
        values = [stands + move for move in moves]
        yield from product([name], [*values, row.low, row.high, row.low - 0.5, row.high + 0.5])
        yield from product([name], [nan, inf, -inf, *row.choices, 1.5])
    yield from (("mill.e_stop", 0.0), ("mill.unknown", 0.0), ("plc.rearm", 1.0))


def asked(world, name, value, catalogue=CONTROLS):
    """The gate's own verdict on a wish in `world`."""
    kinds = {0: Quality.BAD, 64: Quality.UNCERTAIN, 192: Quality.GOOD}
    samples = {n: Sample(v, kinds[q], t, r) for n, (v, q, t, r) in world.seen.items()}
    memory = Memory(
        world.last, tuple(world.recent), world.lease_until, "silence" * world.handed_back,
        (ID,) * world.unresolved, "it is broken" * world.fault,
    )  # fmt: skip
    policy = Policy(
        budget=world.budget, budget_window=world.window,
        fresh=(wall(world.fresh_wall), plant(world.fresh_plant)),
    )  # fmt: skip
    now = Moment(world.plant, world.wall)
    return check(
        Request(ID, name, value), samples, catalogue, Mode(world.mode), memory, now, policy
    )


def compare(world):
    """Ask gate and oracle about every wish in `world`; how many decisions, how many allowed.

    An escape, or a refusal without a ground, is an AssertionError.
    """
    decisions = allowed = 0
    catalogue = CONTROLS | {"mill.e_stop": CONTROLS["mill.gap"]}
    for name, value in wishes(world):
        verdict, right = asked(world, name, value, catalogue), judge(catalogue, world, name, value)
        decisions, allowed = decisions + 1, allowed + verdict.allowed
        assert verdict.allowed == (not verdict.reasons)
        assert right is None or verdict.allowed == right, (world, name, value, verdict)
        assert verdict.needs_person == (verdict.allowed and person(catalogue, world, name))
        assert not verdict.allowed or abs(verdict.value - value) < 1e-6
    return decisions, allowed
