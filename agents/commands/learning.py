"""Commands for who trains and compares: rollouts, labels, fine-tuning, models."""

from collections.abc import Callable, Sequence
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from .screen import AsJson, number, show_facts, show_json, show_rows

app = typer.Typer()
models_app = typer.Typer(help="Language models that run here.", no_args_is_help=True)
app.add_typer(models_app, name="models")

LABELS = Path("runs/labels")
ADAPTER = Path("runs/adapters/hot-strip-v0")
SEATS = ("hold", "rules")
MODEL_SEATS = ("lm", "lm-zero-shot", "head")
Job = Annotated[Path, typer.Argument(help="The folder of a job, or of several.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes or Ray actors, one core each.")]
Backend = Annotated[
    Literal["auto", "inline", "process", "ray"],
    typer.Option(help="Where episodes are played; auto takes Ray when it pays."),
]
Model = Annotated[str, typer.Argument(help="A preset; `passline presets` lists them.")]


@app.command()
def rollout(
    folder: Annotated[Path, typer.Argument(help="Where the episodes go.")] = Path("runs/rollout"),
    env: Annotated[
        str | None,
        typer.Option(help="`passline envs` lists them; without one the desk of the whole line."),
    ] = None,
    seat: Annotated[
        list[str] | None,
        typer.Option(
            help="hold, rules or module:factory; at the desk also lm, lm-zero-shot and head; in an "
            "environment level2, mpc, oracle and desk:SEAT; repeatable."
        ),
    ] = None,
    scenario: Annotated[
        list[str] | None,
        typer.Option(help="`passline scenarios` lists them; of an environment repeatable."),
    ] = None,
    episodes: Annotated[
        int, typer.Option(min=1, help="Episodes a seat and scenario, one seed each.")
    ] = 32,
    first_seed: Annotated[int, typer.Option(min=0, help="The first of the seeds.")] = 0,
    coils: Annotated[int, typer.Option(min=1, help="Coils an episode, at the desk.")] = 20,
    block: Annotated[
        int | None, typer.Option(min=1, help="Episodes side by side; the bits are the same.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(help="Of the environment, name=value, say noise=1; repeatable."),
    ] = None,
    explore: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Bound of noise added to the actions.")
    ] = 0.0,
    backend: Backend = "auto",
    workers: Workers = 2,
    as_json: AsJson = False,
) -> None:
    """Play seats on the same seeds and compare them; a second call plays only what is missing."""
    from ...plant_sim.rollouts.commands import rollout as play

    seats = [seat_spec(word, env is not None) for word in seat or ("hold", "rules")]
    _show_comparison(
        play(
            folder,
            seats,
            scenario or ("faults" if env is None else "nominal"),
            episodes,
            first_seed,
            coils,
            block,
            backend,
            workers,
            env=env,
            settings=settings_of(option or ()),
            explore=explore,
        ),
        as_json,
    )


@app.command()
def resume(
    folder: Job, backend: Backend = "auto", workers: Workers = 2, as_json: AsJson = False
) -> None:
    """Play what is missing of the jobs in a folder."""
    from ...plant_sim.rollouts.commands import resume as play

    _show_comparison(play(folder, backend, workers), as_json)


