"""Commands for who joins a plant: the tag file."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .screen import RUN, TAGS, AsJson, show_facts, show_rows

if TYPE_CHECKING:
    from ...connectors.tag_probe import Probe
    from ...connectors.tags import Tag

app = typer.Typer()
tags_app = typer.Typer(help="The tag file: what lies where on the wire.", no_args_is_help=True)
app.add_typer(tags_app, name="tags")


File = Annotated[Path, typer.Argument(help="The tag file: YAML, or CSV when its name ends so.")]
Out = Annotated[
    Path | None, typer.Option("--out", help="Where to write; by default it is printed.")
]
Keys = Annotated[
    Path | None, typer.Option("--pki", help="Folder of keys; by default pki beside the tag file.")
]
User = Annotated[str, typer.Option(help="Whose keys to use; one that can only read is enough.")]


@tags_app.command("check")
def tags_check(file: File = RUN / TAGS, as_json: AsJson = False) -> None:
    """Read a tag file and say what it holds, or in which line it is wrong."""
    from ...connectors.tag_check import facts, warnings
    from ...connectors.tagfile import load_tags

    found = load_tags(file)
    said = warnings(found)
    shown = {"file": file, **facts(found)}
    if as_json:
        shown["warnings"] = said
    show_facts(shown, as_json)
    for warning in () if as_json else said:
        typer.echo(f"warning: {warning}")


@tags_app.command("browse")
def tags_browse(
    url: Annotated[str, typer.Argument(help="The server, opc.tcp://host:port.")],
    out: Out = None,
    pki: Annotated[Path, typer.Option(help="Folder of keys.")] = RUN / "pki",
    user: User = "agent",
    line: Annotated[str, typer.Option(help="Name of the line.")] = "plant",
    limit: Annotated[int, typer.Option(min=1, help="Most nodes to look at.")] = 5000,
) -> None:
    """Draft a tag file of what an OPC UA server shows; exit code 1 when a limit ended it."""
    from ...connectors.security import Pki
    from ...connectors.tag_browse import browse, text_of

    draft = asyncio.run(browse(url, Pki(pki), user, limit=limit, line=line))
    if out is None:
        typer.echo(text_of(draft))
    else:
        out.write_text(text_of(draft), encoding="utf-8")
    complete = "complete" if draft.complete else f"not complete, it ended at {limit} nodes"
    typer.echo(
        f"{len(draft.tagfile.tags)} tags, {draft.skipped} variables that are no number, "
        f"{len(draft.notes)} notes; {complete}",
        err=True,
    )
    if not draft.complete:
        raise typer.Exit(1)


@tags_app.command("probe")
def tags_probe(
    file: File = RUN / TAGS,
    tag: Annotated[list[str] | None, typer.Option(help="A tag; all when not given.")] = None,
    reads: Annotated[int, typer.Option(min=1, help="How often to look.")] = 5,
    ways: Annotated[int, typer.Option(min=1, help="How many ways to show of each tag.")] = 3,
    pki: Keys = None,
    user: User = "agent",
    as_json: AsJson = False,
) -> None:
    """Read the plant once and say whether types and orders are likely; exit code 1 if not."""
    from ...connectors.security import Pki
    from ...connectors.tag_nodes import probe_opcua
    from ...connectors.tag_probe import orders, probe_modbus
    from ...connectors.tagfile import load_tags

    found, names = load_tags(file), tag or []
    rows: list[dict[str, object]] = []
    wrong = False
    if found.modbus is not None:
        probes = asyncio.run(probe_modbus(found, names, reads=reads))
        for probe in probes:
            rows += _modbus_rows(probe, ways)
            wrong = wrong or not probe.agrees or bool(probe.refusal)
        for order, count in orders(probes).most_common():
            typer.echo(f"modbus: {count} tags are likely in the order {order}", err=True)
    if found.opcua is not None:
        keys = Pki(pki or file.parent / "pki")
        for node in asyncio.run(probe_opcua(found, keys, user, names)):
            wrong = wrong or bool(node.remark)
            rows.append(_row(node.tag, f"opcua {node.type}", node.value, node.status, node.remark))
    show_rows(rows, as_json)
    if wrong:
        raise typer.Exit(1)


@tags_app.command("export")
def tags_export(
    file: File = RUN / TAGS,
    form: Annotated[
        Literal["csv", "yaml", "nodeset2", "schema"], typer.Option("--as", help="What to write.")
    ] = "csv",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Write the tags for a spreadsheet, a PLC project or an editor."""
    from ...connectors.tag_csv import cells_of
    from ...connectors.tag_export import export
    from ...connectors.tagfile import load_tags

    if as_json:
        show_rows(cells_of(load_tags(file)), as_json)
    else:
        text = export(file, form, out)
        if out is None:
            typer.echo(text, nl=False)


@tags_app.command("import")
def tags_import(
    file: Annotated[Path, typer.Argument(help="The tags as CSV.")],
    out: Out = None,
) -> None:
    """Make a YAML tag file of a CSV, or say in which row and column it is wrong."""
    from ...connectors.tagfile import dump, load_tags, write_tags

    found = load_tags(file)
    if out is None:
        typer.echo(dump(found), nl=False)
    else:
        write_tags(out, found)


@tags_app.command("diff")
def tags_diff(
    before: File,
    after: Annotated[str, typer.Argument(help="Another tag file, or a running opc.tcp:// server.")],
    pki: Keys = None,
    user: User = "agent",
    as_json: AsJson = False,
) -> None:
    """Say what changed, by tag and key; exit code 1 if anything did."""
    from ...connectors.security import Pki
    from ...connectors.tag_browse import browse
    from ...connectors.tag_diff import diff, diff_shown
    from ...connectors.tagfile import load_tags

    first = load_tags(before)
    if after.startswith("opc.tcp://"):
        draft = asyncio.run(browse(after, Pki(pki or before.parent / "pki"), user))
        changes = diff_shown(first, draft.tagfile)
    else:
        changes = diff(first, load_tags(after))
    rows = [
        {"where": each.where, "key": each.key, "before": each.before, "after": each.after}
        for each in changes
    ]
    show_rows(rows, as_json, nothing="nothing differs")
    if rows:
        raise typer.Exit(1)


def _modbus_rows(probe: "Probe", ways: int) -> list[dict[str, object]]:
    """Return the likely readings of one tag, and that of the file when it is not among them."""
    tag = probe.tag
    if not probe.readings:
        return [_row(tag, "modbus", None, "", probe.refusal)]
    if not probe.tells:
        return [_row(tag, "modbus", probe.declared.values[-1], "", "zeros tell no order")]
    shown = list(probe.readings[:ways])
    if probe.declared not in shown:
        shown.append(probe.declared)
    rows = []
    for reading in shown:
        said = "in the file" if reading is probe.declared else ""
        if reading is probe.likely and not probe.agrees:
            said = "likely"
        coding = f"modbus {reading.coding}"
        rows.append(_row(tag, coding, reading.values[-1], f"{reading.score:.2f}", said))
    return rows


def _row(tag: "Tag", coding: str, value: object, score: str, remark: str) -> dict[str, object]:
    return {
        "tag": tag.name,
        "as": coding,
        "value": value,
        "unit": tag.unit,
        "status or score": score,
        "remark": remark,
    }
