"""Commands for who answers for the plant: the gate, approvals, and the audit log."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from .screen import RUN, TAGS, AsJson, Dir, Tags, show_facts, show_json, show_rows

app = typer.Typer()
gate_app = typer.Typer(help="The only process that can write.", no_args_is_help=True)
approvals_app = typer.Typer(help="Writes that wait for a person.", no_args_is_help=True)
audit_app = typer.Typer(help="The chained record of all that was asked.", no_args_is_help=True)
app.add_typer(gate_app, name="gate")
app.add_typer(approvals_app, name="approvals")
app.add_typer(audit_app, name="audit")

Mode = Literal["read-only", "shadow", "advisory", "approve", "closed"]
Operator = Annotated[str, typer.Option(help="Who you are, as in pki/operators.json.")]
Key = Annotated[
    str,
    typer.Option(
        envvar="PASSLINE_OPERATOR_KEY", help="Your key; from pki/operators.json when not given."
    ),
]
Approval = Annotated[str, typer.Argument(help="Its id; `passline approvals list` shows it.")]


@gate_app.command("serve")
def gate_serve(
    tags: Tags = None,
    folder: Dir = RUN,
    mode: Annotated[Mode, typer.Option(help="What it does with a request.")] = "read-only",
    head: Annotated[
        Path | None, typer.Option(help="File on another disk that gets the audit log's head.")
    ] = None,
) -> None:
    """Run the gate of a plant until stopped; one JSON line says that it listens."""
    from ...connectors.gate.server import serve

    serve(tags or folder / TAGS, folder, mode, head=head)


@gate_app.command("status")
def gate_status(folder: Dir = RUN, as_json: AsJson = False) -> None:
    """Show mode, lease, hand-back, write budget and what is unresolved."""
    from ...connectors.gate.commands import status

    show_facts(status(folder), as_json)


@gate_app.command("release")
def gate_release(
    folder: Dir = RUN, operator: Operator = "operator", key: Key = "", as_json: AsJson = False
) -> None:
    """Let the agent back after a hand-back, and re-arm the plant's remote mode."""
    from ...connectors.gate.commands import release

    show_facts(release(folder, operator, key), as_json)


@gate_app.command("mode")
def gate_mode(
    mode: Annotated[Mode, typer.Argument(help="The new mode.")],
    folder: Dir = RUN,
    operator: Operator = "operator",
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Change what the running gate does with a request."""
    from ...connectors.gate.commands import set_mode

    show_facts(set_mode(folder, mode, operator, key), as_json)


@gate_app.command("undo")
def gate_undo(
    action: Annotated[str, typer.Argument(help="Id of a write that is DONE.")],
    folder: Dir = RUN,
    operator: Operator = "operator",
    as_json: AsJson = False,
) -> None:
    """Propose the inverse of a write; every limit of the gate holds for it too."""
    from ...connectors.gate.commands import undo

    _show_receipt(undo(folder, action, operator), as_json)


@approvals_app.command("list")
def approvals_list(
    folder: Dir = RUN,
    everything: Annotated[bool, typer.Option("--all", help="Decided ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the writes that wait for a person, in the units of the plant."""
    from ...connectors.gate.commands import list_approvals

    found = list_approvals(folder, everything=everything)
    if as_json:
        show_json(found)
        return
    show_rows([_asked(row) for row in found], as_json, nothing="nothing waits for a person")


@approvals_app.command("show")
def approvals_show(approval: Approval, folder: Dir = RUN, as_json: AsJson = False) -> None:
    """Show one approval, decided or not."""
    from ...connectors.gate.commands import show_approval

    row = show_approval(folder, approval)
    if as_json:
        show_json(row)
        return
    show_facts(_asked(row), as_json)
    typer.echo("it lapses when one of these moves by more than its tolerance (SI):")
    grounds = [
        {"signal": signal, "was": f"{value:g}", "tolerance": f"{tolerance:g}"}
        for signal, value, tolerance in row["basis"]
    ]
    show_rows(grounds, as_json, nothing="nothing")


@approvals_app.command("approve")
def approvals_approve(
    approval: Approval,
    folder: Dir = RUN,
    value: Annotated[
        float | None, typer.Option(help="The value you read; refused if it is another one.")
    ] = None,
    operator: Operator = "operator",
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Approve a write; the gate checks it again and writes at once."""
    from ...connectors.gate.commands import approve, show_approval
    from ...plant_sim.units import to_si

    if value is not None:
        value = to_si(value, _unit(show_approval(folder, approval)["control"]))
    _show_receipt(approve(folder, approval, operator, key, value), as_json)


@approvals_app.command("reject")
def approvals_reject(
    approval: Approval,
    folder: Dir = RUN,
    operator: Operator = "operator",
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """Reject a write; it ends NOT DONE."""
    from ...connectors.gate.commands import reject

    _show_receipt(reject(folder, approval, operator, key), as_json)


@audit_app.command("verify")
def audit_verify(
    folder: Dir = RUN,
    head: Annotated[
        Path | None, typer.Option(help="A copy of the head, as `gate serve --head` keeps it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say whether the audit log is whole and unchanged, to its end; exit code 1 if it is not."""
    from ...connectors.gate.commands import audit_verify as verify

    found = verify(folder, head)
    show_facts(found, as_json)
    if not found["holds"]:
        raise typer.Exit(1)


def _asked(row: Mapping[str, Any]) -> dict[str, object]:
    unit = _unit(row["control"])
    facts = {
        "id": row["id"],
        "control": row["control"],
        "now": _shown(row["before"], unit),
        "asked for": _shown(row["value"], unit),
        "by": row["requester"],
        "why": row["why"],
    }
    if row["decision"]:
        return facts | {"decision": f"{row['decision']} by {row['operator']}"}
    return facts | {"decision": f"open, {row['left']:.0f} s left"}


def _show_receipt(receipt: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        show_json(receipt)
        return
    unit = _unit(receipt["control"])
    value = _shown(receipt["value"], unit)
    typer.echo(f"{receipt['state']}: {receipt['control']} {value}. {receipt['reason']}".strip())


def _unit(control: str) -> str:
    from ...plant_sim.lines.hot_strip.control_table import CONTROLS

    return CONTROLS[control].display if control in CONTROLS else "1"


def _shown(value: float, unit: str) -> str:
    from ...plant_sim.units import from_si

    return f"{from_si(value, unit):g} {unit}" if unit != "1" else f"{value:g}"
