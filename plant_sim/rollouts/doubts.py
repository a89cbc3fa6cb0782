"""What an evaluation must say beside its figures: jobs that are unfinished or should not be mixed.

A job keeps its own folder to one plant and one seat. Nobody keeps the folders that lie side by side
to it, and their differences are shown as those of the seats.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .env_job import read_job
from .store import Manifest

SHOWN = 12  # digits of a hash


def doubts(places: Sequence[Path]) -> list[str]:
    """Return what there is to say of these jobs, one sentence each.

    Args:
        places: the folders of the jobs.

    Raises:
        ConfigError: a manifest cannot be read.
    """
    found = {place: Manifest.read(place) for place in places}
    notes = [note for place, manifest in found.items() if (note := _unfinished(place, manifest))]
    plants: dict[str, dict[str, list[str]]] = {}  # task -> code -> seats
    marks: dict[str, set[str]] = {}  # seat -> fingerprints
    for manifest in found.values():
        seat = manifest.job["seat"]
        plants.setdefault(_task(manifest.job), {}).setdefault(manifest.code, []).append(seat)
        marks.setdefault(seat, set()).add(manifest.seat)
    for codes in plants.values():
        if len(codes) > 1:
            told = "; ".join(f"{code[:SHOWN]}: {', '.join(codes[code])}" for code in sorted(codes))
            notes.append(
                f"the plant had {len(codes)} versions of its code here ({told}): differences "
                "between them are not the seats' alone, so play them in a new folder"
            )
    for seat, known in sorted(marks.items()):
        if len(known) > 1:
            notes.append(
                f"{seat} is two seats or more by its fingerprints ({'; '.join(sorted(known))}), "
                "and their episodes are counted as those of one; evaluate their folders apart"
            )
    return notes


def _task(job: Mapping[str, Any]) -> str:
    """Return what jobs that are compared have in common."""
    names = ("env", "settings", "explore", "line", "scenario", "coils")
    return json.dumps([job.get(name) or None for name in names], sort_keys=True)


def _unfinished(place: Path, manifest: Manifest) -> str | None:
    job = read_job(manifest.job)
    done = set(manifest.finished())
    played = sum(len(unit.seeds) for unit in job.units() if unit.index in done)
    if played == job.episodes:
        return None
    return (
        f"{job.seat} has {played} of {job.episodes} episodes in {place}: its figures are those of "
        f"what was played first; passline resume {place} plays the rest"
    )
