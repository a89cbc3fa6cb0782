"""What an OPC UA server shows, made into a draft of a tag file.

Range, unit and meaning come from EURange, EngineeringUnits and Description. What the server does
not tell is filled in from the type and said in a note, for a person to put right. Nothing in a
draft is writable: limits of a write are a person's to give.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any

from asyncua import ua

from ..plant_sim.units import UNITS
from .addresses import Kind, OpcUaAddress
from .analog_item import TYPES, UNECE
from .errors import LinkError
from .opcua import OpcUaSession, said
from .security import Pki
from .tag_devices import OpcUaDevice, need
from .tag_table import TagFile
from .tagfile import dump
from .tags import HEARTBEAT, Tag

LIMIT = 5000  # nodes looked at
DEPTH = 12  # folders into one another
BATCH = 100  # nodes in one Browse call
DEADLINE = 120.0  # wall s for the whole
LONGEST = 500  # characters of a description

_STANDARD = "http://opcfoundation.org/UA/"
_KINDS: dict[ua.VariantType, Kind] = {variant: kind for kind, variant in TYPES.items()}
_KINDS |= {ua.VariantType.SByte: "i16", ua.VariantType.Byte: "u16"}
_CODES = {code: unit for unit, code in UNECE.items()}
_WORDS = {"°C": "degC", "℃": "degC", "µm": "um", "m³/h": "m3/h", "Nm³/h": "Nm3/h", "": "1"}
_FLOATS = 1e9  # a range that says nothing, where neither server nor type give one


@dataclass(frozen=True, slots=True)
class Draft:
    """What browsing found.

    Attributes:
        tagfile: a tag for every number that the server shows; `parse` may still refuse it.
        notes: what was not told, one sentence a tag.
        looked_at: how many nodes were looked at.
        skipped: variables that are no single number.
        complete: False when a limit ended the search.
    """

    tagfile: TagFile
    notes: tuple[str, ...]
    looked_at: int
    skipped: int
    complete: bool


async def browse(
    url: str,
    pki: Pki,
    user: str,
    *,
    limit: int = LIMIT,
    depth: int = DEPTH,
    line: str = "plant",
) -> Draft:
    """Look through the address space below Objects and draft a tag file of it.

    Args:
        url: opc.tcp://host:port.
        pki: folder of keys.
        user: whose keys to use; one that can only read is enough.
        limit: greatest number of nodes to look at.
        depth: how many folders into one another.
        line: name of the line, for the file.

    Raises:
        LinkError: if the server does not let this user in, or shows no number.
    """
    session = await OpcUaSession.open(OpcUaDevice(url, ""), pki, user)
    try:
        async with asyncio.timeout(DEADLINE):
            found = await _Search(session, limit, depth).run()
            values = await session.read([each.node for each in found.variables])
            facts = await _properties(session, found.variables)
            (uris,) = await session.read([ua.NodeId(ua.Int32(2254))])  # Server_ServerArray
            namespaces = await session.client.get_namespace_array()
    except TimeoutError as error:
        raise LinkError(f"{url} was not looked through in {DEADLINE:g} s; lower --limit") from error
    except LinkError:
        raise
    except Exception as error:  # see said
        raise LinkError(f"{url} cannot be looked through ({said(error)})") from error
    finally:
        await session.close()
    known = uris.Value.Value if uris.Value is not None else None
    first = known[0] if isinstance(known, list) and known else None
    device = OpcUaDevice(url, first if isinstance(first, str) else "urn:unknown")
    return _draft(line, device, found, values, facts, list(namespaces))


@dataclass(slots=True)
class _Variable:
    node: ua.NodeId
    path: tuple[str, ...]
    properties: dict[str, ua.NodeId] = field(default_factory=dict)


class _Search:
    """Breadth first, many nodes in one call, each node once."""

    def __init__(self, session: OpcUaSession, limit: int, depth: int) -> None:
        self._client = session.client
        self._limit, self._depth = limit, depth
        self.variables: list[_Variable] = []
        self.looked_at = 0
        self.complete = True

    async def run(self) -> "_Search":
        """Fill `variables`."""
        objects = ua.NodeId(ua.Int32(ua.ObjectIds.ObjectsFolder))
        seen = {objects, ua.NodeId(ua.Int32(ua.ObjectIds.Server))}
        level: list[_Variable] = [_Variable(objects, ())]
        for _ in range(self._depth):
            following: list[_Variable] = []
            for start in range(0, len(level), BATCH):
                batch = level[start : start + BATCH]
                children = await self._children([each.node for each in batch])
                for parent, references in zip(batch, children, strict=True):
                    self._take(parent, references, seen, following)
            level = following
            if not level or not self.complete:
                break
        self.complete = self.complete and not level
        return self

    def _take(
        self,
        parent: _Variable,
        references: Sequence[ua.ReferenceDescription],
        seen: set[ua.NodeId],
        following: list[_Variable],
    ) -> None:
        for reference in references:
            node = ua.NodeId(reference.NodeId.Identifier, reference.NodeId.NamespaceIndex)
            name = reference.BrowseName.Name or ""
            if reference.ReferenceTypeId.Identifier == ua.ObjectIds.HasProperty:
                parent.properties[name] = node
                continue
            if node in seen or reference.NodeClass not in (
                ua.NodeClass.Object,
                ua.NodeClass.Variable,
            ):
                continue
            if self.looked_at >= self._limit:
                self.complete = False
                return
            seen.add(node)
            self.looked_at += 1
            child = _Variable(node, (*parent.path, name))
            following.append(child)
            if reference.NodeClass == ua.NodeClass.Variable:
                self.variables.append(child)

    async def _children(
        self, nodes: Sequence[ua.NodeId]
    ) -> list[Sequence[ua.ReferenceDescription]]:
        wanted = [
            ua.BrowseDescription(
                NodeId=node,
                BrowseDirection=ua.BrowseDirection.Forward,
                ReferenceTypeId=ua.NodeId(ua.Int32(ua.ObjectIds.HierarchicalReferences)),
                IncludeSubtypes=True,
                ResultMask=ua.UInt32(ua.BrowseResultMask.All),
            )
            for node in nodes
        ]
        results = await self._client.uaclient.browse(ua.BrowseParameters(NodesToBrowse=wanted))
        found: list[Sequence[ua.ReferenceDescription]] = []
        for result in results:
            references = list(result.References or ())
            while result.ContinuationPoint:
                (result,) = await self._client.uaclient.browse_next(  # noqa: PLW2901 - its rest
                    ua.BrowseNextParameters(ContinuationPoints=[result.ContinuationPoint])
                )
                references += result.References or ()
            found.append(references)
        return found


async def _properties(
    session: OpcUaSession, variables: Sequence[_Variable]
) -> list[dict[str, Any]]:
    """Return EURange, EngineeringUnits and Description of each variable."""
    asked = [
        (number, name, each.properties[name])
        for number, each in enumerate(variables)
        for name in ("EURange", "EngineeringUnits")
        if name in each.properties
    ]
    answers = await session.read([node for _, _, node in asked])
    facts: list[dict[str, Any]] = [{} for _ in variables]
    for (number, name, _), answer in zip(asked, answers, strict=True):
        facts[number][name] = answer.Value.Value if answer.Value is not None else None
    for start in range(0, len(variables), BATCH):
        items = [
            ua.ReadValueId(NodeId=each.node, AttributeId=ua.AttributeIds.Description)
            for each in variables[start : start + BATCH]
        ]
        described = await session.client.uaclient.read(ua.ReadParameters(NodesToRead=items))
        for number, answer in enumerate(described, start=start):
            text = answer.Value.Value if answer.Value is not None else None
            facts[number]["Description"] = getattr(text, "Text", None) or ""
    return facts


def text_of(draft: Draft) -> str:
    """Return a draft as YAML, with what is to be put right above it."""
    head = [f"# draft of what {need(draft.tagfile.opcua, 'devices.opcua').url} shows"]
    if not draft.complete:
        head.append(f"# not complete: the search ended after {draft.looked_at} nodes")
    return "\n".join([*head, *(f"# {note}" for note in draft.notes), dump(draft.tagfile)])


def _draft(
    line: str,
    device: OpcUaDevice,
    found: _Search,
    values: Sequence[ua.DataValue],
    facts: Sequence[dict[str, Any]],
    namespaces: list[str],
) -> Draft:
    tags: dict[str, Tag] = {}
    notes: list[str] = []
    mailbox = False
    for each, value, known in zip(found.variables, values, facts, strict=True):
        if each.node.NamespaceIndex >= len(namespaces):
            continue  # nobody could find it again
        space = namespaces[each.node.NamespaceIndex]
        at = OpcUaAddress(space, each.node.to_string().rpartition(";")[2])
        kind = _KINDS.get(value.Value.VariantType) if value.Value is not None else None
        if each.path[-2:-1] == ("Mailbox",):
            mailbox = True
            continue
        if kind is None and value.Value is not None and value.Value.VariantType is _NULL:
            kind = "f64" if "EURange" in known else None  # a BAD value has no type
        if space == _STANDARD or kind is None or (value.Value and value.Value.is_array):
            continue
        tag, said = _tag(_name(each, tags), replace(at, kind=kind), known)
        tags[tag.name] = tag
        notes += [f"{tag.name}: {text}" for text in said]
    if not tags:
        raise LinkError(f"{device.url} shows no number below Objects to this user")
    if HEARTBEAT not in tags:
        notes.append(
            f"no tag is called {HEARTBEAT}; rename the one that the PLC counts up in every cycle"
        )
    if mailbox:
        notes.append(
            "there is a mailbox here: for writing take the tag file that the PLC was made from"
        )
    tagfile = TagFile(line, device, None, None, tags)
    skipped = len(found.variables) - len(tags)
    return Draft(tagfile, tuple(notes), found.looked_at, skipped, found.complete)


_NULL = ua.VariantType.Null


def _tag(name: str, at: OpcUaAddress, known: dict[str, Any]) -> tuple[Tag, list[str]]:
    """Return the tag of one variable and what was not told of it."""
    notes = []
    unit = _unit(known.get("EngineeringUnits"))
    if unit is None:
        shown = getattr(known["EngineeringUnits"].DisplayName, "Text", None)
        notes.append(f"unit {shown!r} is not known here; give it and, where needed, a scale")
    given = known.get("EURange")
    low, high = (given.Low, given.High) if isinstance(given, ua.Range) else (0.0, 0.0)
    if not (isfinite(low) and isfinite(high) and low < high):
        low, high = _range_of(at.kind)
        notes.append("the server gives no range, this is that of the type; give the plausible one")
    english, _, korean = _plain(known.get("Description", "")).partition(" | ")
    tag = Tag(name, unit or "1", float(low), float(high), opcua=at, english=english, korean=korean)
    return tag, notes


def _unit(given: Any) -> str | None:
    """Return the plant unit of an EUInformation: "1" for none, None for a strange one."""
    if not isinstance(given, ua.EUInformation):
        return "1"
    text = (getattr(given.DisplayName, "Text", None) or "").strip()
    text = _WORDS.get(text, text)
    if text in UNITS:
        return text
    code = int(given.UnitId)
    letters = code.to_bytes(4, "big").strip(b"\0").decode("ascii", "replace") if code > 0 else ""
    return _CODES.get(letters)


def _range_of(kind: Kind) -> tuple[float, float]:
    if kind == "bool":
        return 0.0, 1.0
    if kind in ("f32", "f64"):
        return -_FLOATS, _FLOATS
    bits = int(kind[1:])
    return (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1)) if kind[0] == "i" else (0.0, 2.0**bits)


def _name(variable: _Variable, taken: dict[str, Tag]) -> str:
    """Return `station.quantity` of the last two names on the way to a variable.

    A node F1.RollForce in a folder F1 becomes f1.roll_force, the name that it has in passline.
    """
    station, quantity = (*("plant",), *variable.path)[-2:]
    words = re.findall(r"[^\W\d_]+?(?=[A-Z][a-z]|\d|_|\W|$)|[A-Z][^\W\d_A-Z]+|\d+", quantity)
    name = f"{_word(station)}.{_word('_'.join(words) if quantity.isascii() else quantity)}"
    if name not in taken:
        return name
    number = next(n for n in range(2, len(taken) + 3) if f"{name}_{n}" not in taken)
    return f"{name}_{number}"


def _word(text: str) -> str:
    return re.sub(r"\W+", "_", text).strip("_").lower() or "unnamed"


def _plain(text: str) -> str:
    """Return plant text as one line of plain words: it is data, whatever it says."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST]
