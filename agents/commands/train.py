"""`passline train`: a policy that corrects a base policy, by reinforcement learning."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from .screen import AsJson, show_json, show_rows

app = typer.Typer()


@app.command()
def train(
    env: Annotated[str, typer.Option(help="Id of the environment.")] = "passline/RunOutTable-v0",
    algorithm: Annotated[str, typer.Option(help="ppo or sac.")] = "ppo",
    residual_on: Annotated[
        str, typer.Option(help="Whom it corrects: hold, rules, level2, or module:factory.")
    ] = "level2",
    steps: Annotated[int | None, typer.Option(min=1, help="Of the environment, all lanes.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the training.")] = 0,
    scenario: Annotated[
        list[str] | None, typer.Option(help="Trained on; repeatable. nominal if none is given.")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Where it goes; the same command again goes on.")
    ] = Path("runs/train"),
    bound: Annotated[
        float | None, typer.Option(help="Most that a correction adds to an action of -1..1.")
    ] = None,
    every: Annotated[int | None, typer.Option(help="Steps a correction stands.")] = None,
    lanes: Annotated[int | None, typer.Option(help="Episodes side by side.")] = None,
    harm_price: Annotated[
        float | None, typer.Option(help="EUR a second of harm costs in training, never after it.")
    ] = None,
    lagrange: Annotated[
        bool, typer.Option("--lagrange", help="Let that price follow the harm that is done.")
    ] = False,
    teacher: Annotated[
        str | None,
        typer.Option(help="Asked before: mpc, or module:factory; none for nobody."),
    ] = None,
    lessons: Annotated[int | None, typer.Option(help="Episodes in which it is asked.")] = None,
    evaluation: Annotated[
        int, typer.Option(min=2, help="Unseen seeds of each scenario for the final score.")
    ] = 128,
    as_json: AsJson = False,
) -> None:
    """Train a policy on top of a controller, and compare the two on seeds it has never seen."""
    from ...models.training import train as run
    from ...models.training_plan import plan_of

    given = {
        "bound": bound, "every": every, "lanes": lanes, "harm_price": harm_price,
        "teacher": "" if teacher == "none" else teacher, "lessons": lessons, "steps": steps,
    }  # fmt: skip
    plan = plan_of(
        env,
        scenarios=tuple(scenario or ("nominal",)),
        base=residual_on,
        algorithm=algorithm,
        seed=seed,
        lagrange=lagrange,
        evaluation=evaluation,
        **{name: value for name, value in given.items() if value is not None},
    )
    try:
        with _bar(plan.rounds) as tell:
            result = run(plan, out, tell)
    except KeyboardInterrupt:
        typer.echo(f"stopped; the same command goes on from the last round in {out}", err=True)
        raise typer.Exit(130) from None
    if as_json:
        show_json(result)
        return
    rows = [
        {
            "scenario": score["scenario"],
            "episodes": score["episodes"],
            f"{residual_on}, EUR": score["base"],
            "policy, EUR": score["policy"],
            "gained": score["difference"],
            "its 95 %": " .. ".join(f"{end:.4g}" for end in score["interval"] or ()),
            f"harm of {residual_on}, s": score["base_harm"],
            "harm, s": score["harm"],
        }
        for score in result["scores"]
    ]
    show_rows(rows, as_json)
    typer.echo(f"{result['cpu_seconds']:.0f} CPU s; play it as the seat")
    typer.echo(f"passline.models.policies:load:{result['policy']}")


@contextmanager
def _bar(rounds: int) -> Iterator[Callable[[dict[str, Any]], None]]:
    """Show rounds, the last gain and an estimate on standard error; yield what takes a row."""
    from ...plant_sim.rollouts.progress import progress

    with progress("rounds") as bar:
        task = bar.add_task("preparing", total=rounds)

        def tell(row: dict[str, Any]) -> None:
            gains = [value for name, value in row.items() if name.startswith("gain ")]
            gain = sum(gains) / len(gains)
            bar.update(task, completed=row["round"], description=f"validation {gain:+.1f} EUR")

        yield tell
