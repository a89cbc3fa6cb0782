"""What a learned correction gains on tuned level 2, on seeds nobody has seen.

    .venv/bin/python benchmarks/training.py [--seeds 5] [--steps N] [--out FOLDER] [ENV ...]

One training for each environment and training seed, one after the other, on nominal and disturbed
days; a second call goes on where the first was stopped. Then policy and base play seeds 0 to 127 of
each scenario: returns and paired differences are EUR of an episode with the 95 % interval over the
episodes, harm is s, CPU s are those of the training with its judging.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console

import passline.plant_sim  # noqa: F401  registers the environments
from passline.models.policies import load
from passline.models.training import compare, train
from passline.models.training_plan import Plan, plan_of
from passline.plant_sim.rollouts.episodes import play_episodes
from passline.plant_sim.rollouts.policy import load_policy

ENVS = ("RunOutTable", "FinishingMill")
SCENARIOS = ("nominal", "disturbed", "faults")
tell = Console(highlight=False, width=140).print


def judge(plan: Plan, folder: Path) -> list[dict[str, Any]]:
    """Return what the kept policy does on each scenario; kept beside it, for the next call."""
    place = folder / "unseen.json"
    if not place.exists():
        base = load_policy(plan.base)
        played = {
            name: play_episodes(base, plan.env, range(plan.evaluation), name) for name in SCENARIOS
        }
        scores = compare(load(folder / "policy"), played, plan.env, {})
        place.write_text(json.dumps(scores))
    found: list[dict[str, Any]] = json.loads(place.read_text())
    return found


def main() -> None:
    """Train, judge and tell."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("envs", nargs="*", default=ENVS)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, help="as it suits")
    parser.add_argument("--base", default="level2")
    parser.add_argument("--algorithm", default="ppo")
    parser.add_argument("--out", type=Path, default=Path("runs/training"))
    given = parser.parse_args()
    tell("| environment | seed | scenario | base | policy | gained | 95 % | harm | CPU s |")
    tell("|---|---|---|---|---|---|---|---|---|")
    for seed in range(given.seeds):
        for env in given.envs:
            steps = {} if given.steps is None else {"steps": given.steps}
            plan = plan_of(
                f"passline/{env}-v0", scenarios=SCENARIOS[:2], base=given.base,
                algorithm=given.algorithm, seed=seed, **steps,
            )  # fmt: skip
            folder = given.out / f"{env}-{given.base}-{given.algorithm}-{plan.steps}-{seed}"
            seconds = train(plan, folder)["cpu_seconds"]
            for score in judge(plan, folder):
                low, high = score["interval"]
                tell(
                    f"| {env} | {seed} | {score['scenario']} | {score['base']:.1f} "
                    f"| {score['policy']:.1f} | {score['difference']:+.1f} "
                    f"| {low:+.1f} .. {high:+.1f} "
                    f"| {score['base_harm']:.3f} -> {score['harm']:.3f} | {seconds:.0f} |"
                )


if __name__ == "__main__":
    main()
