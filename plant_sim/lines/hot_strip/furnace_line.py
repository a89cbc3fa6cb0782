"""The furnaces of one line: coils go to them in turn, and leave them in the order of the campaign.

Coil n lies in furnace (n - 1) % count + 1. The furnaces of a line are one flat array of
count * furnace_rows.SIZE numbers; they move once every furnace step, and give a slab in between.
"""

import numpy as np
from numpy.typing import NDArray

from ...control.furnace_control import RATIO
from ...engine.numbers import kernel
from ...engine.random import mix
from ...physics.slab_conduction import SLABS
from . import furnace_rows as F  # noqa: N812  the layout, read as F.ZONE
from . import parameters as P  # noqa: N812  the mill's data, read as P.FURNACES
from .furnace_automation import show_discharged
from .furnace_drive import draw_own, run
from .furnace_slabs import begin, discharge, front, ready
from .parameters import ZONES

Furnace = NDArray[np.float64]
MillData = NDArray[np.float64]

SALT = np.uint64(0x5F52_4E41_4345)  # keeps a furnace's draws apart from the line's
TOO_COLD = 30.0  # K: below its aim, in the model, level 2 keeps a slab in the furnace [M 4.1]


@kernel
def _key(key: np.uint64, furnace: int) -> np.uint64:
    return mix(key ^ (SALT + np.uint64(furnace)))


@kernel
def begin_line(
    furnaces: Furnace, settled: Furnace, mill: MillData, orders: NDArray[np.float64], pace: float,
    plan: np.uint64, episode: int,
) -> None:  # fmt: skip
    """Start all furnaces of a line in full swing, full of the first coils of the campaign.

    Args:
        furnaces: (count * F.SIZE,), set as a whole.
        settled: a furnace in full swing, from `furnaces.settled`.
        mill: data of the mill.
        orders: (n, 6) as `furnaces.furnace_orders` gives them; row n is coil n + 1.
        pace: s planned from slab to slab of the line.
        plan: key of the campaign.
        episode: of that key.
    """
    count = int(mill[P.FURNACES])
    for f in range(count):
        furnace = furnaces[f * F.SIZE : (f + 1) * F.SIZE]
        inside = begin(furnace, settled, mill, orders, f, count)
        for s in range(SLABS):
            at = F.SLAB + F.NUMBER * SLABS + s
            if furnace[at] > 0.5:
                furnace[at] = (furnace[at] - 1.0) * float(count) + float(f + 1)
        furnace[F.ORDERED] = inside
        furnace[F.PACE] = pace * float(count)
        draw_own(furnace, _key(plan, f), episode)


@kernel
def step_line(
    furnaces: Furnace, mill: MillData, orders: NDArray[np.float64], pace: float, noise: np.uint64,
    episode: int, charging: bool,
) -> None:  # fmt: skip
    """Move all furnaces of a line by one step of F.STEP seconds, and charge the next coils.

    Args:
        furnaces: (count * F.SIZE,).
        mill: data of the mill.
        orders: as `begin_line`; from the first again when they run out.
        pace: s planned from slab to slab of the line: what level 2 heats for.
        noise: key of the noise.
        episode: of that key.
        charging: False keeps the slabs that wait outside.
    """
    count = int(mill[P.FURNACES])
    for f in range(count):
        furnace = furnaces[f * F.SIZE : (f + 1) * F.SIZE]
        furnace[F.PACE] = pace * float(count)
        if charging and furnace[F.NEXT_READY] < 0.5:
            coil = int(furnace[F.ORDERED]) * count + f
            furnace[F.ORDERED] += 1.0
            furnace[F.NEXT_NUMBER] = float(coil + 1)
            for n in range(6):
                furnace[F.NEXT_WIDTH + n] = orders[coil % orders.shape[0], n]
            furnace[F.NEXT_READY] = 1.0
        run(furnace, mill, _key(noise, f), episode)


@kernel
def slab_ready(furnaces: Furnace, mill: MillData, number: float) -> float:
    """Return 1 when the slab of coil `number` lies at its door and level 2 finds it hot, else 0."""
    count = int(mill[P.FURNACES])
    f = (int(number) - 1) % count
    furnace = furnaces[f * F.SIZE : (f + 1) * F.SIZE]
    if ready(furnace, mill) < 0.5:
        return 0.0
    s = front(furnace)
    here = furnace[F.SLAB + F.NUMBER * SLABS + s] == number
    hot = furnace[F.NEXT_MODEL] >= furnace[F.SLAB + F.AIM * SLABS + s] - TOO_COLD
    return 1.0 if here and hot else 0.0


@kernel
def take_slab(
    furnaces: Furnace, mill: MillData, number: float, noise: np.uint64, episode: int
) -> int:
    """Take the slab of coil `number` out of its furnace; call it only when it lies at the door.

    Returns:
        which furnace it came from, from 0; `furnaces[which * F.SIZE + F.OUT_MEAN]` and the rows
        beside it say what it is like.
    """
    count = int(mill[P.FURNACES])
    f = (int(number) - 1) % count
    furnace = furnaces[f * F.SIZE : (f + 1) * F.SIZE]
    if discharge(furnace, mill) > 0.5:
        show_discharged(furnace, _key(noise, f), episode)
    return f


@kernel
def set_trims(
    furnaces: Furnace, mill: MillData, preheat: float, heating: float, soak: float, ratio: float
) -> None:
    """Write what the line's operator may ask for, in all furnaces alike.

    Args:
        furnaces: (count * F.SIZE,).
        mill: data of the mill.
        preheat: trim of the preheating zones (K).
        heating: trim of both heating zones (K).
        soak: trim of the soaking zones (K).
        ratio: air ratio, 1.10 as a rule.
    """
    for f in range(int(mill[P.FURNACES])):
        furnace = furnaces[f * F.SIZE : (f + 1) * F.SIZE]
        furnace[F.RATIO_TRIM] = ratio - RATIO
        for side in range(2):
            first = F.TRIM + side * ZONES
            furnace[first + 1] = preheat
            furnace[first + 2] = heating
            furnace[first + 3] = heating
            furnace[first + 4] = soak


@kernel
def set_faults(
    furnaces: Furnace, mill: MillData, thermocouple: float, thermocouple_zone: float,
    burner: float, burner_zone: float, skid: float, air: float,
) -> None:  # fmt: skip
    """Write the present sizes of the furnace's faults.

    A thermocouple and burners are those of the first furnace; skids and the air ratio are of all.

    Args:
        furnaces: (count * F.SIZE,).
        mill: data of the mill.
        thermocouple: K that a thermocouple shows too much.
        thermocouple_zone: 1..5 top zones from the charging end, 6..10 those below them; 0 none.
        burner: share of the zone's power that is lost.
        burner_zone: 1..5 a zone top and bottom, 6..10 one below only; 0 none.
        skid: by how many times skid marks are deeper.
        air: relative error of the air flow meters.
    """
    for f in range(int(mill[P.FURNACES])):
        furnace = furnaces[f * F.SIZE : (f + 1) * F.SIZE]
        first = 1.0 if f == 0 else 0.0
        furnace[F.FAULT_THERMOCOUPLE] = first * thermocouple
        furnace[F.FAULT_THERMOCOUPLE_ZONE] = thermocouple_zone
        furnace[F.FAULT_BURNER] = first * burner
        furnace[F.FAULT_BURNER_ZONE] = burner_zone
        furnace[F.FAULT_SKID] = skid
        furnace[F.FAULT_AIR] = air
