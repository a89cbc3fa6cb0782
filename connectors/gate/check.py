"""The rule book of the gate: one pure function says whether a write may go out.

Nothing here reads a clock, a file or a socket: the caller passes the samples, what the gate
remembers and the two clocks. So the agent's guard, the gate before the send and the tests all ask
the very same function. Every limit says which clock it means: *plant* is the clock of the line
(it runs 14 times faster in a demo), *wall* is `time.monotonic()` of this machine.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf, isclose, isfinite

from ...plant_sim.clock import Limit, Moment, plant, wall
from ...plant_sim.controls import Control
from ...plant_sim.signals import Sample
from .denied import denied


class Mode(StrEnum):
    """What the gate does with a request that passes every limit."""

    READ_ONLY = "read-only"
    SHADOW = "shadow"
    ADVISORY = "advisory"
    APPROVE = "approve"
    CLOSED = "closed"

    @property
    def rank(self) -> int:
        """How much the agent may do: 0 for read-only up to 4 for closed loop."""
        return list(Mode).index(self)


@dataclass(frozen=True, slots=True)
class Policy:
    """The limits that belong to the gate and not to one control.

    Attributes:
        budget: greatest number of writes, all controls together, in `budget_window`.
        budget_window: plant s.
        fresh: greatest ages of a sample: since it reached us, and against the newest plant time.
        lease: how long one beat of the agent lasts, wall s.
        approval_ttl: how long an approval may wait for a person, wall s.
        waiting: greatest number of approvals that may wait at once.
        readback: how long to wait for the read-back after the echo, wall s.
        settle: how long the mailbox must go on not knowing an id before the gate makes it void
            there, so that it can still end, wall s.
        drift: share of a signal's plausible range by which an input of the check may move while
            an approval waits; more, and the approval lapses.
        remote: signal that is 1 while the plant takes orders from outside.
    """

    budget: int = 12
    budget_window: float = 600.0
    fresh: tuple[Limit, ...] = (wall(3.0), plant(60.0))
    lease: float = 15.0
    approval_ttl: float = 120.0
    waiting: int = 8
    readback: float = 2.0
    settle: float = 1.0
    drift: float = 0.1
    remote: str = "plc.remote"


DEFAULT_POLICY = Policy()


@dataclass(frozen=True, slots=True)
class Request:
    """One wish: set `control` to `value` (SI).

    Attributes:
        action_id: 128 bits as 32 lower-case hex digits, made once by whoever decided.
        control: name of a control of the catalogue.
        value: SI.
        requester: who asks; an approver must be somebody else.
        why: reason in words, for people only.
        snapshot_id: which snapshot the decision rests on.
    """

    action_id: str
    control: str
    value: float
    requester: str = "agent"
    why: str = ""
    snapshot_id: str = ""


@dataclass(frozen=True, slots=True)
class Memory:
    """What the gate remembers; the write history is rebuilt from the ledger at every start.

    Attributes:
        last: plant time of the last write of each control, s.
        recent: plant times of the writes of all controls, s.
        lease_until: wall time until which an agent is known to be alive, s.
        handed_back: why the plant was handed back to its own automation; empty when it was not.
        unresolved: action ids of writes whose outcome is not known yet.
        fault: why the gate itself is not fit to write; empty when it is.
    """

    last: Mapping[str, float] = field(default_factory=dict)
    recent: tuple[float, ...] = ()
    lease_until: float = -inf
    handed_back: str = ""
    unresolved: tuple[str, ...] = ()
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the check found.

    Attributes:
        allowed: no limit speaks against the write.
        value: the value that would be written, SI; a choice is snapped to its exact value.
        reasons: why not, one sentence each; empty when allowed.
        needs_person: allowed, but only after a person approved it.
    """

    allowed: bool
    value: float
    reasons: tuple[str, ...]
    needs_person: bool = False


def check(
    request: Request,
    samples: Mapping[str, Sample],
    catalogue: Mapping[str, Control],
    mode: Mode,
    memory: Memory,
    now: Moment,
    policy: Policy = DEFAULT_POLICY,
) -> Verdict:
    """Return whether `request` may be written now, and every reason against it.

    Pure: the same arguments give the same verdict.

    Args:
        request: what is asked for, SI.
        samples: what is known of the plant.
        catalogue: the controls that exist; nothing else can be written.
        mode: mode of the gate.
        memory: earlier writes, lease, hand-back.
        now: both clocks.
        policy: the limits common to all controls.
    """
    if word := denied(request.control):
        return Verdict(
            False,
            request.value,
            (f"{request.control} belongs to a safety function ({word}); passline never writes it",),
        )
    control = catalogue.get(request.control)
    if control is None:
        known = ", ".join(catalogue)
        return Verdict(
            False, request.value, (f"{request.control!r} is no control of this line; use {known}",)
        )
    reasons = [
        *_value(control, request.value, samples, now, policy),
        *_needs(control, samples, now, policy),
        *_permits(control, samples, now, policy),
        *_history(control, memory, now, policy),
        *_rate(control, request.value, samples, memory, now),
        *_exclusions(control, catalogue, memory, now),
        *_standing(mode, samples, memory, now, policy),
    ]
    value = next((c for c in control.choices if isclose(c, request.value)), request.value)
    person = mode is Mode.APPROVE or control.risk == "high"
    return Verdict(not reasons, value, tuple(reasons), person and not reasons)


