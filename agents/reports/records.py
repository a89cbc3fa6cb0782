"""Reads a run folder: what PLC, gate, agent and historian wrote, as facts and curves.

Nothing is computed here that another program has recorded. What is missing (a run that was cut
short) is left out; a report of what there is beats none.
"""

import json
import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import RunFolderError
from .alarms import LOG, shift_of
from .baselines import BASELINES, HOLD
from .crosscheck import cross_check, read_ledger
from .facts import (
    AlarmShift,
    Column,
    Facts,
    Fault,
    HandBack,
    Interruption,
    Sight,
    Write,
    coil_fact,
    column,
)
from .glossary import REARM
from .traces import QUANTITIES, Series, Traces

RUN = "demo.json"  # what the demo knows of its own run
_AIMS = {"gauge": "gauge_aim", "fdt": "fdt_aim", "ct": "ct_aim"}
_TRUTH = {"gauge": "exit_thickness", "fdt": "fdt", "ct": "ct"}
_NEAR = 0.2  # wall s within which a sample stands for a moment; the wires bring ten a second

_SIGNS = {  # by fault: the alert that shows it
    "fdt_pyrometer": "pyrometer_low",
    "bank_shut": "bank_no_flow",
    "wrong_grade": "force_high",
}

Rows = list[dict[str, Any]]


def read_run(folder: Path) -> tuple[Facts, Traces]:
    """Return the facts and the curves of a run.

    Raises:
        RunFolderError: the folder holds no run of the demo.
    """
    if not (folder / RUN).exists():
        raise RunFolderError(f"{folder} holds no {RUN}; give the folder of a `passline demo` run")
    run = json.loads((folder / RUN).read_text(encoding="utf-8"))
    coils, log, decisions = (
        rows(folder / name) for name in ("coils.jsonl", "plc_writes.jsonl", "decisions.jsonl")
    )
    truth = _truth(folder / "truth.parquet")
    alone = _truth(folder / HOLD / "truth.parquet")
    spans = _coil_spans(truth)
    ledger = read_ledger(folder / "gate" / "ledger.sqlite")
    writes = _writes(log, decisions, ledger, spans)
    plant = _end(truth)
    others = _others(folder)
    facts = Facts(
        seed=run["seed"],
        scenario=run["scenario"],
        engine=run["engine"],
        speed=run["speed"],
        begun=run["begun"],
        wall=run["wall"],
        plant=plant,
        asked=run["coils"],
        finished=len(coils) >= run["coils"],
        tolerances=_tolerances(),
        columns=_columns(others, run["engine"], coils, writes),
        rules_asked=others.get("rules", {}).get("asked"),
        decisions=sum(row["kind"] == "decision" for row in decisions),
        seen=_seen(decisions),
        writes=writes,
        invalid=_invalid(log),
        check=cross_check(log, ledger),
        handbacks=_handbacks(log, plant),
        interruptions=tuple(Interruption(**row) for row in run["interruptions"]),
        notes=tuple((english, korean) for english, korean in run["notes"]),
        faults=_faults(truth, spans, decisions, writes),
        alarms=_alarms(folder, plant),
        alarms_alone=_alarms(folder / HOLD, _end(alone)),
    )
    near = max(2.0, _NEAR * run["speed"])
    return facts, _traces(folder, truth, alone, spans, coils, near)


def rows(path: Path) -> Rows:
    """Return the whole lines of a JSON-lines file; a line torn by a kill is left out."""
    if not path.is_file():
        return []
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def _alarms(folder: Path, end: float) -> AlarmShift | None:
    return shift_of(rows(folder / LOG), end) if (folder / LOG).is_file() else None


def _writes(log: Rows, decisions: Rows, ledger: Rows, spans: "_Spans") -> tuple[Write, ...]:
    entries = {entry["action_id"]: entry for entry in ledger}
    chosen = {row["action_id"]: row for row in decisions if row.get("action_id")}
    judged = {
        item["action_id"]: item["outcome"] for row in decisions for item in row.get("judged") or []
    }
    writes = []
    for row in log:
        name = row["action_id"]
        if row["event"] != "request" or name is None:
            continue
        decision, entry = chosen.get(name, {}), entries.get(name, {})
        writes.append(
            Write(
                wall=row["wall"],
                time=row["time"],
                protocol=row["protocol"],
                user=row["peer"],
                action_id=name,
                control=row["control"] or "",
                before=row["before"],
                value=row["value"] if row["value"] is not None else float("nan"),
                outcome=row["outcome"].lower(),
                applied=row["outcome"] == "APPLIED",
                coil=_coil_at(row["time"], spans),
                why=decision.get("reason") or entry.get("why") or "",
                confidence=decision.get("confidence"),
                by=decision.get("by") or entry.get("requester") or "",
                effect=judged.get(name, ""),
            )
        )
    return tuple(writes)


