"""Identify level 2's model of the run-out table on strip cooled by the default plant.

Run: .venv/bin/python benchmarks/cooling_model.py
Prints the parameters of `control.cooling_setup` that fit best, and what error is left with the
rounded ones in the code.
"""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from passline.plant_sim.control import cooling_setup as model
from passline.plant_sim.lines.hot_strip import parameters as P  # noqa: N812
from passline.plant_sim.lines.hot_strip import runout_rows as R  # noqa: N812
from passline.plant_sim.lines.hot_strip.config import default_mill
from passline.plant_sim.lines.hot_strip.runout_bench import Strip, TableBench
from passline.plant_sim.lines.hot_strip.runout_control import TRIM_OPEN

NAMES = (
    "BANK_FLUX", "COLD_RISE", "COLD_AT", "COLD_SHARP", "PACE", "CARBON_BRAKE", "AE3", "AE3_SLOPE",
)  # fmt: skip
MILL = default_mill().parameters()
COLDEST, HOTTEST = 720.0, 980.0  # K: coiling temperatures that count


def samples() -> tuple[list[Strip], NDArray[np.float64]]:
    """Return strips of the usual products and the banks open from the front."""
    kinds, banks = [], []
    for gauge, speed in ((1.8e-3, 11.5), (2.4e-3, 9.6), (3.0e-3, 7.7), (4.0e-3, 6.3)):
        for carbon in (0.05, 0.08, 0.12, 0.20):
            for count in (3.5, 5.0, 6.5, 8.0, 9.5, 11.0):
                kinds.append(Strip(gauge, 1160.0, 900.0, carbon, speed, 0.0))
                banks.append(count)
    return kinds, np.array(banks)


def rolled(kinds: list[Strip], banks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the coiling temperatures (K) that the plant gives."""
    bench = TableBench(kinds, calm=True)
    hold: dict[int, Any] = {}
    for b in range(P.BANKS):
        share = np.clip(banks - b, 0.0, 1.0) if b < MILL[P.BANK_COUNT] else TRIM_OPEN
        for row in (R.VALVE + b, *(R.EARLIER + k * P.BANKS + b for k in range(R.PAST))):
            hold[row] = share
    bench.roll(32.0, hold)
    return bench.row(R.TRUE_CT)


def predicted(kinds: list[Strip], banks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the coiling temperatures (K) that level 2's model gives."""
    first, length = MILL[P.FIRST_BANK], MILL[P.BANK_LENGTH]
    mains = int(MILL[P.BANK_COUNT])
    count = int(mains + MILL[P.TRIM_COUNT])
    edges = [MILL[P.PYROMETER_DISTANCE], *(first + length * k for k in range(count + 1))]
    edges += list(np.linspace(edges[-1], MILL[P.CT_PYROMETER], 4)[1:])
    started, gauge, carbon, speed = (
        np.array([getattr(strip, name) for strip in kinds])
        for name in ("fdt", "gauge", "carbon", "speed")
    )
    age: Any = np.zeros(banks.size)
    heat: Any = started
    formula: Any = model  # written for numbers, and as good for arrays
    for k, (start, end) in enumerate(pairwise(edges)):
        wet = np.clip(banks - (k - 1), 0.0, 1.0) * (0 < k <= mains)
        wet += TRIM_OPEN * (mains < k <= count)
        flux = wet * formula.flux(heat, 298.0, speed)
        heat, age = formula.after(heat, age, gauge, carbon, (end - start) / speed, flux)
    return np.asarray(heat)


def main() -> None:
    """Fit and print."""
    # the model's source is written for single numbers; the same formulas hold for arrays
    vars(model).update(exp=np.exp, log=np.log, sqrt=np.sqrt, fmin=np.minimum, fmax=np.maximum)
    kinds, banks = samples()
    truth = rolled(kinds, banks)
    use = (truth > COLDEST) & (truth < HOTTEST)
    start = np.array([getattr(model, name) for name in NAMES])

    def errors(scale: NDArray[np.float64]) -> NDArray[np.float64]:
        for name, value in zip(NAMES, start * scale, strict=True):
            setattr(model, name, value)
        return (predicted(kinds, banks) - truth)[use]

    left = errors(np.ones(len(NAMES)))
    print(f"in the code: {np.sqrt(np.mean(left**2)):.1f} K rms, {np.abs(left).max():.1f} K most")
    fit = least_squares(errors, np.ones(len(NAMES)), x_scale=0.05, loss="soft_l1", f_scale=5.0)
    left = errors(fit.x)
    print(f"fitted:      {np.sqrt(np.mean(left**2)):.1f} K rms, {np.abs(left).max():.1f} K most")
    for name, value in zip(NAMES, start * fit.x, strict=True):
        print(f"  {name:14s} {value:.5g}")


if __name__ == "__main__":
    main()
