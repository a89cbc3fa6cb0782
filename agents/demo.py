"""`passline demo`: the main job from end to end, on one machine, in minutes, offline.

Three processes work as they would at a plant: the virtual PLC rolls coils, the gate alone writes,
the agent sees and asks. Beside it the same coils are played with no agent and with rules. The demo
starts the processes, watches them, starts a lost one again, plays the operator who releases the
plant after a hand-back, and tells what came of it. The plant runs on whatever happens to the rest.
"""

import argparse
import signal
import sys
import threading
import time
import webbrowser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ..plant_sim.errors import PasslineError
from .order import Order
from .processes import ChildError
from .reports import words, write_report
from .reports.plots import Both
from .reports.records import rows
from .shift import Shift
from .terminal import end_table, open_view, write_table

COILS, SPEED = 20, 14.0  # under four minutes; the 30 s a thought may take are 2 s by the wall
_STOPPED = Both(
    "stopped: the processes are ended, what is finished is reported",
    "중단됨: 프로세스를 종료하고 완료된 결과를 보고합니다",
)


def run(
    seed: int = 0,
    lang: str = "en",
    coils: int = COILS,
    speed: float = SPEED,
    engine: str = "lm",
    folder: Path | str | None = None,
    open_report: bool = False,
) -> int:
    """Roll `coils` coils with an agent in closed loop and report; return the exit code.

    Args:
        seed: draws orders, faults and noise.
        lang: "en" or "ko".
        coils: coils to roll.
        speed: plant seconds a wall second.
        engine: who decides: "lm", "lm-zero-shot", "head", "rules" or "hold".
        folder: run folder; default `runs/demo-seed<N>-<time>`.
        open_report: open the report in the browser at the end.

    Raises:
        ConfigError: an argument is out of its range.
    """
    begun = time.strftime("%m%d-%H%M%S")
    place = Path(folder) if folder else Path("runs") / f"demo-seed{seed}-{begun}"
    order = Order(seed, lang, coils, speed, engine, place)
    order.check()
    view = open_view(lang)
    shift = Shift(order, view)
    code = 0
    with _signals():
        try:
            shift.start()
            shift.watch()
        except KeyboardInterrupt:
            view.say(_STOPPED, abnormal=True)
            code = 130
        except ChildError as error:
            view.say(Both(str(error), str(error)), abnormal=True)
            code = 1
        finally:
            _ignore_signals()  # an impatient second Ctrl-C must not leave processes behind
            shift.stop()
            view.close()
        return max(code, _report(shift, lang, open_report))


def _report(shift: Shift, lang: str, open_report: bool) -> int:
    """Write the report of what there is, print its tables; return the exit code."""
    from rich.console import Console

    folder = shift.order.folder
    if not rows(folder / "coils.jsonl"):
        sys.stderr.write("passline demo: no coil was finished, there is nothing to report\n")
        return 1
    shift.wait_for_baselines()
    facts = write_report(folder, lang)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 150)
    if facts.writes:
        console.print(write_table(facts.writes, lang))
    console.print(end_table(facts, lang))
    for sentence in words.summary(facts):
        console.print(f"- {sentence.ko if lang == 'ko' else sentence.en}", markup=False)
    page = folder / "report.html"
    console.print(
        f"\n{'보고서' if lang == 'ko' else 'report'}: {page}", markup=False, soft_wrap=True
    )
    if open_report:
        webbrowser.open(page.resolve().as_uri())
    return 0 if facts.check.clean else 3


@contextmanager
def _signals() -> Iterator[None]:
    """Let SIGTERM end the run as Ctrl-C does, and put the handlers back at the end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = {sign: signal.getsignal(sign) for sign in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def _ignore_signals() -> None:
    if threading.current_thread() is threading.main_thread():
        for sign in (signal.SIGINT, signal.SIGTERM):
            signal.signal(sign, signal.SIG_IGN)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a process: `python -m passline.agents.demo --seed 3`."""
    parser = argparse.ArgumentParser(prog="passline demo", description="The main job, end to end.")
    parser.add_argument("--seed", type=int, default=0, help="draws orders, faults and noise")
    parser.add_argument("--lang", choices=("en", "ko"), default="en")
    parser.add_argument("--coils", type=int, default=COILS)
    parser.add_argument("--speed", type=float, default=SPEED, help="plant seconds a wall second")
    parser.add_argument("--engine", default="lm", help="lm, lm-zero-shot, head, rules or hold")
    parser.add_argument("--dir", dest="folder", type=Path, help="the run folder")
    parser.add_argument("--open", dest="open_report", action="store_true", help="open the report")
    try:
        return run(**vars(parser.parse_args(arguments)))
    except PasslineError as error:
        sys.stderr.write(f"passline demo: {error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
