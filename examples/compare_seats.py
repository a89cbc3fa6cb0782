"""Play two seats on the same twelve seeds of an environment and say how sure the difference is."""

from pathlib import Path
from tempfile import TemporaryDirectory

from passline.plant_sim.rollouts.commands import rollout
from passline.plant_sim.rollouts.evaluate import evaluate

with TemporaryDirectory() as folder:
    rollout(
        Path(folder),
        seats=("hold", "rules"),
        scenario="disturbed",
        episodes=12,
        env="passline/RunOutTable-v0",
        backend="inline",
        progress=False,
    )
    (facts,) = evaluate(folder, baseline="hold")["environments"]

for row in facts["rows"]:
    low, high = row["mean_interval"]
    print(
        f"{row['seat']:6} {row['mean']:7.1f} EUR an episode, {low:.1f} to {high:.1f}; harm in "
        f"{row['harmed']} of {row['episodes']}, so in at most {row['harmed_bound']:.0%} of all"
    )
rules = facts["rows"][-1]
low, high = rules["difference_interval"]
print(
    f"rules against hold, seed by seed: {rules['difference']:+.1f} EUR, {low:+.1f} to {high:+.1f} "
    f"(95 %, {rules['difference_method']}); better on {rules['improvement']:.0%} of the seeds"
)
