"""Commands for who trains and compares: rollouts, labels, fine-tuning, models."""

from typing import Annotated

import typer

from .screen import AsJson, show_facts, show_rows

app = typer.Typer()
models_app = typer.Typer(help="Language models that run here.", no_args_is_help=True)
app.add_typer(models_app, name="models")

Model = Annotated[str, typer.Argument(help="A preset; `passline presets` lists them.")]


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

    folder = install(model, again=again, tell=lambda text: typer.echo(text, err=as_json))
    if as_json:
        show_facts({"model": model, "folder": folder}, as_json)
