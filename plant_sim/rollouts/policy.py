"""Policies: who acts in an environment, for many episodes side by side, and what each may look at.

A policy travels to a worker as a short spec and is built there: a name of `BUILT_IN`, `desk:` and
the spec of a seat (see `desk_policy`), or code of somebody else as `module:factory` or
`module:factory:argument`. A spec is code that will be run.

A policy is asked once a step for all episodes of its block. The answer for an episode must not hang
on its neighbours or its place: a matrix product rounds otherwise in another shape. It is the policy
that sees to it, for it alone knows which of its sums hang on the shape: a learned one pads what it
is asked to batches of one fixed size. Nothing is padded here.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from ..envs.play import Play
from ..envs.rules import rule_of
from ..errors import ConfigError
from ..signals import Sample, Signal
from .seats import DESK, built, load_seat

if TYPE_CHECKING:
    from ..envs.options import Options
    from ..envs.task import Array, Task

Sees = Literal["observations", "samples", "truth"]
Actions = NDArray[np.float32]
RANKS: dict[Sees, int] = {"observations": 0, "samples": 1, "truth": 2}


class Sight:
    """What a policy may look at in this step: no more than it has declared to need.

    Attributes:
        task: what is moved, seen and counted.
        options: of the environment.
        count: episodes side by side, n.
        observations: float32, shape (n, observations), as the environment gives them.
    """

    def __init__(self, play: Play, sees: Sees) -> None:
        if sees not in RANKS:
            raise ConfigError(f"a policy that sees {sees!r}; choose among {', '.join(RANKS)}")
        self._play, self._sees = play, sees
        self.task: Task = play.task  # type: ignore[type-arg]
        self.options: Options = play.options
        self.count: int = play.plant.n
        self.observations = play.observe()

    def look(self) -> None:
        """Take the observations of a new step."""
        self.observations = self._play.observe()

    def samples(self, lane: int) -> dict[str, Sample]:
        """Return what the instruments of one line show, by signal.

        Raises:
            ConfigError: for a policy that has declared to see observations only.
        """
        self._allow("samples")
        return cast("dict[str, Sample]", self._play.plant.samples(lane))

    def signals(self) -> Mapping[str, Signal]:
        """Return what the instruments can show, by name.

        Raises:
            ConfigError: for a policy that has declared to see observations only.
        """
        self._allow("samples")
        return cast("Mapping[str, Signal]", self._play.plant.signals)

    @property
    def play(self) -> Play:
        """The plants themselves, with their future noise: for a clairvoyant, never for a seat.

        Raises:
            ConfigError: for a policy that has not declared to see the truth.
        """
        self._allow("truth")
        return self._play

    def _allow(self, what: Sees) -> None:
        if RANKS[self._sees] < RANKS[what]:
            raise ConfigError(
                f"this policy sees {self._sees}, not {what}; declare it by sees = {what!r}"
            )


class Policy(Protocol):
    """Who acts. `begin` is called when a block of episodes starts, `act` once a step.

    A policy may also have `fingerprint`, a string that names its weights and settings; a job never
    mixes two of them. With `travels = True` it is built once, by the driver, and handed to the
    workers as a pickle; else each of them builds it from the spec. With `memoryless = True` it may
    be asked in the middle of an episode that it has not seen begin.
    """

    name: str
    sees: Sees

    def begin(self, sight: Sight) -> None:
        """Forget the block before; new episodes stand at their start."""
        ...

    def act(self, sight: Sight) -> Actions:
        """Return the actions, -1..1, shape (n, actions); those of ended episodes are ignored."""
        ...


class HoldPolicy:
    """Moves nothing: the line under its own automation."""

    name = "hold"
    sees: Sees = "observations"
    memoryless = True

    def begin(self, sight: Sight) -> None:
        """Nothing is kept."""

    def act(self, sight: Sight) -> Actions:
        """Return zeros."""
        return np.zeros((sight.count, len(sight.task.actions)), np.float32)


class RulePolicy:
    """The operator's rule of the environment; it needs all observations."""

    name = "rules"
    sees: Sees = "observations"
    memoryless = True

    def __init__(self) -> None:
        self._rule: Callable[[Array], Array] | None = None

    def begin(self, sight: Sight) -> None:
        """Take the rule of this task.

        Raises:
            ConfigError: if the task has none, or not all of its observations are shown.
        """
        if sight.observations.shape[1] < len(sight.task.observations):
            raise ConfigError("the rules need all observations; leave the option observe at 'all'")
        self._rule = rule_of(sight.task)

    def act(self, sight: Sight) -> Actions:
        """Return what the rule asks for."""
        assert self._rule is not None  # noqa: S101  begin comes first
        shown = sight.observations[:, : len(sight.task.observations)]
        return self._rule(shown.astype(np.float64)).astype(np.float32)


def _level2() -> Policy:
    from .tuned import Level2Policy

    return Level2Policy()


def _mpc() -> Policy:
    from .mpc_policy import MpcPolicy

    return MpcPolicy()


def _oracle(argument: str = "") -> Policy:
    from .oracle import OraclePolicy

    return OraclePolicy(argument)


BUILT_IN: dict[str, Callable[[], Policy]] = {
    "hold": HoldPolicy,
    "level2": _level2,
    "mpc": _mpc,
    "oracle": _oracle,
    "rules": RulePolicy,
}
WITH_ARGUMENT = {"oracle": _oracle}  # `oracle:policy,policy,budget=N`, see `OraclePolicy`


def load_policy(spec: str) -> Policy:
    """Build the policy that `spec` names.

    Args:
        spec: a name of `BUILT_IN`, a name of `WITH_ARGUMENT` and `:argument`, `desk:` and the spec
            of a seat, `module:factory` or `module:factory:argument`; the factory is called with
            the argument, as a string, when there is one.

    Raises:
        ConfigError: the spec cannot be read, or what it names is not a policy.
    """
    if spec in BUILT_IN:
        return BUILT_IN[spec]()
    if spec.startswith(DESK):
        from .desk_policy import DeskPolicy

        return DeskPolicy(load_seat(spec.removeprefix(DESK)))
    name, _, argument = spec.partition(":")
    if name in WITH_ARGUMENT:
        return WITH_ARGUMENT[name](argument)
    policy = built(spec, "policy", BUILT_IN)
    whole = all(callable(getattr(policy, method, None)) for method in ("begin", "act"))
    if not whole or not isinstance(getattr(policy, "name", None), str):
        raise ConfigError(
            f"policy {spec!r} made a {type(policy).__name__}; it needs name, begin() and act()"
        )
    return cast("Policy", policy)