def stale(name: str, sample: Sample | None, now: Moment, policy: Policy) -> str | None:
    """Return why `sample` cannot be relied on, or None when it is Good, finite and fresh."""
    if sample is None:
        return f"{name} has never been read; check the tag file and the link"
    if not sample.good:
        return f"{name} is {sample.quality.name} ({sample.value:g}); wait for a Good reading"
    since = Moment(sample.time, sample.received)
    for limit in policy.fresh:
        if limit.over(since, now):
            age = f"{limit.age(since, now):.1f} s ({limit.clock})"
            return f"{name} is {age} old, more than {limit.seconds:g} s; wait"
    return None


def _value(
    control: Control, value: float, samples: Mapping[str, Sample], now: Moment, policy: Policy
) -> list[str]:
    if not isfinite(value):
        return [f"{control.name} {value} is not a finite number; give a value in SI"]
    sample = samples.get(control.name)
    doubt = stale(control.name, sample, now, policy)
    present = sample.value if sample is not None and doubt is None else None
    # With no trusted present value the range is still checked, against the value itself.
    refusal = control.refusal(value, value if present is None else present)
    return [reason for reason in (doubt, refusal) if reason]


def _needs(
    control: Control, samples: Mapping[str, Sample], now: Moment, policy: Policy
) -> list[str]:
    doubts = (stale(name, samples.get(name), now, policy) for name in control.needs)
    return [f"{control.name} needs {doubt}" for doubt in doubts if doubt]


def _permits(
    control: Control, samples: Mapping[str, Sample], now: Moment, policy: Policy
) -> list[str]:
    reasons = []
    for permit in control.permits:
        sample = samples.get(permit.signal)
        if doubt := stale(permit.signal, sample, now, policy):
            reasons.append(f"{control.name} needs {doubt}")
        elif sample is not None and not permit.low <= sample.value <= permit.high:
            reasons.append(
                f"{control.name} is written only while {permit.english}: {permit.signal} is "
                f"{sample.value:g}, not in [{permit.low:g}, {permit.high:g}]; wait"
            )
    return reasons


def _history(control: Control, memory: Memory, now: Moment, policy: Policy) -> list[str]:
    if not isfinite(now.plant):
        return ["the plant clock is not known; wait for a reading that carries it"]
    reasons = []
    since = now.plant - memory.last.get(control.name, -inf)
    if since < control.cooldown:
        reasons.append(
            f"{control.name} was written {since:.1f} s (plant) ago, its cooldown is "
            f"{control.cooldown:g} s; wait {control.cooldown - since:.1f} s (plant)"
        )
    spent = sum(now.plant - at < policy.budget_window for at in memory.recent)
    if spent >= policy.budget:
        reasons.append(
            f"{spent} writes in the last {policy.budget_window:g} s (plant), at most "
            f"{policy.budget} are allowed; wait"
        )
    return reasons


def _rate(
    control: Control, value: float, samples: Mapping[str, Sample], memory: Memory, now: Moment
) -> list[str]:
    sample, last = samples.get(control.name), memory.last.get(control.name)
    if sample is None or last is None or control.choices:
        return []
    since, move = now.plant - last, abs(value - sample.value)
    if move > control.rate * since * (1 + 1e-9):
        return [
            f"{control.name}: {move:g} in {since:.1f} s (plant) is faster than {control.rate:g} "
            f"a second; wait until {move / control.rate:.1f} s (plant) after its last write"
        ]
    return []


def _exclusions(
    control: Control, catalogue: Mapping[str, Control], memory: Memory, now: Moment
) -> list[str]:
    reasons = []
    for name in control.excludes:
        other, last = catalogue.get(name), memory.last.get(name)
        if other is None or last is None:
            continue
        since = now.plant - last
        if since < other.cooldown:
            reasons.append(
                f"{control.name} waits for {name}, which acts on the same thing and was written "
                f"{since:.1f} s (plant) ago; wait {other.cooldown - since:.1f} s (plant)"
            )
    return reasons


def _standing(
    mode: Mode, samples: Mapping[str, Sample], memory: Memory, now: Moment, policy: Policy
) -> list[str]:
    reasons = []
    if mode is Mode.READ_ONLY:
        reasons.append("the gate is read-only; a person may raise its mode")
    if memory.fault:
        reasons.append(memory.fault)
    if memory.handed_back:
        reasons.append(
            f"the plant was handed back ({memory.handed_back}); a person must release the gate"
        )
    if memory.unresolved:
        reasons.append(
            f"the outcome of write {memory.unresolved[0]} is not known yet; wait until the "
            "plant's mailbox has answered"
        )
    remote = samples.get(policy.remote)
    doubt = stale(policy.remote, remote, now, policy)
    if doubt:
        reasons.append(doubt)
    elif remote is not None and remote.value != 1:
        reasons.append(
            f"the plant is in local mode ({policy.remote} = {remote.value:g}); "
            "a person must release it"
        )
    # Whoever approves a write is not the one who watches what comes of it: the agent must live.
    if mode in (Mode.APPROVE, Mode.CLOSED) and now.wall > memory.lease_until:
        reasons.append(
            f"no agent has beaten within the lease of {policy.lease:g} s (wall); "
            "beat after a successful step"
        )
    return reasons
