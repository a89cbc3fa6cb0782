"""What is told afterwards: facts first, then their words, English and Korean."""

import json
from dataclasses import asdict
from pathlib import Path

from .facts import Facts


def write_report(folder: Path, lang: str = "en") -> Facts:
    """Write facts.json, summary.json and report.html of the run in `folder`; return the facts.

    Args:
        folder: a run folder whose processes have ended.
        lang: "en" or "ko", the language the page opens in.

    Raises:
        RunFolderError: the folder holds no run of the demo.
    """
    from .page import render
    from .records import read_run

    facts, traces = read_run(folder)
    facts.save(folder / "facts.json")
    (folder / "report.html").write_text(render(facts, traces, lang), encoding="utf-8")
    summary = {
        "seed": facts.seed,
        "scenario": facts.scenario,
        "engine": facts.engine,
        "coils": len(facts.agent.coils),
        "finished": facts.finished,
        "wall_seconds": facts.wall,
        "columns": {
            name: {
                "money_per_coil": c.money,
                "hits": c.hits,
                "harm_seconds": c.harm,
                "moves": c.moves,
            }
            for name, c in zip(
                ("hold", "rules", "agent")[-len(facts.columns) :], facts.columns, strict=True
            )
        },
        "cross_check": {**asdict(facts.check), "clean": facts.check.clean},
        "interruptions": len(facts.interruptions),
        "alarms": None
        if facts.alarms is None
        else {
            "came": facts.alarms.came,
            "an_hour": facts.alarms.rate,
            "urgent": facts.alarms.urgent,
            "floods": len(facts.alarms.floods),
        },
        "report": "report.html",
    }
    text = json.dumps(summary, indent=1, ensure_ascii=False)
    (folder / "summary.json").write_text(text + "\n", encoding="utf-8")
    return facts
