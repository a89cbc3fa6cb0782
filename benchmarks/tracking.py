"""How far tracking's beliefs lie from the truth, and what an update costs.

Run: .venv/bin/python benchmarks/tracking.py [--seeds 16] [--minutes 60] [SCENARIO ...]
Prints one table of rms errors for each kind of day; the truth is used here and nowhere in tracking.
With --identify it fits the constants of `forces` and `delivery` on other seeds of nominal days.
"""

import argparse
import time
from collections import defaultdict
from collections.abc import Iterable
from math import isfinite, nan

import numpy as np

from passline.plant_sim.control.level2_model import delivery_temperature
from passline.plant_sim.control.tracking import (
    BarBelief,
    TrackedMill,
    Tracker,
    TrackingPage,
    forces,
    usual_delivery,
)
from passline.plant_sim.control.tracking.water import USUAL_GAIN
from passline.plant_sim.lines.hot_strip import rows as R  # noqa: N812
from passline.plant_sim.lines.hot_strip.config import default_mill
from passline.plant_sim.lines.hot_strip.lanes import HotStripLanes
from passline.plant_sim.lines.hot_strip.signal_table import SIGNALS
from passline.plant_sim.signals import Sample

DAYS = (
    "nominal", "disturbed", "shifted-plant", "wrong-grade", "pyrometer-drift", "ct-drift",
    "rdt-drift", "xray-offset", "load-cell-zero", "dead-bank", "cobble-flood",
)  # fmt: skip
STEP = 2.0  # s of plant time between two updates
BODY = 30.0  # m of strip after which a coil counts
Errors = dict[str, list[float]]


class Watch:
    """Compares the pages of one line with its truth."""

    def __init__(self, errors: Errors, first: int) -> None:
        self._errors, self._first = errors, first
        self.coils: list[dict[str, float]] = []  # means of finished coils, for `identify`
        self.parts: list[list[float]] = []  # and of their quarters
        self._coil = -1
        self._sums: dict[str, list[float]] = defaultdict(list)
        self._ahead: TrackingPage | None = None
        self._page: TrackingPage | None = None
        self._bitten: BarBelief | None = None
        self._waits: BarBelief | None = None

    def look(self, page: TrackingPage, samples: dict[str, Sample], truth: dict[str, float]) -> None:
        """Take in one update."""
        number = int(samples["coil.number"].value)
        if number != self._coil:
            self._close()
            self._coil, self._sums = number, defaultdict(list)
            self._ahead = page if number >= self._first else None
            self._bitten, self._waits = self._waits, None
        self._waits = page.waiting
        if not page.strip.rolling or samples["coil.position"].value < BODY:
            return
        self._page = page
        value = {name: sample.value for name, sample in samples.items()}
        flow = value["fm.speed"] * value["fm.exit_thickness"]
        met = (
            value["fm.entry_temperature"], 34e-3, value["fm.exit_thickness"], flow,
            value["fm.spray_opening"],
        )  # fmt: skip
        plain = delivery_temperature(*met)
        fdt, sums = truth["fdt"], self._sums
        sums["plain"].append(plain - fdt)
        sums["level 2"].append(value["fm.fdt_model"] - fdt)
        sums["entry"].append(truth["entry"])
        sums["hardness"].append(truth["hardness"])
        sums["cooling"].append(truth["cooling"])
        sums["fdt"].append(fdt)
        if self._ahead is not None:
            known = self._ahead.adaptation
            sums["ahead"].append(
                usual_delivery(*met, known.hardness.value) + known.fdt_bias.value - fdt
            )
            sums["unlearned"].append(usual_delivery(*met) - fdt)
        for n, term in enumerate((
            1.0, met[2] - 2.6e-3, np.log(34e-3 / met[2]) * (truth["hardness"] - 1.0),
            (met[4] - 0.4) / flow, met[0] - 1340.0, 1.0 / flow - 60.0,
        )):  # fmt: skip
            sums[f"term {n}"].append(term)
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
        add["FDT one coil ahead, adapted (K)"].append(mean["ahead"])
        add["FDT one coil ahead, nothing learned (K)"].append(mean["unlearned"])
        add["FDT one coil ahead, level 2 plain (K)"].append(mean["plain"])
        add["FDT, level 2 as it adapts (K)"].append(mean["level 2"])
        if now.cooling_now is not None:
            add["cooling, this coil (%)"].append(
                100 * (now.cooling_now.value / USUAL_GAIN - mean["cooling"])
            )
        add["cooling, one coil ahead (%)"].append(
            100 * (before.cooling.value / USUAL_GAIN - mean["cooling"])
        )
        add["cooling, taken as 1 (%)"].append(100 * (1.0 - mean["cooling"]))
        for one in page.instruments:
            if one.health == "suspect":
                add[f"suspect: {one.name} (coils)"].append(1.0)
        bar, head = self._bitten, float(np.mean(sums["entry"][:8]))
        if bar is not None and bar.entry_temperature is not None and bar.seen is not None:
            add["entry one coil ahead, adapted (K)"].append(bar.entry_temperature.value - head)
            add["entry one coil ahead, level 2 plain (K)"].append(bar.seen.value - 22.0 - head)
        add["coils"].append(1.0)
        self.coils.append(mean)
        names = ("plain", *(f"term {n}" for n in range(6)))
        for part in np.array_split(np.array([sums[name] for name in names]), 4, axis=1):
            self.parts.append([float(x) for x in part.mean(axis=1)])
        for name in ("entry", "fdt"):  # a short-term factor is of the last seconds
            mean[name] = float(np.mean(sums[name][-forces.MEMORY :]))
        for s, factor in enumerate(now.stands_now):
            mean[f"factor {s}"] = nan if factor is None else factor.value


