"""Runs the structured text of docs/ by turning it, line by line, into Python.

This is no compiler: it knows the few forms that the block uses, and a line of any other form is an
error. What it cannot show is how a vendor's compiler treats types; the document says so.
"""

import re
from types import SimpleNamespace
from typing import Any


def signed(word: int) -> int:
    return word - 0x10000 if word > 0x7FFF else word


FORMS = [
    (r"IF (.+) THEN", "if {0}:", 1),
    (r"ELSIF (.+) THEN", "elif {0}:", 1),
    (r"ELSE", "else:", 1),
    (r"FOR (\w+) := (.+) TO (.+) BY -1 DO", "for {0} in range({1}, ({2}) - 1, -1):", 1),
    (r"FOR (\w+) := (.+) TO (.+) DO", "for {0} in range({1}, ({2}) + 1):", 1),
    (r"END_(?:IF|FOR);", "", -1),
    (r"([\w.\[\]*+ ]+) := (.+);", "{0} = {1}", 0),
]
WORDS = [
    (r"16#([0-9A-F]+)", r"0x\1"), (r"<>", "!="), (r"(?<![<>!=])=(?!=)", "=="), (r"\bAND\b", "&"),
    (r"\bXOR\b", "^"), (r"\bOR\b", "|"), (r"\bNOT ([\w.\[\]]+)", r"(1 ^ \1)"), (r"\bMOD\b", "%"),
    (r"\bTRUE\b", "True"), (r"\bFALSE\b", "False"), (r"\bI / 2\b", "I // 2"),
]  # fmt: skip
FUNCTIONS = {
    "SHL": lambda x, n: x << n & 0xFFFFFFFF, "SHR": lambda x, n: x >> n, "ABS": abs,
    "EXPT": pow, "REAL_TO_INT": round, "INT_TO_REAL": float, "WORD_TO_INT": signed,
    **{f"{a}_TO_{b}": int for a, b in (
        ("WORD", "DWORD"), ("DWORD", "UDINT"), ("DWORD", "INT"), ("DWORD", "WORD"),
        ("UDINT", "DWORD"), ("UINT", "WORD"))},
    "DWORD_TO_REAL": float,
}  # fmt: skip


class Block:
    """One instance of the function block; its variables are attributes of `v`."""

    def __init__(self, text: str) -> None:
        text = re.sub(r"\(\*.*?\*\)", "", text, flags=re.S)
        head, _, body = text.partition("FUNCTION_BLOCK PASSLINE_MAILBOX")[2].partition("Count := ")
        self.v: dict[str, Any] = dict(FUNCTIONS)
        self.retained: set[str] = set()
        kind = ""
        for line in filter(None, map(str.strip, head.splitlines())):
            if line.startswith("VAR"):
                kind = line
            elif match := re.fullmatch(
                r"(\w+)\s*: (?:ARRAY\[\d+\.\.(\d+)\] OF )?(\w+)(?: := (.+))?;", line
            ):
                name, last, type_, given = match.groups()
                zero: Any = eval(given.title()) if given else False if type_ == "BOOL" else 0
                if type_ == "PASSLINE_SETPOINT":
                    zero = None
                self.v[name] = [zero] * (int(last) + 1) if last else zero
                if "RETAIN" in kind:
                    self.retained.add(name)
        self.v["SetPoints"] = [set_point() for _ in range(33)]
        self._code = compile(translate("Count := " + body), "plc_function_block.st", "exec")

    def scan(self, seconds: float = 0.1) -> None:
        self.v["ScanTime"] = seconds
        exec(self._code, self.v)

    def registers(self, name: str, data: bytes) -> None:
        """Write a block of registers, big-endian."""
        self.v[name] = [int.from_bytes(data[i : i + 2]) for i in range(0, len(data), 2)]

    def echo(self) -> bytes:
        return b"".join(word.to_bytes(2) for word in self.v["Echo"])


def set_point(low=0.0, high=0.0, step=0.0, start=0.0, choice=False):
    return SimpleNamespace(
        Value=start, Low=low, High=high, MaxStep=step, Start=start, Choice=choice
    )


def translate(body: str) -> str:
    depth, out = 0, []
    for line in filter(None, map(str.strip, body.splitlines())):
        if line == "END_FUNCTION_BLOCK":
            break
        for pattern, form, change in FORMS:
            if match := re.fullmatch(pattern, line):
                if line.startswith(("ELSIF", "ELSE")):
                    depth -= 1
                parts = [expression(part) for part in match.groups()]
                out.append("    " * depth + form.format(*parts))
                depth += change
                break
        else:
            raise SyntaxError(f"not a form of this subset: {line}")
    return "\n".join(out)


def expression(text: str) -> str:
    for pattern, python in WORDS:
        text = re.sub(pattern, python, text)
    return text
