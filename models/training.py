"""Train a policy that corrects a base policy: rounds of episodes, each ending in a checkpoint.

A round starts new episodes and draws from its own seed, and a checkpoint is one file that is moved
into place. So a training that was killed goes on from its last checkpoint and ends in the same bits
as one that was not.
"""

import csv
import importlib.metadata
import io
import json
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from ..plant_sim.errors import ConfigError
from ..plant_sim.rollouts.episodes import EnvEpisode, play_episodes, task_of
from ..plant_sim.rollouts.evaluate import interval
from ..plant_sim.rollouts.job import code_hash
from ..plant_sim.rollouts.policy import Policy, load_policy
from .policies import Array, LearnedPolicy, Weights, save
from .teacher import COURSES, lesson, teacher_of
from .training_algorithms import Learner, State, design_of
from .training_envs import BLOCK, Price, ResidualEnvs
from .training_plan import AMONG, CHECK, Plan

SHARES = (1.0, 0.75, 0.5)  # of a correction, judged until one does no more harm than the base
PLAN, STATE, TABLE, RESULT, KEPT = "plan.json", "state.pt", "progress.csv", "result.json", "policy"
Row = dict[str, Any]
Scores = list[dict[str, Any]]


def train(plan: Plan, folder: Path | str, tell: Callable[[Row], None] = lambda _: None) -> Row:
    """Train into `folder`; a second call with the same plan goes on from the last checkpoint.

    The folder then holds `policy/` (the best by validation, see `policies.load`), `progress.csv`,
    `result.json`, and if tensorboard is installed its events.

    Args:
        plan: what to train.
        folder: where; made if it is missing.
        tell: is told the row of every round that is finished, also of those found finished.

    Returns:
        plan, `scores` on the evaluation seeds by scenario (see `compare`), `validation` of what was
        kept, `rounds`, `cpu_seconds` of this training, and where the policy is.

    Raises:
        ConfigError: the plan does not fit, or the folder holds another training.
    """
    folder = Path(folder)
    load_policy(plan.base)  # what is not there leaves no folder
    task_of(plan.env)
    folder.mkdir(parents=True, exist_ok=True)
    _claim(plan, folder)
    if (folder / RESULT).exists():
        done: Row = json.loads((folder / RESULT).read_text(encoding="utf-8"))
        return done
    training = _Training(plan, folder)
    for row in training.rows:
        tell(row)
    if plan.teacher and not training.rows:
        tell(training.study())
    while training.round < plan.rounds:
        tell(training.go_on())
    return training.finish()


def compare(
    policy: Policy, base: Mapping[str, Sequence[EnvEpisode]], env: str, settings: Any
) -> Scores:
    """Play the seeds of the base's episodes with a policy, and compare the two seed by seed.

    Returns:
        for each scenario: `episodes`, `base` and `policy` (mean return, EUR), `difference` with its
        95 % `interval` (EUR; more is better), and `base_harm` and `harm` (mean, s).
    """
    scores = []
    for scenario, episodes in base.items():
        played = _play(policy, env, [episode.seed for episode in episodes], scenario, settings)
        gains = np.array([one.ret - two.ret for one, two in zip(played, episodes, strict=True)])
        scores.append(
            {
                "scenario": scenario,
                "episodes": len(episodes),
                "base": _mean([episode.ret for episode in episodes]),
                "policy": _mean([episode.ret for episode in played]),
                "difference": float(gains.mean()),
                "interval": list(interval(gains) or ()) or None,
                "base_harm": _mean([float(episode.harm.sum()) for episode in episodes]),
                "harm": _mean([float(episode.harm.sum()) for episode in played]),
            }
        )
    return scores