@app.command()
def evaluate(
    folder: Job,
    baseline: Annotated[str, typer.Option(help="The seat the others are compared with.")] = "hold",
    reference: Annotated[
        str, typer.Option(help="The seat that scores 0 in an environment.")
    ] = "level2",
    oracle: Annotated[
        str, typer.Option(help="The seat that scores 1 there; oracle:budget=N where there are two.")
    ] = "oracle",
    html: Annotated[
        Path | None, typer.Option(help="Write the report with plots and worst episodes here.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare what the episodes in a folder cost, seed by seed against a baseline."""
    from ...plant_sim.errors import ConfigError
    from ...plant_sim.rollouts.evaluate import evaluate as compare

    named = {"hold": baseline, "level2": reference, "oracle": oracle}
    base, zero, one = (_spec_as_played(word) for word in named.values())
    result = compare(folder, base, zero, one)
    played = {row["seat"] for row in result["rows"]}
    played |= {seat for facts in result["environments"] for seat in facts["seats"]}
    for usual, word in named.items():
        if word != usual and _spec_as_played(word) not in played:
            known = ", ".join(sorted(played))
            raise ConfigError(f"nobody played {word!r} in {folder}; compare with one of {known}")
    if html is not None:
        from ...plant_sim.rollouts.report import write_report

        write_report(result, html)
    if as_json:
        show_json({"evaluation": result})
        return
    if result["rows"]:
        _show_desk(result)
    for facts in result["environments"]:
        _show_environment(facts)
    for note in result["notes"]:
        typer.echo(note)
    if html is not None:
        typer.echo(f"report in {html}")


@app.command()
def replay(
    folder: Job,
    seed: Annotated[int, typer.Argument(help="Which episode of the job.")],
    scenario: Annotated[
        str | None, typer.Option(help="In which scenario, where the job has several.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Play one episode of a job again, show its steps and say whether every bit is the same."""
    from ...plant_sim.rollouts.commands import replay as play

    result = play(folder, seed, scenario)
    if as_json:
        show_json(result)
    else:
        show_rows(result["steps"], as_json, nothing="no step was taken")
        show_facts({key: value for key, value in result.items() if key != "steps"}, as_json)
    if result["same_code"] and not result["same_bits"]:
        raise typer.Exit(1)


@app.command()
def collect(
    folder: Annotated[Path, typer.Argument(help="Where the data set goes.")],
    env: Annotated[str, typer.Option(help="`passline envs` lists them.")],
    recipe: Annotated[str, typer.Option(help="untouched, level2, operator, noisy, mixed or tiny.")],
    scenario: Annotated[
        list[str] | None,
        typer.Option(help="Repeatable; by default nominal, disturbed and faults."),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(help="Of the environment, name=value; repeatable."),
    ] = None,
    seeds: Annotated[int | None, typer.Option(min=1, help="Of the training split.")] = None,
    backend: Backend = "auto",
    workers: Workers = 2,
    as_json: AsJson = False,
) -> None:
    """Play a data set for offline learning by a recipe, in a training and a validation split."""
    from ...plant_sim.rollouts.recipes import SCENARIOS
    from ...plant_sim.rollouts.recipes import collect as play

    names = tuple(scenario or SCENARIOS)
    card = play(folder, env, recipe, names, settings_of(option or ()), seeds, backend, workers)
    if as_json:
        show_json(card)
        return
    rows = [
        {
            "folder": part["folder"],
            "behaviour": row["seat"],
            "noise": part["explore"],
            "scenario": row["scenario"],
            "episodes": row["episodes"],
            "mean return EUR": row["return"],
            "mean harm s": row["harm"],
        }
        for part in card["parts"]
        for row in part["scenarios"]
    ]
    show_rows(rows, as_json)
    typer.echo(f"data set and card.json in {folder}")


@app.command()
def export(
    folder: Job,
    dataset: Annotated[str, typer.Argument(help="Its id, say passline/run-out-table/mixed-v0.")],
    as_json: AsJson = False,
) -> None:
    """Write the episodes of environment jobs as a Minari dataset."""
    from ...plant_sim.rollouts.export import to_minari

    show_facts(to_minari(folder, dataset), as_json)


@app.command()
def dataset(
    folder: Annotated[Path, typer.Argument(help="Where the labels go.")] = LABELS,
    rows: Annotated[
        int | None, typer.Option(min=10, help="Rows to learn from; a fifth more for each check.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The first seed.")] = None,
    as_json: AsJson = False,
) -> None:
    """Label snapshots by playing every legal move on the plant."""
    from dataclasses import replace

    from ...models.dataset import Recipe, build

    recipe = Recipe()
    if rows is not None:
        recipe = replace(recipe, train=rows, validation=rows // 5, held_out=rows // 5)
    if seed is not None:
        recipe = replace(recipe, seed=seed)
    show_facts(build(folder, recipe, teller(as_json)), as_json)


@app.command()
def finetune(
    folder: Annotated[Path, typer.Argument(help="The labels.")] = LABELS,
    out: Annotated[Path, typer.Option(help="Where head, adapter and card go.")] = ADAPTER,
    limit: Annotated[int, typer.Option(min=0, help="Only so many rows, for a quick look.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Train the linear head and the LoRA adapter, and print how they do on held-out seeds."""
    from ...models.finetune import Plan, train

    card = train(folder, out, Plan(name=out.name, limit=limit), teller(as_json))
    if as_json:
        show_json(card)
        return
    rows = [
        {
            "seat": seat,
            "rows": score["rows"],
            "seeds": score["seeds"],
            "right": _percent(score["accuracy"]),
            "95 %": f"{_percent(score['low'])} .. {_percent(score['high'])}",
            "regret EUR": score["regret"],
            "more harm than hold": _percent(score["harmful"]),
            "sure": _percent(score["sure"]),
            "right when sure": _percent(score["sure_accuracy"]),
        }
        for seat, score in card.scores.items()
    ]
    show_rows(rows, as_json)
    largest = card.data["largest class"]
    typer.echo(f"always answering {largest['answer']!r}: {_percent(largest['share'])} right")
    typer.echo(str(card.data["left out"]))
    typer.echo(f"head, adapter and card in {out}")


@app.command()
def presets(as_json: AsJson = False) -> None:
    """List the model families that are known."""
    from ...models.presets import table

    show_rows(table(), as_json)


@models_app.command("list")
def models_list(as_json: AsJson = False) -> None:
    """List the models whose weights can be put in place here, and whether they are."""
    from ...models.install import installed, weights_folder
    from ...models.presets import PRESETS

    rows = [
        {"model": name, "in place": installed(name), "folder": weights_folder(name)}
        for name, row in PRESETS.items()
        if row.packaged is not None
    ]
    show_rows(rows, as_json)


@models_app.command("install")
def models_install(
    model: Model = "smollm2-135m",
    again: Annotated[bool, typer.Option(help="Convert even when it is in place.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put the weights of a model in place, once; nothing is fetched at run time after that."""
    from ...models.install import install

    folder = install(model, again=again, tell=teller(as_json))
    if as_json:
        show_facts({"model": model, "folder": folder}, as_json)


def teller(as_json: bool) -> Callable[[str], None]:
    """Return what tells a person how far long work is; on standard error when JSON follows."""
    from time import monotonic

    began = monotonic()
    return lambda text: typer.echo(f"{monotonic() - began:5.0f} s  {text}", err=as_json)


def settings_of(words: Sequence[str]) -> dict[str, Any]:
    """Return the options of an environment from words such as `noise=1` or `observe=order`.

    Raises:
        ConfigError: a word has no equals sign.
    """
    from json import loads

    from ...plant_sim.errors import ConfigError

    settings: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise ConfigError(f"option {word!r} has no value; write name=value")
        try:
            settings[name] = loads(text)
        except ValueError:
            settings[name] = text
    return settings


def seat_spec(word: str, in_env: bool = False) -> str:
    """Return the spec of a seat, as rollouts know it, of the `word` a user types.

    Args:
        word: as typed.
        in_env: whether it acts in an environment; who is known there, `load_policy` says.

    Raises:
        ConfigError: nobody has that name; said before a folder is begun.
    """
    from ...plant_sim.errors import ConfigError

    if in_env:
        return f"desk:{seat_spec(word[5:])}" if word.startswith("desk:") else word
    if word in MODEL_SEATS:
        return f"passline.models.decisions:seat_from_spec:{word}"
    if word not in SEATS and ":" not in word:
        known = ", ".join((*SEATS, *MODEL_SEATS))
        raise ConfigError(f"seat {word!r} is not known; use {known} or module:factory[:argument]")
    return word


def _spec_as_played(word: str) -> str:
    """Return the spec by which a store knows a seat: a model's name stands for more than itself."""
    known = word.removeprefix("desk:") in MODEL_SEATS
    return seat_spec(word, word.startswith("desk:")) if known else word


def _show_comparison(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(result)
        return
    if "table" in result:
        rows = [
            {
                "seat": row["seat"],
                "scenario": row["scenario"],
                "episodes": row["episodes"],
                "mean return EUR": row["return"],
                "mean harm s": row["harm"],
                "episodes with harm": row["harmed"],
            }
            for row in result["table"]
        ]
        show_rows(rows, as_json)
        typer.echo(f"episodes in {result['folder']}; passline evaluate compares them seed by seed")
    if "evaluation" in result:
        _show_desk(result["evaluation"])
        typer.echo(f"episodes in {result['folder']}")


def _show_desk(evaluation: dict[str, Any]) -> None:
    rows = [
        {
            "seat": row["seat"].rsplit(":", 1)[-1],
            "scenario": row["scenario"],
            "episodes": row["episodes"],
            "EUR/coil": row["money_per_coil"],
            "95 %": _interval(row["money_interval"]),
            "harm/coil": row["harm_per_coil"],
            "gauge": _percent(row["gauge_hit"]),
            "FDT": _percent(row["fdt_hit"]),
            "CT": _percent(row["ct_hit"]),
            f"against {evaluation['baseline']}": row["difference"],
            "its 95 %": _interval(row["difference_interval"]),
        }
        for row in evaluation["rows"]
    ]
    show_rows(rows, as_json=False)


def _show_environment(facts: dict[str, Any]) -> None:
    settings = "".join(f" {name}={value}" for name, value in facts["settings"].items())
    typer.echo(facts["env"] + settings)
    rows = [
        {
            "scenario": row["scenario"],
            "seat": row["seat"],
            "episodes": row["episodes"],
            "return EUR": row["mean"],
            "95 %": _interval(row["mean_interval"]),
            "IQM": row["iqm"],
            "harm s": row["harm"],
            "with harm": f"{row['harmed']}, at most {_percent(row['harmed_bound'])}",
            f"against {facts['baseline']}": row["difference"],
            "its 95 %": _interval(row["difference_interval"]),
            "better": row["improvement"],
            "score": row["score"],
        }
        for row in facts["rows"]
    ]
    show_rows(rows, as_json=False, nothing="no episode was played to its end")
    if score := facts["score"]:
        for row in score["rows"]:
            typer.echo(
                f"score of {row['seat']}: {row['score']:.3g} "
                f"({_interval(row['score_interval'])}), IQM {row['iqm']:.3g}"
            )
        for why in score["refused"].values():
            typer.echo(why)
    for note in facts["notes"]:
        typer.echo(note)


def _interval(ends: tuple[float, float] | None) -> str:
    return "-" if ends is None else f"{number(ends[0])} .. {number(ends[1])}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if isfinite(share) else "-"
