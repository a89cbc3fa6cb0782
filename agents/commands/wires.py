"""Commands for who joins a plant: the tag file."""

import csv
import sys
from pathlib import Path
from typing import Annotated

import typer

from .screen import RUN, TAGS, AsJson, show_facts, show_rows

app = typer.Typer()
tags_app = typer.Typer(help="The tag file: what lies where on the wire.", no_args_is_help=True)
app.add_typer(tags_app, name="tags")


@tags_app.command("check")
def tags_check(
    file: Annotated[Path, typer.Argument(help="The tag file, YAML.")] = RUN / TAGS,
    as_json: AsJson = False,
) -> None:
    """Read a tag file and say what it holds, or in which line it is wrong."""
    from ...connectors.tagfile import load_tags

    found = load_tags(file)
    tags = found.tags.values()
    facts = {
        "file": file,
        "line": found.line,
        "hash": found.hash,
        "opcua": found.opcua.url,
        "modbus": f"{found.modbus.host}:{found.modbus.port} unit {found.modbus.unit}",
        "tags": len(found.tags),
        "over opcua": sum(tag.opcua is not None for tag in tags),
        "over modbus": sum(tag.modbus is not None for tag in tags),
        "written by the gate": sorted(found.writable()),
    }
    show_facts(facts, as_json)


@tags_app.command("export")
def tags_export(
    file: Annotated[Path, typer.Argument(help="The tag file, YAML.")] = RUN / TAGS,
    as_json: AsJson = False,
) -> None:
    """Print the tags as CSV (or JSON), one a row, for a spreadsheet or a PLC project."""
    from ...connectors.tagfile import load_tags

    rows = [
        {
            "name": tag.name,
            "unit": tag.unit,
            "low": tag.low,
            "high": tag.high,
            "opcua": str(tag.opcua) if tag.opcua else "",
            "modbus table": tag.modbus.table if tag.modbus else "",
            "modbus register": tag.modbus.register if tag.modbus else "",
            "modbus type": tag.modbus.kind if tag.modbus else "",
            "written over": tag.write.protocol if tag.write else "",
            "write index": tag.write.index if tag.write else "",
            "english": tag.english,
            "korean": tag.korean,
        }
        for tag in load_tags(file).tags.values()
    ]
    if as_json:
        show_rows(rows, as_json)
        return
    writer = csv.DictWriter(sys.stdout, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
