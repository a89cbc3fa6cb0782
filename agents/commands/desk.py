"""Commands for who works at the line: an agent on a plant."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from .screen import RUN, TAGS, AsJson, Dir, Tags

app = typer.Typer()


Engine = Annotated[str, typer.Option(help="Who decides: rules, hold, lm, lm-zero-shot or head.")]


@app.command()
def demo(
    seed: Annotated[int, typer.Option(min=0, help="Draws orders, noise and faults.")] = 0,
    lang: Annotated[
        Literal["en", "ko"], typer.Option(help="Language of screen and report.")
    ] = "en",
    coils: Annotated[int, typer.Option(help="Coils to roll.")] = 20,
    speed: Annotated[float, typer.Option(help="Plant seconds a second.")] = 16.0,
    engine: Engine = "lm",
    folder: Annotated[
        Path | None, typer.Option("--dir", help="The run folder; a new one in runs/ by default.")
    ] = None,
    open_report: Annotated[
        bool, typer.Option("--open", help="Open the report at the end.")
    ] = False,
) -> None:
    """Roll coils with an agent in closed loop and write the report."""
    from ..demo import run

    raise typer.Exit(run(seed, lang, coils, speed, engine, folder, open_report))


@app.command()
def operate(
    tags: Tags = None,
    folder: Dir = RUN,
    mode: Annotated[
        Literal["shadow", "advisory", "approve", "closed"],
        typer.Option(help="How much the agent may do; the gate's own mode may allow less."),
    ] = "shadow",
    engine: Engine = "rules",
    coils: Annotated[int | None, typer.Option(min=1, help="End after this coil.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run an agent on a plant until stopped; it can only read, and asks the gate to write."""
    import signal
    import threading

    from ..operate import emit, run

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    say = emit if as_json else _tell
    raise typer.Exit(
        run(tags or folder / TAGS, folder, mode, engine, coils=coils, say=say, stop=stop)
    )


def _tell(event: Mapping[str, Any]) -> None:
    """Print an event as a line for a person; what is seen every second is left out."""
    match event["event"]:
        case "ready":
            text = f"{event['seat']} at the desk, mode {event['mode']}"
        case "message":
            text = event["text"]
        case "link":
            text = "the plant is seen" if event["state"] == "up" else "the plant is not seen"
        case "gate":
            text = f"gate {event['state']}"
        case "approval":
            asked = f"{event['control']} {event['label']}"
            text = f"a person is asked: {asked}. {event['reason']} (passline approvals list)"
        case "decision":
            text = _decision(event)
        case "stopped":
            text = f"stopped: {event['reason']}"
        case _:
            return
    typer.echo(text)


def _decision(event: Mapping[str, Any]) -> str:
    head = f"{event['time']:8.0f} s  coil {event['coil']}"
    if event["kind"] != "decision":
        return "; ".join((head, event["kind"], *event["messages"]))
    asked = "hold" if event["control"] == "none" else f"{event['control']} {event['label']}"
    alerts = ", ".join(event["alerts"]) or "no alert"
    receipt = event["receipt"]
    end = f" -> {receipt['state']}" if receipt else ""
    return f"{head}; {alerts}; {event['by']}: {asked}{end}"
