"""Commands for who looks at the simulated plant: what there is, and the virtual PLC."""

import typer

from .screen import AsJson, show_rows

app = typer.Typer()


@app.command()
def scenarios(as_json: AsJson = False) -> None:
    """List what can be ordered and what can go wrong, with the likelihood of each fault."""
    from ...plant_sim.scenarios.catalogue import SCENARIOS

    rows = [
        {
            "scenario": row.name,
            "drifting pyrometer": row.drift,
            "dead bank": row.dead,
            "wrong grade": row.lot,
            "what for": row.english,
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
