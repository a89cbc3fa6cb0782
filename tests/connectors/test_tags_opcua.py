"""What a running OPC UA server tells of itself is what the tag file says, both ways."""

import asyncio
import json
import os
import shutil
import subprocess
import xml.etree.ElementTree as Et
from dataclasses import replace
from pathlib import Path

import pytest
from asyncua import Server, ua
from typer.testing import CliRunner

from passline.agents.cli import app
from passline.connectors.errors import LinkError
from passline.connectors.security import Pki
from passline.connectors.tag_browse import browse, text_of
from passline.connectors.tag_diff import Change, diff_shown
from passline.connectors.tag_nodes import probe_opcua
from passline.connectors.tag_nodeset import export_nodeset
from passline.connectors.tagfile import load_tags, parse, write_default

pytestmark = [pytest.mark.network, pytest.mark.timeout(400)]
URI = "urn:passline:hot-strip"
MODULES = Path(__file__).parents[2] / "build" / "foreign"


async def test_browsing_the_plc_gives_back_the_opcua_side_of_its_tag_file(plc):
    tags, keys = load_tags(plc.tags), Pki(plc.pki)
    draft = await browse(plc.ready["opcua"], keys, "agent", line="hot-strip")
    assert draft.complete
    assert any("mailbox" in note for note in draft.notes)
    assert draft.tagfile.tags.keys() >= tags.tags.keys()
    assert diff_shown(tags, draft.tagfile) == []
    assert draft.skipped >= 4  # request, echo, beat, tag table
    assert draft.tagfile.mailbox is None  # nobody writes by a draft: limits are a person's to give
    assert draft.tagfile.writable() == {}
    read = parse(text_of(draft))
    assert read.tags == draft.tagfile.tags
    changed = dict(tags.tags)
    changed["fm.fdt"] = replace(changed["fm.fdt"], high=2000.0)
    (found,) = diff_shown(replace(tags, tags=changed), draft.tagfile)
    assert (found.where, found.key, found.before) == ("fm.fdt", "high", 2000.0)
    gap = replace(tags.tags["f1.gap"], opcua=replace(tags.tags["f1.gap"].opcua, identifier="s=No"))
    there = replace(tags, tags={"f1.gap": gap})
    assert diff_shown(there, draft.tagfile) == [Change("f1.gap", "", "in the file", None)]


async def test_browsing_ends_at_its_limit_and_says_so(plc):
    draft = await browse(plc.ready["opcua"], Pki(plc.pki), "agent", limit=60)
    assert not draft.complete
    assert 0 < len(draft.tagfile.tags) <= 60
    assert "not complete" in text_of(draft)
    with pytest.raises(LinkError, match="no number"):
        await browse(plc.ready["opcua"], Pki(plc.pki), "agent", depth=1)


async def test_a_probe_of_the_nodes_says_type_status_and_value(plc):
    tags, keys = load_tags(plc.tags), Pki(plc.pki)
    wrong = dict(tags.tags)
    for name, changed in (
        ("fm.speed", {"kind": "i16"}),
        ("fm.power", {"identifier": "s=FM.Nothing"}),
    ):
        wrong[name] = replace(wrong[name], opcua=replace(wrong[name].opcua, **changed))
    names = ["plc.remote", "fm.speed", "fm.power"]
    right, other, nothing = await probe_opcua(replace(tags, tags=wrong), keys, "agent", names)
    assert (right.type, right.status, right.value, right.remark) == ("Double", "Good", 1.0, "")
    assert other.remark == "the file says i16"
    assert nothing.status.startswith("Bad")
    assert nothing.value is None


def test_the_commands_browse_and_diff_the_running_plc(plc, tmp_path):
    out = tmp_path / "draft.yaml"
    url, keys = plc.ready["opcua"], ["--pki", str(plc.pki)]
    run = CliRunner()
    made = run.invoke(app, ["tags", "browse", url, *keys, "--out", str(out), "--line", "hot-strip"])
    assert made.exit_code == 0, made.output
    assert load_tags(out).tags.keys() >= load_tags(plc.tags).tags.keys()
    same = run.invoke(app, ["tags", "diff", str(plc.tags), url, *keys])
    assert same.exit_code == 0, same.output
    out.write_text(plc.tags.read_text().replace("high: 40.0, ", "high: 50.0, ", 1))
    other = run.invoke(app, ["tags", "diff", str(plc.tags), str(out), "--json"])
    assert other.exit_code == 1
    assert [row["key"] for row in json.loads(other.stdout)] == ["high"]


@pytest.fixture(scope="module")
def nodeset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nodeset")
    tags = write_default(folder / "line.yaml", 4840, 5020)
    count = asyncio.run(export_nodeset(tags, folder / "line.xml"))
    return tags, folder / "line.xml", count


@pytest.mark.slow
async def test_a_nodeset_is_taken_by_another_server_and_means_the_same(nodeset):
    tags, file, count = nodeset
    server = Server()
    await server.init()
    for other in ("urn:another:plant", "urn:one:more"):  # the index is another one there
        await server.register_namespace(other)
    assert len(await server.import_xml(file)) == count
    index = await server.get_namespace_index(URI)
    for tag in tags.tags.values():
        node = server.get_node(f"ns={index};{tag.opcua.identifier}")
        range_, unit = [await (await node.get_child(f"0:{name}")).read_value() for name in
                        ("EURange", "EngineeringUnits")]  # fmt: skip
        assert (range_.Low, range_.High) == (tag.low, tag.high)
        assert unit.DisplayName.Text == tag.unit
        assert (await node.read_description()).Text == f"{tag.english} | {tag.korean}"
        assert await node.read_data_type_as_variant_type() is ua.VariantType.Double
        access = (await node.read_attribute(ua.AttributeIds.AccessLevel)).Value.Value
        assert access == ua.AccessLevel.CurrentRead.mask
    table = server.get_node(f"ns={index};s=Mailbox.TagTable")
    assert await table.read_value() == tags.hash


@pytest.mark.slow
def test_a_nodeset_is_read_by_a_foreign_parser(nodeset):
    """Every reference leads to a node of the file or of the standard, each node once."""
    tags, file, count = nodeset
    space = "{http://opcfoundation.org/UA/2011/03/UANodeSet.xsd}"
    root = Et.parse(file).getroot()
    found = [node.get("NodeId") for node in root if node.get("NodeId")]
    assert len(found) == len(set(found)) == count
    for reference in root.iter(f"{space}Reference"):
        assert reference.text in found or reference.text.startswith("i="), reference.text
    if not (shutil.which("node") and (MODULES / "node_modules" / "node-opcua-xml2json").is_dir()):
        if os.environ.get("PASSLINE_REQUIRE_FOREIGN"):
            pytest.fail("node-opcua is missing although .ci/run installs it")
        pytest.skip("node-opcua is missing: .ci/run shows how to install it")
    script = """
      import { createRequire } from "node:module";
      import { readFileSync } from "node:fs";
      const require = createRequire(process.argv[1]);
      const { Xml2Json } = require("node-opcua-xml2json");
      let variables = 0;
      const parser = new Xml2Json({ parser: { UANodeSet: { parser: { UAVariable: {
        finish() { variables += 1; } } } } } });
      parser.parseString(readFileSync(process.argv[2], "utf8"));
      console.log(variables);
    """
    told = subprocess.run(
        ["node", "--input-type=module", "-e", script, str(MODULES / "package.json"), str(file)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert told.returncode == 0, told.stderr
    assert int(told.stdout) == 3 * len(tags.tags) + 4
