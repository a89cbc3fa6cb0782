"""A tag file in another form: for a spreadsheet, a PLC project, an editor."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from .tag_csv import dump_csv, write_csv
from .tag_schema import text as schema_text
from .tagfile import dump, load_tags

Form = Literal["csv", "yaml", "nodeset2", "schema"]


def export(file: str | Path, form: Form, out: str | Path | None = None) -> str:
    """Write a tag file in another form, and return it as text.

    Args:
        file: the tag file; not read for the schema, which is that of every tag file.
        form: "csv", "yaml", "nodeset2" (an OPC UA information model) or "schema" (JSON).
        out: where to write; None only returns the text.

    Raises:
        ConfigError: if the tag file is wrong.
    """
    if form == "schema":
        text = schema_text()
    elif form == "nodeset2":
        from .tag_nodeset import export_nodeset

        with TemporaryDirectory() as folder:
            draft = Path(folder) / "nodes.xml"
            asyncio.run(export_nodeset(load_tags(file), draft))
            text = draft.read_text(encoding="utf-8")
    elif form == "csv":
        tagfile = load_tags(file)
        if out is not None:
            write_csv(out, tagfile)
            return dump_csv(tagfile)
        text = dump_csv(tagfile)
    else:
        text = dump(load_tags(file))
    if out is not None:
        Path(out).write_text(text, encoding="utf-8")
    return text