def _invalid(log: Rows) -> dict[str, int]:
    """Count the requests without an action id: frames the PLC could not read or did not believe."""
    found: dict[str, int] = {}
    for row in log:
        if row["event"] == "request" and row["action_id"] is None:
            reason = re.sub(r"\d+", "N", row["reason"])
            found[reason] = found.get(reason, 0) + 1
    return found


def _handbacks(log: Rows, plant: float) -> tuple[HandBack, ...]:
    """Return the spans in which the PLC had taken control back, until it was re-armed."""
    found: list[HandBack] = []
    begin: tuple[float, str] | None = None
    for row in log:
        if row["event"] == "hand-back":
            begin = (row["time"], row["reason"])
        elif begin and row["control"] == REARM and row["outcome"] == "APPLIED":
            found.append(HandBack(begin[0], row["time"], begin[1]))
            begin = None
    if begin:
        found.append(HandBack(begin[0], plant, begin[1]))
    return tuple(found)


def _seen(decisions: Rows) -> tuple[Sight, ...]:
    first: dict[str, Sight] = {}
    for row in decisions:
        for alert in row.get("alerts") or []:
            first.setdefault(alert, Sight(row["time"], int(row["coil"]), alert))
    return tuple(first.values())


def _columns(
    others: Mapping[str, Mapping[str, Any]], engine: str, coils: Rows, writes: Sequence[Write]
) -> tuple[Column, ...]:
    """Return the columns over the coils that every seat has rolled."""
    count = min([len(coils), *(len(other["coils"]) for other in others.values())])
    moved = sum(write.applied and write.control != REARM for write in writes)
    return (
        *(
            column(name, tuple(map(coil_fact, other["coils"][:count])), other["moves"])
            for name, other in others.items()
        ),
        column(engine, tuple(map(coil_fact, coils[:count])), moved),
    )


