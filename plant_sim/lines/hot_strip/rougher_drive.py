"""The drivers of a rougher on its own: for tests, benchmarks and tasks of one section."""

import numpy as np
from numpy.typing import NDArray

from ...engine.numbers import driver
from . import rougher_rows as R  # noqa: N812
from .rougher import advance, begin, can_receive, receive
from .rougher_pace import announce, finished, slab_in
from .rougher_show import show
from .rougher_table import bar_at, feed, hand_over, ready

Block = NDArray[np.float64]


@driver
def start(rougher: Block, plan: np.uint64, episode: int) -> None:
    """Put a rougher at the start of a campaign."""
    begin(rougher, plan, episode)


@driver
def take(rougher: Block, mill: Block, faults: Block, slab: Block) -> float:
    """Give a slab: the arguments of `rougher.receive` from `number` on; returns 1 if taken."""
    if can_receive(rougher) < 0.5:
        return 0.0
    receive(
        rougher, mill, faults, slab[0], slab[1], slab[2], slab[3], slab[4], slab[5], slab[6],
        slab[7], slab[8], slab[9], slab[10], slab[11], slab[12], slab[13], slab[14],
    )  # fmt: skip
    return 1.0


@driver
def run(
    rougher: Block, mill: Block, faults: Block, noise: np.uint64, episode: int, clock: int,
    intervals: int,
) -> None:  # fmt: skip
    """Move a rougher by some intervals; `clock` counts those before."""
    for n in range(intervals):
        advance(rougher, mill, faults)
        show(rougher, mill, faults, noise, episode, clock + n + 1)


@driver
def draw_in(rougher: Block, mill: Block, metres: float, out: Block) -> float:
    """Draw `metres` of the waiting bar into the mill; returns what is left (m), -1 if none is here.

    `out` takes temperature (K), thickness (m) and width (m) of the bar where it is drawn in.
    """
    if rougher[R.FEED + R.STATUS] == float(R.EMPTY):
        if ready(rougher, mill) < 0.5:
            return -1.0
        hand_over(rougher)
    out[0], out[1], out[2] = bar_at(rougher, rougher[R.FED])
    return feed(rougher, metres)


@driver
def order(rougher: Block, slab: Block) -> None:
    """Announce the next slab: numbers as in `take`."""
    announce(rougher, slab[1], slab[2], slab[3], slab[4], slab[5], slab[6], slab[8], slab[14])


@driver
def ask_in(rougher: Block, mill: Block, free: float) -> float:
    """Return in how many seconds the announced slab is due; see `rougher_pace.slab_in`."""
    return slab_in(rougher, mill, free)


@driver
def teach(rougher: Block, believed: float, seen: float) -> None:
    """Let pacing learn from a finished bar; arguments as `rougher_pace.finished`."""
    finished(rougher, believed, seen)
