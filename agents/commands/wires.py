"""Commands for who joins a plant: tags, certificates, the gate and its records."""

import typer

app = typer.Typer()
