"""The tag file: one file makes the virtual PLC and reads the real one."""

from pathlib import Path

from ..plant_sim.errors import ConfigError
from .rows import Row, read_rows, write_rows
from .tag_default import make_default, node_name
from .tag_devices import MailboxMap, ModbusDevice, OpcUaDevice
from .tag_table import REARM, VERSION, VOID, TagFile, read_table, rows_of

__all__ = [
    "REARM",
    "VERSION",
    "VOID",
    "MailboxMap",
    "ModbusDevice",
    "OpcUaDevice",
    "TagFile",
    "dump",
    "load_tags",
    "make_default",
    "node_name",
    "parse",
    "write_default",
    "write_tags",
]


def load_tags(path: str | Path) -> TagFile:
    """Read and check a tag file: YAML, or CSV when its name ends so.

    Raises:
        ConfigError: naming the file, the line and the remedy.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"tag file {path} cannot be read ({error.strerror}); give an existing file"
        ) from error
    try:
        if path.suffix.lower() == ".csv":
            from .tag_csv import parse_csv

            return parse_csv(data)
        return parse(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8; save it as UTF-8") from error
    except ConfigError as error:
        raise ConfigError(f"{path}, {error}") from error


def parse(text: str) -> TagFile:
    """Check the text of a tag file, YAML.

    Raises:
        ConfigError: naming the line and the remedy.
    """
    return read_table(Row.of(read_rows(text), "the file", "line 1"))


def dump(tagfile: TagFile) -> str:
    """Return `tagfile` as YAML; `parse` of it gives the same again."""
    rows = rows_of(tagfile)
    head = write_rows({key: value for key, value in rows.items() if key != "tags"})
    lines = ["  - " + write_rows(row, one_line=True).rstrip("\n") for row in rows["tags"]]
    return "\n".join([head + "tags:", *lines, ""])


def write_tags(path: str | Path, tagfile: TagFile) -> None:
    """Write `tagfile` to `path` as YAML, whole or not at all."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".tmp")
    draft.write_text(dump(tagfile), encoding="utf-8")
    draft.replace(path)


def write_default(
    path: str | Path,
    opcua_port: int,
    modbus_port: int,
    *,
    line: str = "hot-strip",
    host: str = "127.0.0.1",
) -> TagFile:
    """Generate the tag file of a line (see `make_default`) and write it."""
    from ..plant_sim.lines.hot_strip.control_table import CONTROLS
    from ..plant_sim.lines.hot_strip.signal_table import SIGNALS

    tagfile = make_default(
        SIGNALS, CONTROLS, opcua_port=opcua_port, modbus_port=modbus_port, line=line, host=host
    )
    write_tags(path, tagfile)
    return tagfile
