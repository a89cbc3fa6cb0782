"""Learned policies: a small network that adds a bounded correction to a base policy.

    action = clip(base action + bound x network(features), -1, 1)

A kept policy is a folder: `policy.pt`, a plain torch state_dict with the normaliser in it, and
`card.json`, what it is and how it was made. It is played without the library that trained it, under
the spec `passline.models.policies:load:FOLDER`.

The bits of an episode do not hang on its neighbours: everything outside the network is computed
number by number, and the network answers in batches of exactly 64 rows on one thread.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..plant_sim.errors import ConfigError, MissingExtraError
from ..plant_sim.rollouts.policy import Sees, Sight, load_policy
from .errors import WeightsError

if TYPE_CHECKING:
    import torch

Array = NDArray[np.float32]
Weights = dict[str, "torch.Tensor"]
ROWS = 64  # of every batch: another shape would round otherwise
CARD, WEIGHTS = "card.json", "policy.pt"
MOST = 5.0  # normalised features are clipped to -MOST..MOST


@dataclass(frozen=True, slots=True)
class Design:
    """What a learned policy is, beside its weights.

    Attributes:
        env: id of the environment.
        settings: its options, but for the scenario.
        base: spec of the policy that is corrected.
        bound: most that the correction may add to an action, 0 to 2.
        every: steps for which a correction stands, at least 1.
        rates: shares by which traces of observations and actions follow them in one step, each in
            (0, 1].
        hidden: widths of the hidden layers.
        activation: between them, "tanh" or "relu".
        squash: whether the answer goes through tanh; else it is cut at -1 and 1.
    """

    env: str
    settings: dict[str, Any]
    base: str = "hold"
    bound: float = 1.0
    every: int = 4
    rates: tuple[float, ...] = (0.3, 0.05)
    hidden: tuple[int, ...] = (64, 64)
    activation: str = "tanh"
    squash: bool = False

    def __post_init__(self) -> None:
        if not 0.0 < self.bound <= 2.0:
            raise ConfigError(f"bound {self.bound} is outside (0, 2]; 2 reaches every action")
        if self.every < 1:
            raise ConfigError(f"every {self.every} is below 1; a correction stands for 1 step")
        if not all(0.0 < rate <= 1.0 for rate in self.rates):
            raise ConfigError(f"rates {self.rates} must lie in (0, 1]; give others")
        if self.activation not in ("tanh", "relu"):
            raise ConfigError(f"activation {self.activation!r} is neither 'tanh' nor 'relu'")

    @classmethod
    def read(cls, facts: dict[str, Any]) -> "Design":
        """Return the design that `asdict` told.

        Raises:
            TypeError: for other fields.
        """
        lists = {name: tuple(facts[name]) for name in ("rates", "hidden")}
        return cls(**{**facts, **lists})


class Memory:
    """What a policy keeps of the past of each of n lanes: traces of what was seen and asked.

    Args:
        rates: of the traces, see `Design`.
        observations: float32 (n, observations), the first of each lane.
        actions: how many numbers an action has.
    """

    def __init__(self, rates: Sequence[float], observations: Array, actions: int) -> None:
        self.asked: Array = np.zeros((len(observations), actions), np.float32)
        self._now = self._moment(observations)
        self._traces = [(np.float32(rate), self._now.copy()) for rate in rates]

    def look(self, observations: Array) -> None:
        """Take the observations of a new step."""
        self._now = self._moment(observations)
        for rate, trace in self._traces:
            np.add(trace, rate * (self._now - trace), out=trace)

    def restart(self, mask: NDArray[np.bool_], observations: Array) -> None:
        """Forget the past of the masked lanes, which see `observations` as their first."""
        self.asked[mask] = 0.0
        self._now = np.where(mask[:, None], self._moment(observations), self._now)
        for _, trace in self._traces:
            trace[mask] = self._now[mask]

    def features(self, base: Array) -> Array:
        """Return what the network is given, (n, features); `base` is the base action now."""
        parts = [self._now, *(trace for _, trace in self._traces), base]
        return np.concatenate(parts, axis=1, dtype=np.float32)

    def _moment(self, observations: Array) -> Array:
        return np.concatenate([observations, self.asked], axis=1, dtype=np.float32)


def feature_count(design: Design, observations: int, actions: int) -> int:
    """Return how many features the network of a design is given."""
    return (1 + len(design.rates)) * (observations + actions) + actions


def network(design: Design, features: int, actions: int) -> "torch.nn.Sequential":
    """Return an untrained network of a design: linear layers with activations between them."""
    from torch import nn

    kind = {"tanh": nn.Tanh, "relu": nn.ReLU}[design.activation]
    layers: list[nn.Module] = []
    widths = (features, *design.hidden)
    for width, following in zip(widths, design.hidden, strict=False):
        layers += [nn.Linear(width, following), kind()]
    return nn.Sequential(*layers, nn.Linear(widths[-1], actions))


class LearnedPolicy:
    """A base policy and the network that corrects it.

    Args:
        design: what it is.
        weights: of the network, and `centre` and `scale` of the features, each (features,).
        name: under which it is told.

    Raises:
        WeightsError: the weights do not fit the design.
        ConfigError: the base policy cannot be built.
    """

    def __init__(self, design: Design, weights: Weights, name: str = "learned") -> None:
        self.name, self.design = name, design
        self._base = load_policy(design.base)
        self.sees: Sees = self._base.sees
        rest = dict(weights)
        try:
            self._centre = rest.pop("centre").numpy().astype(np.float32)
            self._scale = rest.pop("scale").numpy().astype(np.float32)
            last = max(rest, key=lambda key: int(key.split(".")[0]))
            self._net = network(design, len(self._centre), len(rest[last]))
            self._net.load_state_dict(rest)
        except (KeyError, RuntimeError, ValueError) as wrong:
            raise WeightsError(
                f"the weights do not fit their design ({wrong}); train again"
            ) from wrong
        self._actions = len(rest[last])
        self._weights = weights

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of the design, of the base policy as far as it has one, and of every weight."""
        base = getattr(self._base, "fingerprint", "")
        digest = hashlib.sha256(json.dumps([asdict(self.design), base], sort_keys=True).encode())
        for key in sorted(self._weights):
            digest.update(key.encode() + self._weights[key].numpy().tobytes())
        return digest.hexdigest()

    def begin(self, sight: Sight) -> None:
        """Start with new episodes.

        Raises:
            ConfigError: this is another environment than the policy was made for.
        """
        seen, actions = sight.observations.shape[1], len(sight.task.actions)
        fits = len(self._centre) == feature_count(self.design, seen, actions)
        if not fits or actions != self._actions or sight.task.name not in self.design.env:
            raise ConfigError(
                f"policy {self.name} was made for {self.design.env} with options "
                f"{self.design.settings}, not for {sight.task.name} with {seen} observations; "
                "play it there"
            )
        self._base.begin(sight)
        self._memory: Memory | None = None
        self._step = 0

    def act(self, sight: Sight) -> Array:
        """Return the corrected actions, (n, actions)."""
        if self._memory is None:
            self._memory = Memory(self.design.rates, sight.observations, self._actions)
        else:
            self._memory.look(sight.observations)
        base = np.asarray(self._base.act(sight), np.float32)
        if self._step % self.design.every == 0:
            self._correction = self.answer(self._memory.features(base))
        self._step += 1
        self._memory.asked = corrected(base, self._correction, self.design.bound)
        return self._memory.asked

    def applied(self, actions: Array) -> None:
        """Take note that these actions (n, actions) were played instead of the last answer."""
        assert self._memory is not None  # noqa: S101  act comes first
        self._memory.asked = np.array(actions, np.float32)

    def answer(self, features: Array) -> Array:
        """Return the corrections, -1..1, (n, actions), of features (n, features)."""
        torch = _torch()
        found = np.empty((len(features), self._actions), np.float32)
        with torch.inference_mode(), one_thread():
            for start in range(0, len(features), ROWS):
                part = features[start : start + ROWS]
                rows = np.zeros((ROWS, features.shape[1]), np.float32)
                rows[: len(part)] = normalised(part, self._centre, self._scale)
                answers = self._net(torch.from_numpy(rows)).numpy()[: len(part)]
                found[start : start + len(part)] = answers
        return np.asarray(np.tanh(found) if self.design.squash else np.clip(found, -1.0, 1.0))


