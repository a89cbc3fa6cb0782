"""Write the tables of docs/tag_file.md from the table of keys.

A table stands between `<!-- section -->` and `<!-- /section -->`; the words around it are written
by hand. tests/connectors/test_tags_docs.py compares the page with the code.
"""

import re
from math import inf
from pathlib import Path

from passline.connectors.tag_keys import Key
from passline.connectors.tag_schema import SECTIONS

PAGE = Path(__file__).with_name("tag_file.md")


def table(keys: tuple[Key, ...]) -> str:
    """Return the rows of one section: key, what it takes, unit, default, meaning."""
    rows = [f"| `{k.name}` | {_takes(k)} | {k.unit} | {_default(k)} | {k.says} |" for k in keys]
    return "\n".join(["| key | takes | unit | default | meaning |", "|---|---|---|---|---|", *rows])


def page(text: str) -> str:
    """Return the page `text` with every table as the code has it."""
    for section, keys in SECTIONS.items():
        found = re.compile(rf"(<!-- {section} -->\n).*?(<!-- /{section} -->)", re.DOTALL)
        if not found.search(text):
            raise LookupError(f"{PAGE} has no place for the table of {section}")
        text = found.sub(lambda place, keys=keys: f"{place[1]}{table(keys)}\n{place[2]}", text)
    return text


def _takes(key: Key) -> str:
    if key.choices:
        return ", ".join(f"`{choice}`" for choice in key.choices)
    bounds = [f"above {key.above:g}"] if key.above > -inf else []
    if key.least > -inf:
        bounds = [f"{key.least:g} to {key.most:g}" if key.most < inf else f"from {key.least:g}"]
    words = {"integer": "whole number", "phrase": "text", "names": "list of names",
             "integers": "list of whole numbers", "numbers": "list of numbers"}  # fmt: skip
    return ", ".join([words.get(key.type, key.type), *bounds])


def _default(key: Key) -> str:
    if key.needed:
        return "must be given"
    return "none" if key.default in (None, "", (), inf) else f"`{key.default}`"


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