def identify(seeds: Iterable[int], minutes: float) -> None:
    """Fit the usual factors of the stands and the usual bias of the delivery temperature."""
    watches = [watch for day in ("nominal", "disturbed") for watch in play(day, seeds, minutes)[1]]
    coils = [coil for watch in watches for coil in watch.coils]
    hard = np.array([coil["hardness"] for coil in coils])
    hot = np.array([coil["entry"] for coil in coils])
    fdt = np.array([coil["fdt"] for coil in coils])
    heats = hot[:, None] - np.array(forces.COOLED) * (hot - fdt)[:, None]
    factors = np.array([[coil[f"factor {s}"] for s in range(7)] for coil in coils])
    off = np.log(factors) - np.log(hard)[:, None]
    use = np.isfinite(off).all(axis=1)
    inverse = (1.0 / heats - 1.0 / forces.TEMPERED)[use]
    front = range(4)
    rows = np.concatenate(
        [np.c_[np.tile(np.eye(4)[s], (use.sum(), 1)), inverse[:, s]] for s in front]
    )
    found = np.linalg.lstsq(rows, np.concatenate([off[use, s] for s in front]), rcond=None)[0]
    left = off[use] - found[-1] * inverse
    print(f"{use.sum()} coils; TEMPER {found[-1]:.0f} K")
    print("BASE", np.round(left.mean(axis=0), 4), "deviations", np.round(left.std(axis=0), 4))
    print("hardness by F1-F4:", np.round(left[:, :4].mean(axis=1).std(), 4))
    parts = [part for watch in watches for part in watch.parts]
    bias = -np.array([part[0] for part in parts])
    rows = np.array([part[1:] for part in parts])
    found, *_ = np.linalg.lstsq(rows, bias, rcond=None)
    print("LACKS", np.round(found, 4), "left", np.round((bias - rows @ found).std(), 2))


def truths(lanes: HotStripLanes, laid: np.ndarray) -> list[dict[str, float]]:
    found = []
    cooling, entry = lanes.row(R.COOLING), lanes.row(R.ENTRY_TEMPERATURE)
    for lane in range(lanes.n):
        own = lanes.truth(lane)
        own.update(cooling=float(cooling[lane]), entry=float(entry[lane]), laid=float(laid[lane]))
        found.append(own)
    return found


def play(
    scenario: str, seeds: Iterable[int], minutes: float, first: int = 3
) -> tuple[Errors, list[Watch]]:
    """Return all errors of a kind of day, and what watched its lines."""
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
            began = time.thread_time()
            page = trackers[lane].update(samples)
            errors["update (ms)"].append(1e3 * (time.thread_time() - began))
            watches[lane].look(page, samples, own)
    return errors, watches


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
    parser.add_argument("--identify", action="store_true")
    told = parser.parse_args()
    if told.identify:
        identify(range(100, 100 + told.seeds), told.minutes)
        return
    for scenario in told.scenarios or DAYS:
        show(scenario, play(scenario, range(told.seeds), told.minutes)[0])


if __name__ == "__main__":
    main()
