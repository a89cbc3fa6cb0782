"""Commands for who looks at the simulated plant: what there is, and the virtual PLC."""

from pathlib import Path
from typing import Annotated

import typer

from .screen import RUN, AsJson, Dir, show_rows

app = typer.Typer()
Port = Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")]


@app.command()
def scenarios(as_json: AsJson = False) -> None:
    """List the kinds of days on the line: what is ordered and what can go wrong."""
    from ...plant_sim.scenarios.catalogue import SCENARIOS

    rows = [
        {
            "scenario": row.name,
            "level": row.level,
            "tags": " ".join(row.tags),
            "for training": row.training,
            "what for": row.english,
            "용도": row.korean,
        }
        for row in SCENARIOS.values()
    ]
    show_rows(rows, as_json)


@app.command()
def envs(as_json: AsJson = False) -> None:
    """List the Gymnasium environments."""
    from gymnasium.envs.registration import registry

    from ... import plant_sim

    del plant_sim  # its import registers them
    rows = [
        {
            "environment": name,
            "class": spec.entry_point,
            "vector form": "native" if spec.vector_entry_point else "-",
            "steps": spec.max_episode_steps,
        }
        for name, spec in registry.items()
        if name.startswith("passline/")
    ]
    show_rows(rows, as_json)


@app.command()
def serve(
    line: Annotated[str, typer.Argument(help="The line to run.")] = "hot-strip",
    folder: Dir = RUN,
    speed: Annotated[
        float,
        typer.Option(
            min=0.0, max=10_000.0, help="Plant seconds a second; 1 is real time, 0 begins paused."
        ),
    ] = 1.0,
    lock_step: Annotated[
        bool, typer.Option(help="Plant time moves only when the driver asks for it.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Draws orders, noise and faults.")] = 0,
    scenario: Annotated[str, typer.Option(help="`passline scenarios` lists them.")] = "nominal",
    coils: Annotated[
        int | None, typer.Option(min=1, help="Stop the plant clock after this many.")
    ] = None,
    opcua_port: Port = 4840,
    modbus_port: Port = 5020,
    word_order: Annotated[
        str | None, typer.Option(help="Of the registers: big or little; by default as they were.")
    ] = None,
    wire_faults: Annotated[
        Path | None, typer.Option(help="A file of faults of the wire; see docs/virtual_plc.md.")
    ] = None,
    bind: Annotated[str, typer.Option(help="Address; beyond loopback needs --lab.")] = "127.0.0.1",
    lab: Annotated[
        list[str] | None, typer.Option(help="network, open: what no plant permits.")
    ] = None,
) -> None:
    """Run the virtual PLC of a line over OPC UA and Modbus until stopped.

    Keys and the tag file are made in the run folder; one JSON line says that it listens.
    """
    from ...connectors.virtual_plc.process import run

    run(
        folder,
        line=line,
        speed=speed,
        seed=seed,
        scenario=scenario,
        coils=coils,
        opcua_port=opcua_port,
        modbus_port=modbus_port,
        lock_step=lock_step,
        word_order=word_order,
        wire_faults=wire_faults,
        bind=bind,
        lab=lab or (),
    )
