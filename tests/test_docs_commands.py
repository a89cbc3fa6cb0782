"""Commands and links that the pages print are such as there are; commands are read, not run."""

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command

from passline.agents.cli import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```\w*\n(.*?)^```|((?:^ {4}\S.*\n)+)", re.MULTILINE | re.DOTALL)
CALL = re.compile(r"^(?:\.venv/bin/)?passline (.*)$")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def printed():
    """Yield each call of passline in a block of code, as page and words."""
    for page in PAGES:
        for block in FENCE.finditer(page.read_text(encoding="utf-8")):
            text = (block[1] or block[2]).replace("\\\n", " ")
            for line in text.splitlines():
                if call := CALL.match(line.strip()):
                    words = shlex.split(call[1].split(" > ")[0], comments=True)
                    yield pytest.param(words, id=f"{page.name}: {' '.join(words)[:60]}")


def anchors(page):
    """Return the names under which a browser finds the headings of a page."""
    heads = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("words", list(printed()))
def test_a_printed_command_is_understood(words):
    command, words = get_command(app), list(words)
    while hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    command.make_context(command.name, words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_link_inside_the_repository_leads_somewhere(page):
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if not re.match(r"https?:|mailto:", link):
            path, _, anchor = link.partition("#")
            target = (page.parent / path).resolve() if path else page
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link
