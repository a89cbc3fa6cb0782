"""How far tracking's beliefs lie from the truth, and what an update costs.

Run: .venv/bin/python benchmarks/tracking.py [--seeds 16] [--minutes 60] [SCENARIO ...]
Prints one table of rms errors for each kind of day; the truth is used here and nowhere in tracking.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Iterable
from math import isfinite

import numpy as np

from passline.plant_sim.control.level2_model import delivery_temperature
from passline.plant_sim.control.tracking import TrackedMill, Tracker, TrackingPage
from passline.plant_sim.lines.hot_strip import rows as R  # noqa: N812
from passline.plant_sim.lines.hot_strip.config import default_mill
from passline.plant_sim.lines.hot_strip.lanes import HotStripLanes
from passline.plant_sim.lines.hot_strip.signal_table import SIGNALS
from passline.plant_sim.signals import Sample

DAYS = (
    "nominal", "disturbed", "shifted-plant", "wrong-grade", "pyrometer-drift", "ct-drift",
    "rdt-drift", "xray-offset", "load-cell-zero", "dead-bank", "cobble-flood",
)  # fmt: skip
STEP = 1.0  # s of plant time between two updates
BODY = 30.0  # m of strip after which a coil counts
Errors = dict[str, list[float]]


class Watch:
    """Compares the pages of one line with its truth."""

    def __init__(self, errors: Errors, first: int) -> None:
        self._errors, self._first = errors, first
        self._coil = -1
        self._sums: dict[str, list[float]] = defaultdict(list)
        self._ahead: TrackingPage | None = None
        self._page: TrackingPage | None = None
        self._laid = 0.0

    def look(
        self, page: TrackingPage, samples: dict[str, Sample], truth: dict[str, float]
    ) -> None:
        """Take in one update."""
        number = int(samples["coil.number"].value)
        if number != self._coil:
            self._close()
            self._coil, self._sums = number, defaultdict(list)
            self._ahead = page if number >= self._first else None
        if not page.strip.rolling or samples["coil.position"].value < BODY:
            return
        self._page = page
        value = {name: sample.value for name, sample in samples.items()}
        plain = delivery_temperature(
            value["fm.entry_temperature"], 34e-3, value["fm.exit_thickness"],
            value["fm.speed"] * value["fm.exit_thickness"], value["fm.spray_opening"],
        )  # fmt: skip
        fdt, sums = truth["fdt"], self._sums
        sums["plain"].append(plain - fdt)
        sums["level 2"].append(value["fm.fdt_model"] - fdt)
        sums["entry"].append(truth["entry"])
        sums["hardness"].append(truth["hardness"])
        sums["cooling"].append(truth["cooling"])
        if number < self._first:
            return
        newest = page.strip.segments[0] if page.strip.segments else None
        add = self._errors
        if newest is not None and newest.fdt is not None:
            add["FDT now, believed (K)"].append(newest.fdt.value - fdt)
        add["FDT now, pyrometer (K)"].append(value["fm.fdt"] - fdt)
        if page.strip.delivered is not None:
            add["strip delivered (m)"].append(page.strip.delivered.value - truth["laid"])
        under = page.strip.under_pyrometer
        if under is not None and under.number == number and under.at > BODY:
            if under.temperature is not None:
                add["CT now, model (K)"].append(under.temperature.value - truth["ct"])
            add["CT now, pyrometer (K)"].append(value["rot.coiling_temperature"] - truth["ct"])

    def _close(self) -> None:
        page, ahead, sums = self._page, self._ahead, self._sums
        self._page = None
        if page is None or ahead is None or len(sums["plain"]) < 30:
            return
        add, mean = self._errors, {name: float(np.mean(all_)) for name, all_ in sums.items()}
        now, before = page.adaptation, ahead.adaptation
        if now.hardness_now is not None:
            add["hardness, this coil (%)"].append(100 * (now.hardness_now.value - mean["hardness"]))
        add["hardness, one coil ahead (%)"].append(100 * (before.hardness.value - mean["hardness"]))
        add["hardness, taken as usual (%)"].append(100 * (1.0 - mean["hardness"]))
        add["FDT one coil ahead, adapted (K)"].append(mean["plain"] + before.fdt_bias.value)
        add["FDT one coil ahead, level 2 plain (K)"].append(mean["plain"])
        add["FDT, level 2 as it adapts (K)"].append(mean["level 2"])
        if now.fdt_bias_now is not None:
            add["FDT bias, this coil (K)"].append(mean["plain"] + now.fdt_bias_now.value)
        if now.cooling_now is not None:
            add["cooling, this coil (%)"].append(100 * (now.cooling_now.value - mean["cooling"]))
        add["cooling, one coil ahead (%)"].append(100 * (before.cooling.value - mean["cooling"]))
        add["cooling, taken as 1 (%)"].append(100 * (1.0 - mean["cooling"]))
        for one in page.instruments:
            if one.health == "suspect":
                add[f"suspect: {one.name} (coils)"].append(1.0)
        add["coils"].append(1.0)


def truths(lanes: HotStripLanes, laid: np.ndarray) -> list[dict[str, float]]:
    found = []
    cooling, entry = lanes.row(R.COOLING), lanes.row(R.ENTRY_TEMPERATURE)
    for lane in range(lanes.n):
        own = lanes.truth(lane)
        own.update(cooling=float(cooling[lane]), entry=float(entry[lane]), laid=float(laid[lane]))
        found.append(own)
    return found


def play(scenario: str, seeds: Iterable[int], minutes: float, first: int = 3) -> Errors:
    """Return all errors of a kind of day."""
    lanes = HotStripLanes(list(seeds), scenario)
    mill = TrackedMill.of(default_mill())
    trackers = [Tracker(mill, SIGNALS) for _ in range(lanes.n)]
    errors: Errors = defaultdict(list)
    watches = [Watch(errors, first) for _ in range(lanes.n)]
    laid, coil = np.zeros(lanes.n), lanes.row(R.COIL)
    for _ in range(round(minutes * 60 / STEP)):
        for _ in range(round(STEP / R.INTERVAL)):
            lanes.advance(1)
            fresh = lanes.row(R.COIL)
            laid = np.where(fresh != coil, 0.0, laid)
            coil = fresh
            laid += lanes.row(R.ACTIVE) * lanes.row(R.SPEED) * R.INTERVAL
        for lane, own in enumerate(truths(lanes, laid)):
            samples = lanes.samples(lane)
            began = time.perf_counter()
            page = trackers[lane].update(samples)
            errors["update (ms)"].append(1e3 * (time.perf_counter() - began))
            watches[lane].look(page, samples, own)
    return errors


def show(scenario: str, errors: Errors) -> None:
    print(f"\n{scenario}: {len(errors['coils'])} coils")
    for name in sorted(errors):
        all_ = np.array([x for x in errors[name] if isfinite(x)])
        if name == "coils":
            continue
        if name.startswith("suspect"):
            print(f"  {name:42s} {len(all_):8d}")
        elif name.startswith("update"):
            print(f"  {name:42s} mean {all_.mean():6.2f}  99 % {np.quantile(all_, 0.99):6.2f}")
        else:
            rms, most = np.sqrt(np.mean(all_**2)), np.quantile(np.abs(all_), 0.95)
            print(f"  {name:42s} rms {rms:7.2f}  mean {all_.mean():+7.2f}  95 % {most:7.2f}")


def main() -> None:
    """Play the days and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="*", default=list(DAYS))
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--minutes", type=float, default=60.0)
    told = parser.parse_args()
    for scenario in told.scenarios or DAYS:
        show(scenario, play(scenario, range(told.seeds), told.minutes))


if __name__ == "__main__":
    main()
