"""Play two seats on the same eight seeds and compare them, as a benchmark does."""

from pathlib import Path
from tempfile import TemporaryDirectory

from passline.plant_sim.rollouts.commands import rollout

with TemporaryDirectory() as folder:
    result = rollout(
        Path(folder),
        seats=("hold", "rules"),
        scenario="faults",
        episodes=8,
        coils=3,
        backend="inline",
        progress=False,
    )
for row in result["evaluation"]["rows"]:
    print(f"{row['seat']:6} {row['money_per_coil']:6.0f} EUR a coil, CT hit {row['ct_hit']:.1%}")
rules = result["evaluation"]["rows"][-1]
print(f"rules against hold, seed by seed: {rules['difference']:+.0f} EUR a coil")