def corrected(base: Array, correction: Array, bound: float) -> Array:
    """Return base action plus bound x correction, cut at -1 and 1."""
    return np.asarray(np.clip(base + np.float32(bound) * correction, -1.0, 1.0), np.float32)


def normalised(features: Array, centre: Array, scale: Array) -> Array:
    """Return features with mean 0 and deviation 1 where they were measured, clipped."""
    return np.asarray(np.clip((features - centre) / scale, -MOST, MOST), np.float32)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch compute on one thread inside: how many there are changes how sums round."""
    torch = _torch()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def save(folder: Path | str, design: Design, weights: Weights, facts: dict[str, Any]) -> None:
    """Write a policy; `facts` tell on its card how it was made. The folder is replaced whole."""
    torch, folder = _torch(), Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        fresh = Path(scratch) / folder.name
        fresh.mkdir()
        torch.save(weights, fresh / WEIGHTS)
        policy = LearnedPolicy(design, weights)
        card = {"design": asdict(design), "fingerprint": policy.fingerprint, **facts}
        (fresh / CARD).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
        if folder.exists():
            shutil.rmtree(folder)
        fresh.replace(folder)


def load(folder: Path | str) -> LearnedPolicy:
    """Load a policy that `save` wrote.

    Raises:
        WeightsError: there is none, or its weights are not those of its card.
    """
    torch, folder = _torch(), Path(folder)
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        design, expected = Design.read(card["design"]), card["fingerprint"]
        weights = torch.load(folder / WEIGHTS, weights_only=True)
    except FileNotFoundError as missing:
        raise WeightsError(f"{missing.filename} is missing; train with: passline train") from None
    except (KeyError, TypeError, ValueError, RuntimeError, EOFError, OSError) as wrong:
        raise WeightsError(f"{folder} holds no policy ({wrong}); train again") from wrong
    policy = LearnedPolicy(design, weights, folder.name)
    if policy.fingerprint != expected:
        raise WeightsError(
            f"{folder} has the fingerprint {policy.fingerprint[:12]}, its card says "
            f"{expected[:12]}: weights, design or base were changed; train again"
        )
    return policy


def _torch() -> Any:
    try:
        import torch
    except ImportError as error:
        raise MissingExtraError("torch", "rl") from error
    return torch
