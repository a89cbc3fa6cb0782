"""The command `passline`: typer alone is imported here; every command imports what it needs."""

import sys
from collections.abc import Sequence

import typer

from .commands import certs, desk, gate, history, learning, plant, train, wires
from .commands.screen import AsJson, show_json

# what a missing import of these means: an extra was left out
OPTIONAL = ("torch", "transformers", "peft", "safetensors", "gguf", "stable_baselines3", "ray")

app = typer.Typer(
    name="passline",
    help="Foundation models operate a simulated or real steel line.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what works on this machine, what does not, and what to do."""
    from .doctor import examine

    findings = []
    for finding in examine():
        findings.append(finding)
        if not as_json:
            typer.echo(f"{finding.state:>6}  {finding.topic}: {finding.detail}")
            if finding.remedy:
                typer.echo(f"        -> {finding.remedy}")
    if as_json:
        show_json(findings)
    if any(finding.state == "broken" for finding in findings):
        raise typer.Exit(1)


for group in (desk, plant, wires, certs, gate, history, learning, train):
    app.add_typer(group.app)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; what the user can mend is one line on standard error and exit code 2.

    Args:
        arguments: the words after `passline`; those of this process if None.
    """
    try:
        app(args=arguments, prog_name="passline")
    except Exception as error:  # the process boundary
        from ..plant_sim.errors import MissingExtraError, PasslineError

        if isinstance(error, ModuleNotFoundError) and error.name in OPTIONAL:
            told = str(MissingExtraError(error.name, "all"))
        elif isinstance(error, OSError) and error.filename is not None:
            told = f"{error.filename}: {error.strerror}; give a place that can be read and written"
        elif isinstance(error, PasslineError):
            told = str(error)
        else:
            raise
        typer.echo(f"passline: {' '.join(told.split())}", err=True)
        sys.exit(2)