def _others(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the columns beside the agent's, by seat."""
    path = folder / BASELINES
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def _tolerances() -> dict[str, float]:
    from ...plant_sim.lines.hot_strip.mill_show import FDT_BAND, GAUGE_BAND, GAUGE_SHARE
    from ...plant_sim.lines.hot_strip.runout import CT_BAND

    return {"gauge": GAUGE_BAND, "gauge_share": GAUGE_SHARE, "fdt": FDT_BAND, "ct": CT_BAND}


_Spans = list[tuple[int, float, float]]


def _truth(path: Path) -> dict[str, Series]:
    if not path.exists():
        return {}
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    return {name: table[name].to_numpy().astype(np.float64) for name in table.column_names}


def _end(truth: Mapping[str, Series]) -> float:
    """Return the plant time at which a run ended (s)."""
    return float(truth["time"][-1]) if truth else 0.0


def _coil_spans(truth: Mapping[str, Series]) -> _Spans:
    """Return (number, begin, end) of each coil: strip behind F7 comes and goes."""
    if not truth:
        return []
    time, rolling = truth["time"], truth["exit_thickness"] > 0.0
    edges = np.flatnonzero(np.diff(np.concatenate([[False], rolling, [False]]).astype(int)))
    return [
        (number, float(time[begin]), float(time[min(end, len(time) - 1)]))
        for number, (begin, end) in enumerate(zip(edges[::2], edges[1::2], strict=True), 1)
    ]


def _coil_at(time: float, spans: _Spans) -> int:
    return max((number for number, begin, _ in spans if begin <= time), default=0)


def _faults(
    truth: Mapping[str, Series], spans: _Spans, decisions: Rows, writes: Sequence[Write]
) -> tuple[Fault, ...]:
    """Return the faults that came while coils were rolled, out of the ground truth."""
    if not truth:
        return ()
    last = {name: float(series[-1]) for name, series in truth.items()}
    begins = {number: begin for number, begin, _ in spans}
    end = float(truth["time"][-1])
    kinds = [name.split(".")[1] for name in truth if name.endswith(".from")]
    faults = []
    for kind in kinds:
        told = {part: last[f"fault.{kind}.{part}"] for part in ("from", "until", "place")}
        if int(told["from"]) not in begins:
            continue
        now = truth[f"fault.{kind}.now"]
        size = float(now[np.argmax(np.abs(now))])
        begin, stop = begins[int(told["from"])], begins.get(int(told["until"]), end)
        place = int(told["place"])
        seen, answered = noticed(kind, place, begin, stop, decisions, writes)
        faults.append(Fault(kind, begin, stop, int(told["from"]), size, place, seen, answered))
    return tuple(sorted(faults, key=lambda fault: fault.begin))


def noticed(
    kind: str, place: int, begin: float, end: float, decisions: Rows, writes: Sequence[Write]
) -> tuple[float | None, float | None]:
    """Return when the sign of a fault was first told while it lasted, and when it was answered."""
    told = (
        row["time"]
        for row in decisions
        if begin <= row["time"] <= end and _SIGNS.get(kind, "") in (row.get("alerts") or [])
    )
    seen = next(told, None)
    if seen is None:
        return None, None
    moved = (w.time for w in writes if seen <= w.time <= end and _answers(kind, place, w))
    return seen, next(moved, None)


def _answers(kind: str, place: int, write: Write) -> bool:
    """Whether an applied write, not one that takes a move back, is the remedy for this fault."""
    if not write.applied or write.by == "rollback":
        return False
    match kind, write.control:
        case "fdt_pyrometer", "fm.fdt_source":
            return write.value == 1.0  # the level-2 estimate in place of the pyrometer
        case "bank_shut", "rot.bank_out":
            return write.value == place
        case "wrong_grade", "fm.hardness_correction":
            return write.before is not None and write.value > write.before
    return False


def _traces(
    folder: Path,
    truth: Mapping[str, Series],
    alone: Mapping[str, Series],
    spans: _Spans,
    coils: Rows,
    near: float,
) -> Traces:
    empty = np.empty(0)
    if not truth:
        nothing = dict.fromkeys(QUANTITIES, empty)
        return Traces(empty, nothing, nothing, empty, nothing, [])
    time = truth["time"]
    true = _deviations(truth, spans, coils)
    history = _measured(folder / "history")
    measured = {}
    for key, signal in QUANTITIES.items():
        shown = _at(time, history.get(signal), near)
        # At head and tail the sample may belong to a moment without strip.
        edge = np.isnan(true[key])
        for shift in (-2, -1, 1, 2):
            edge = edge | np.isnan(np.roll(true[key], shift))
        measured[key] = np.where(edge, np.nan, shown - _aims(time, spans, coils, key))
    own = _coil_spans(alone)
    hold = _deviations(alone, own, coils) if alone else dict.fromkeys(QUANTITIES, empty)
    return Traces(time, true, measured, _aligned(alone, own, spans), hold, spans)


def _deviations(truth: Mapping[str, Series], spans: _Spans, coils: Rows) -> dict[str, Series]:
    """Return how far the true quantities were from the aims of their coils; NaN without strip."""
    found = {}
    for key in QUANTITIES:
        value = truth[_TRUTH[key]].copy()
        value[np.concatenate([[True], np.diff(value) == 0.0])] = np.nan  # no strip: it stands still
        value[value == 0.0] = np.nan
        found[key] = value - _aims(truth["time"], spans, coils, key)
    return found


def _aims(time: Series, spans: _Spans, coils: Rows, key: str) -> Series:
    """Return the aim at each moment; the coiling pyrometer sees the tail of a coil later."""
    orders = {row["number"]: row for row in coils}
    late = 15.0 if key == "ct" else 0.0
    aim = np.full(len(time), np.nan)
    for number, begin, end in spans:
        if number in orders:
            aim[(time >= begin) & (time < end + late)] = orders[number][_AIMS[key]]
    return aim


def _aligned(alone: Mapping[str, Series], own: _Spans, spans: _Spans) -> Series:
    """Return the time of the run with no agent, moved so that each coil begins with the agent's."""
    if not alone:
        return np.empty(0)
    begins = {number: begin for number, begin, _ in spans}
    time = alone["time"].copy()
    for (number, begin, _), after in zip_longest(own, own[1:]):
        until = after[1] if after else np.inf
        inside = (alone["time"] >= begin) & (alone["time"] < until)
        time[inside] += begins[number] - begin if number in begins else np.nan
    return time


def _measured(folder: Path) -> dict[str, tuple[Series, Series]]:
    """Return (times, values) of each quantity, as the historian has it; only GOOD samples."""
    from ...connectors.historian import query
    from ...plant_sim.signals import Quality

    found = {}
    for name, trace in query(folder, list(QUANTITIES.values())).items():
        good = trace.quality == int(Quality.GOOD)
        order = np.argsort(trace.time[good], kind="stable")
        found[name] = (trace.time[good][order], trace.value[good][order])
    return found


def _at(time: Series, series: tuple[Series, Series] | None, near: float) -> Series:
    """Return the sample nearest to each moment; NaN where none is `near` (plant s)."""
    if series is None or len(series[0]) == 0:
        return np.full(len(time), np.nan)
    at, values = series
    right = np.clip(np.searchsorted(at, time), 1, max(len(at) - 1, 1))
    left = right - 1
    right = np.minimum(right, len(at) - 1)
    nearest = np.where(np.abs(at[left] - time) <= np.abs(at[right] - time), left, right)
    return np.where(np.abs(at[nearest] - time) <= near, values[nearest], np.nan)