class _Training:
    """A training from its first round or its last checkpoint on."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan, self._folder, self._design = plan, folder, design_of(plan)
        check = range(plan.first_seed + CHECK, plan.first_seed + CHECK + plan.validation)
        self._base = self._of_base(check)
        returns = [episode.ret for episodes in self._base.values() for episode in episodes]
        self._price = Price(max(float(np.std(returns)) / 10.0, 1e-3), plan.harm_price)
        pool = range(plan.first_seed, plan.first_seed + plan.pool)
        self._envs = ResidualEnvs(self._design, plan.scenarios, plan.lanes, pool, self._price)
        self._envs.measure(plan.decisions, np.random.default_rng(plan.seed))
        self._envs.begun = [0] * len(plan.scenarios)
        self._learner = Learner(plan, self._envs)
        self.round, self.rows, self._cpu, self._gain = 0, list[Row](), 0.0, 0.0
        self._began = process_time()
        self._best: Weights = self._learner.weights()
        self._scores: Scores = []
        if (folder / STATE).exists():
            self._restore()
        self._writer = self._tensorboard()

    def study(self) -> Row:
        """Learn from the teacher, judge it, and write the checkpoint; that is round 0."""
        plan = self.plan
        seeds = self._lesson_seeds(plan.lessons // (COURSES * len(plan.scenarios)))
        features, answers = list[Array](), list[Array]()
        loss = float("nan")
        for course in range(COURSES):
            student = self._policy(self._learner.weights()) if course else None
            for scenario in plan.scenarios:
                teacher, own = teacher_of(plan.teacher), seeds[scenario][course]
                taken = lesson(self._design, teacher, student, own, scenario)
                for kept, new in zip(
                    (features, answers), taken.exercises(self._design), strict=True
                ):
                    kept.append(new)
            loss = self._learner.study(
                np.concatenate(features), np.concatenate(answers), self._key(course, 1)
            )
        return self._judge({"lesson loss": loss})

    def _lesson_seeds(self, each: int) -> dict[str, list[list[int]]]:
        """Return `each` seeds of every course by scenario, half of them with harm if there are.

        What does harm is rare, and a student that has met it seldom corrects the more there.
        """
        plan = self.plan
        found: dict[str, list[list[int]]] = {}
        first = plan.first_seed + CHECK - AMONG * plan.lessons  # behind the pool
        for scenario in plan.scenarios:
            drawn = range(first, first + AMONG * each * COURSES)
            first += len(drawn)
            base = load_policy(plan.base)
            played = _play(base, plan.env, drawn, scenario, plan.settings)
            bad = [episode.seed for episode in played if episode.harm.any()]
            good = [episode.seed for episode in played if not episode.harm.any()]
            found[scenario] = []
            for course in range(COURSES):
                own = bad[course::COURSES][: each // 2]
                rest = each - len(own)
                found[scenario].append(own + good[:rest])
                good = good[rest:]
        return found

    def go_on(self) -> Row:
        """Play and learn one round, judge it, and write the checkpoint."""
        plan = self.plan
        decisions = plan.round * plan.decisions * plan.lanes
        # what a teacher has left knows nothing yet of what is to be expected of it
        judge_only = bool(plan.teacher) and self.round == 0
        key, left = self._key(self.round), 1.0 - self.round / plan.rounds
        self._learner.learn(decisions, key, left, judge_only)
        self.round += 1
        return self._judge({"lesson loss": float("nan")} if plan.teacher else {})

    def _key(self, *numbers: int) -> int:
        return int(np.random.SeedSequence([self.plan.seed, *numbers]).generate_state(1)[0])

    def _judge(self, more: Row) -> Row:
        """Play the validation seeds, keep what is best, and write the checkpoint."""
        plan = self.plan
        outcomes = self._envs.outcomes()
        harm = _mean([outcome.harm for outcome in outcomes])
        if plan.lagrange and outcomes:
            rate = 0.5 * max(plan.harm_price, 1.0)
            self._price.harm = max(0.0, self._price.harm + rate * harm)
        for share in SHARES:  # less of a correction may do no harm where all of it does
            weights = self._learner.weights(share)
            scores = compare(self._policy(weights), self._base, plan.env, plan.settings)
            gain = _mean([score["difference"] for score in scores])
            sound = all(score["harm"] <= score["base_harm"] + 1e-9 for score in scores)
            if sound or gain <= self._gain:
                break
        kept = sound and gain > self._gain
        row: Row = {
            "round": self.round,
            "rounds": plan.rounds,
            "steps": self.round * plan.round * plan.decisions * plan.lanes * plan.every,
            "episodes": sum(self._envs.begun),
            "training gain": _mean([outcome.gained for outcome in outcomes]),
            "training harm": harm,
            "harm price": self._price.harm,
            "spread": self._learner.spread(),
            **{f"gain {score['scenario']}": score["difference"] for score in scores},
            "harm": _mean([score["harm"] - score["base_harm"] for score in scores]),
            "share": share,
            "kept": kept,
            **more,
            "cpu_seconds": self._cpu + process_time() - self._began,
        }
        self.rows.append(row)
        if kept:
            self._gain, self._scores, self._best = gain, scores, weights
            self._save({"validation": scores})
        self._checkpoint()
        if self._writer is not None:
            for name, value in row.items():
                self._writer.add_scalar(name.replace(" ", "/", 1), float(value), row["steps"])
            self._writer.flush()
        return row

    def finish(self) -> Row:
        """Judge what was kept on the evaluation seeds and write policy and result."""
        unseen = self._of_base(range(self.plan.evaluation))
        policy = self._policy(self._best)
        scores = compare(policy, unseen, self.plan.env, self.plan.settings)
        self._save({"validation": self._scores, "scores": scores})
        result: Row = {
            "plan": self.plan.facts(),
            "scores": scores,
            "validation": self._scores,
            "rounds": self.round,
            "cpu_seconds": self._cpu + process_time() - self._began,
            "policy": str(self._folder / KEPT),
        }
        _put(self._folder / RESULT, json.dumps(result, indent=2).encode())
        if self._writer is not None:
            self._writer.close()
        return result

    def _policy(self, weights: Weights) -> LearnedPolicy:
        return LearnedPolicy(self._design, weights)

    def _of_base(self, seeds: range) -> dict[str, list[EnvEpisode]]:
        plan, base = self.plan, load_policy(self.plan.base)
        return {
            scenario: _play(base, plan.env, seeds, scenario, plan.settings)
            for scenario in plan.scenarios
        }

    def _save(self, judged: dict[str, Scores]) -> None:
        facts = {
            "made by": "passline train",
            "plan": self.plan.facts(),
            "rounds": self.round,
            "code": code_hash(),
            "versions": {
                name: importlib.metadata.version(name) for name in ("torch", "stable-baselines3")
            },
            **judged,
        }
        save(self._folder / KEPT, self._design, self._best, facts)

    def _checkpoint(self) -> None:
        import torch

        state: State = {
            "learner": self._learner.state(),
            "round": self.round,
            "begun": self._envs.begun,
            "harm price": self._price.harm,
            "rows": self.rows,
            "cpu": self._cpu + process_time() - self._began,
            "gain": self._gain,
            "best": self._best,
            "scores": self._scores,
        }
        held = io.BytesIO()
        torch.save(state, held)
        _put(self._folder / STATE, held.getvalue())
        table = io.StringIO()
        writer = csv.DictWriter(table, list(self.rows[0]))
        writer.writeheader()
        writer.writerows(self.rows)
        _put(self._folder / TABLE, table.getvalue().encode())

    def _restore(self) -> None:
        import torch

        state = torch.load(self._folder / STATE, weights_only=True)
        self._learner.restore(state["learner"])
        self._envs.begun, self._price.harm = state["begun"], state["harm price"]
        self.round, self.rows, self._cpu = state["round"], state["rows"], state["cpu"]
        self._gain, self._best, self._scores = state["gain"], state["best"], state["scores"]

    def _tensorboard(self) -> Any:
        if find_spec("tensorboard") is None:
            return None
        from torch.utils.tensorboard import SummaryWriter

        step = self.rows[-1]["steps"] + 1 if self.rows else None
        return SummaryWriter(self._folder / "tensorboard", purge_step=step)


def _play(
    policy: Policy, env: str, seeds: Sequence[int], scenario: str, settings: Any
) -> list[EnvEpisode]:
    blocks = [seeds[start : start + BLOCK] for start in range(0, len(seeds), BLOCK)]
    return [
        episode
        for block in blocks
        for episode in play_episodes(policy, env, block, scenario, settings)
    ]


def _claim(plan: Plan, folder: Path) -> None:
    """Begin the folder, or see that it holds this training and this code.

    Raises:
        ConfigError: it does not.
    """
    wanted = {**plan.facts(), "code": code_hash()}
    place = folder / PLAN
    if not place.exists():
        _put(place, json.dumps(wanted, indent=2).encode())
        return
    found = json.loads(place.read_text(encoding="utf-8"))
    differing = [name for name in wanted if found.get(name) != wanted[name]]
    if differing:
        raise ConfigError(
            f"{folder} holds a training with another {', '.join(differing)}; give another --out"
        )


def _put(place: Path, content: bytes) -> None:
    """Write a file whole or not at all, whenever this process dies."""
    scratch = place.with_name(f".{place.name}")
    scratch.write_bytes(content)
    scratch.replace(place)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
