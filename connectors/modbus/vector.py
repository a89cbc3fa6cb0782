"""All numbers of a read at once: NumPy views on the blocks, no Python for each tag.

What an address codes is worked out once, in `Decoder`; a poll is a few gathers. It gives to the
last bit what `ModbusAddress.decode` gives tag by tag.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...plant_sim.errors import ConfigError
from ..addresses import BITS, Kind
from ..tags import Tag
from .blocks import Block

Values = NDArray[np.float64]

_VIEW: Mapping[Kind, str] = {
    "i16": ">i2", "u16": ">u2", "i32": ">i4", "u32": ">u4", "i64": ">i8", "u64": ">u8",
    "f32": ">f4", "f64": ">f8",
}  # fmt: skip


@dataclass(frozen=True)
class _Coded:
    """Numbers of one kind: where their registers lie, most significant first, and what is whose."""

    view: str  # "" for single bits
    words: NDArray[np.intp]  # (numbers, registers of one)
    bits: NDArray[np.uint16]  # which bit of a register; only for single bits
    places: NDArray[np.intp]  # where the numbers go


class Decoder:
    """From the answers for `blocks` to one array, plant units, in the order of `tags`.

    Args:
        blocks: as read, in their order.
        tags: the wanted tags; all of them lie in `blocks`.
    """

    def __init__(self, blocks: Sequence[Block], tags: Sequence[Tag]) -> None:
        self._size = len(tags)
        self._spans = [(block.table in BITS, block.count) for block in blocks]
        starts: dict[str, int] = {}
        length = 0
        for block in blocks:
            for tag in block.tags:
                if tag.modbus:
                    starts[tag.name] = length + tag.modbus.register - block.start
            length += block.count
        self._length = length
        grouped: dict[tuple[Kind, int], list[tuple[list[int], int, int]]] = {}
        missing: list[tuple[int, float]] = []
        for place, tag in enumerate(tags):
            at = tag.modbus
            if at is None:
                raise ConfigError(f"tag {tag.name} has no Modbus address; leave it out of the plan")
            swapped = at.byte_order == "little" and at.table not in BITS
            first = starts[tag.name] + (length if swapped else 0)
            rows = list(range(first, first + at.words))
            if at.word_order == "little":
                rows.reverse()
            grouped.setdefault((at.kind, at.words), []).append((rows, at.bit or 0, place))
            missing += [(place, code) for code in at.scaling.missing]
        self._coded = [
            _Coded(
                _VIEW.get(kind, ""),
                np.array([rows for rows, _, _ in group], np.intp),
                np.array([bit for _, bit, _ in group], np.uint16),
                np.array([place for _, _, place in group], np.intp),
            )
            for (kind, _), group in grouped.items()
        ]
        scalings = [tag.modbus.scaling for tag in tags if tag.modbus]
        self._scale = np.array([scaling.scale for scaling in scalings])
        self._offset = np.array([scaling.offset for scaling in scalings])
        self._missing_at = np.array([place for place, _ in missing], np.intp)
        self._missing = np.array([code for _, code in missing], np.float64)

    def values(self, answers: Sequence[bytes | None]) -> tuple[Values, NDArray[np.bool_]]:
        """Return the numbers, NaN where there is none, and which of them were answered at all.

        Args:
            answers: for each block its registers, or its bits one byte each; None for no answer.
        """
        words = np.zeros(2 * self._length, np.uint16)
        there = np.zeros(2 * self._length, np.bool_)
        at = 0
        for (bits, count), answer in zip(self._spans, answers, strict=True):
            if answer is not None:
                words[at : at + count] = np.frombuffer(answer, np.uint8 if bits else ">u2")
                there[at : at + count] = True
            at += count
        words[self._length :] = words[: self._length].byteswap()
        there[self._length :] = there[: self._length]
        raw = np.empty(self._size)
        known = np.empty(self._size, np.bool_)
        with np.errstate(invalid="ignore", over="ignore"):  # any bits may come over a wire
            for coded in self._coded:
                found = words[coded.words]
                if coded.view:
                    raw[coded.places] = np.ascontiguousarray(found, ">u2").view(coded.view)[:, 0]
                else:
                    raw[coded.places] = (found[:, 0] >> coded.bits) & 1
                known[coded.places] = there[coded.words[:, 0]]
            plant = raw * self._scale + self._offset
        gone = self._missing_at[raw[self._missing_at] == self._missing]
        plant[gone] = np.nan
        plant[~known] = np.nan
        return plant, known
