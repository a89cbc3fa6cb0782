"""The operator: looks, wakes the graph, and survives what may happen to plant, gate and itself."""

import secrets
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from ..connectors.errors import ConnectorError
from ..plant_sim.controls import Seat
from ..plant_sim.signals import Sample
from .desk import Gate, Mode
from .errors import OpenWriteError
from .record import DecisionLog
from .situation import Action, Answer, Turn
from .supervisor import build_supervisor
from .watch import Watch, blind

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig
    from langgraph.checkpoint.base import BaseCheckpointSaver

RETRY = 1.0  # wall s between two tries to reach a gate that is gone
PATIENCE = 3.0  # wall s that an open write gets at the end
CHAPTER = 200  # turns in one thread; two threads are kept, so checkpoints do not grow for ever

Say = Callable[[Mapping[str, Any]], None]


class Operator:
    """One agent at one line: takes the newest samples, wakes the graph, survives what may happen.

    Args:
        seat: who decides.
        rules: who helps it, None for nobody.
        gate: the only way to write.
        watch: the eyes.
        checkpointer: where the thread is kept.
        mode: how much the agent may do.
        thread: first part of the names of its threads, usually the name of the line. A random
            part follows: what an earlier run did, whose checkpoints are gone, is not taken for
            its own.
        log: where decisions are recorded.
        say: told every event.
        trust: least confidence with which the seat's own choice is taken, 0..1; None: its own.
        again: returns the newest samples, for a look after the seat has thought; None for a plant
            that waits meanwhile.
    """

    def __init__(
        self,
        seat: Seat,
        rules: Seat | None,
        gate: Gate,
        watch: Watch,
        checkpointer: "BaseCheckpointSaver[str]",
        mode: Mode = "closed",
        *,
        thread: str = "hot-strip",
        log: DecisionLog | None = None,
        say: Say = lambda event: None,
        trust: float | None = None,
        again: Callable[[], Mapping[str, Sample]] | None = None,
    ) -> None:
        self._gate, self._watch, self._mode, self._say = gate, watch, mode, say
        self._graph = build_supervisor(
            seat, gate, watch, checkpointer, mode,
            rules=rules, log=log, say=say, trust=trust, again=again,
        )  # fmt: skip
        self._saver = checkpointer
        newest = next(iter(checkpointer.list(None, limit=1)), None)
        if newest is None:
            # Ids of actions are computed from it: those of no other run or plant may come again.
            self._line, self._chapter = f"{thread}-{secrets.token_hex(8)}", 0
        else:
            name = str(newest.config["configurable"]["thread_id"])
            self._line, _, chapter = name.rpartition("/")
            self._chapter = int(chapter)
        self._seen: bool | None = None
        self._gate_state = ""
        self._retry = 0.0
        self._settled = False  # whether what an earlier life left behind is finished
        self._open = False  # whether that waits for the gate to learn what became of a write
        self._proven = False  # whether a step of this life has succeeded
        self._waiting: Action | None = None  # for a person

    @property
    def _config(self) -> "RunnableConfig":
        return {"configurable": {"thread_id": f"{self._line}/{self._chapter}"}}

    def step(self, samples: Mapping[str, Sample], now: float | None = None) -> None:
        """Look once; finish what is open; take a turn when something has happened.

        Args:
            samples: the newest sample of every signal, SI.
            now: plant time (s); None takes the newest time of the samples.
        """
        if self._look(samples, now):
            self._reach_gate(self._act)

    def finish(self) -> None:
        """Give the gate a moment to learn what became of an open write; else the next life asks."""
        until = time.monotonic() + PATIENCE
        while self._open and time.monotonic() < until:
            time.sleep(RETRY / 10)
            self._reach_gate(self._settle)

    def _act(self) -> None:
        if not self._in_charge():
            return
        if not self._settled:
            if self._open and time.monotonic() < self._retry:
                return
            self._settle()
        if self._waiting is not None:
            self._ask_again(self._waiting)
        elif events := self._watch.wake(self._due()):
            self._turn(events)
        self._proven = True

    def _reach_gate(self, work: Callable[[], None]) -> None:
        """Do `work`; a gate that is away or does not know yet leaves the turn open."""
        try:
            work()
        except OpenWriteError as error:
            if not self._open:
                self._tell(str(error))
            self._settled, self._open, self._proven = False, True, True
            self._retry = time.monotonic() + RETRY
        except ConnectorError as error:
            self._settled = False
            self._gate_is("lost", f"{error}; the plant is watched on, nothing is written")
            self._retry = time.monotonic() + RETRY

    def _look(self, samples: Mapping[str, Sample], now: float | None) -> bool:
        snapshot = self._watch.look(samples, now)
        seen = not blind(snapshot, self._watch.controls)
        if seen != self._seen:
            self._seen = seen
            self._say({"event": "link", "state": "up" if seen else "lost"})
            if not seen:
                self._tell("the plant cannot be seen: no decisions until its samples are good")
        return seen

    def _in_charge(self) -> bool:
        """Renew the lease; return whether the gate is there and the plant was not handed back.

        Before the first step of this life has succeeded the gate is only asked: an agent that dies
        in its first step, however often it is started, keeps no plant from being handed back.
        """
        if self._gate_state == "lost" and time.monotonic() < self._retry:
            return False
        if self._proven and self._gate.beat():
            self._gate_is("up")
            return True
        why = self._gate.status().get("handed_back", "")
        if not why and not self._proven:
            self._gate_is("up")
            return True
        self._gate_is("handed back", f"the plant was handed back ({why}): a person must release it")
        return False

    def _gate_is(self, state: str, text: str = "") -> None:
        if state == self._gate_state:
            return
        self._gate_state = state
        self._say({"event": "gate", "state": state})
        if text:
            self._tell(text)

    def _tell(self, text: str) -> None:
        self._say({"event": "message", "text": text})

    def _due(self) -> float | None:
        pending = self._values().get("pending", [])
        return min((effect["due"] for effect in pending), default=None)

    def _values(self) -> Turn:
        return cast("Turn", self._graph.get_state(self._config).values)

    def _turn(self, events: list[str]) -> None:
        latest = self._watch.latest
        if latest is None:
            return
        key = self._watch.keep(latest)
        # The memory fields (turn, pending, written, barred) stay from the last turn of the thread.
        step = Turn(snapshot=key, events=events, time=latest.time)
        last = self._values()
        if last.get("turn", 0) // CHAPTER > self._chapter:
            step = self._next_chapter(step, last)
        self._invoke(step)

    def _next_chapter(self, step: Turn, last: Turn) -> Turn:
        """Go on in a new thread with the memory of the old one; the one before that is deleted."""
        self._chapter += 1
        self._saver.delete_thread(f"{self._line}/{self._chapter - 2}")
        for name in ("turn", "pending", "written", "barred"):
            step[name] = last[name]
        return step

    def _invoke(self, step: Any) -> None:
        from langgraph.types import Command

        while True:
            asked = self._run_nodes(step)
            self._waiting = asked
            if asked is None:
                self._rest(self._values())
                return
            answer = self._stage(asked)
            if answer is None:
                return
            step = Command(resume=answer)

    def _run_nodes(self, step: Any) -> Action | None:
        """Run the graph; return what a person is asked, None when the turn is over."""
        asked: Action | None = None
        # On the disk after every node: a killed process finds its action id again.
        for part in self._graph.stream(
            step, self._config, stream_mode="updates", durability="sync"
        ):
            if "__interrupt__" in part:
                asked = cast("Action", part["__interrupt__"][0].value)
            else:
                self._gate.beat()  # one node done is one successful step
        return asked

    def _rest(self, turn: Turn) -> None:
        """Look again when a control that was moved may be moved again."""
        action, receipt = turn.get("action"), turn.get("receipt")
        if action and receipt and receipt["state"] == "DONE":
            control = action["control"]
            again = turn["written"][control] + self._watch.controls[control].cooldown
            self._watch.remind(f"{control} has rested", again)

    def _stage(self, action: Action) -> Answer | None:
        """Lay `action` before a person, at the gate; return the answer if it is there already."""
        state = self._values()
        verdict = state.get("verdict")
        if not (verdict and verdict["needs_person"]):
            # This gate would write at once: an approval of nobody.
            return Answer(approved=False, operator="", reason="the gate asks nobody; set its mode")
        found = self._gate.outcome(action["id"])
        if found is None and self._watch.stale(state["time"]):
            return Answer(approved=False, operator="", reason="too old to ask a person for")
        if found is None:
            found = self._gate.propose(
                action["id"],
                action["control"],
                action["value"],
                action["reason"],
                state["snapshot"],
            )
            names = ("control", "value", "label", "reason", "confidence")
            told = {name: action[name] for name in names}  # type: ignore[literal-required]
            self._say({"event": "approval", "action_id": action["id"], **told})
        return _answer(found.state, found.reason)

    def _ask_again(self, action: Action) -> None:
        from langgraph.types import Command

        found = self._gate.outcome(action["id"])
        answer = None if found is None else _answer(found.state, found.reason)
        if answer is not None:
            self._invoke(Command(resume=answer))

    def _settle(self) -> None:
        """Finish the turn that an earlier life, or a lost gate, has left half done."""
        state = self._graph.get_state(self._config)
        if state.interrupts:
            self._waiting = cast("Action", state.interrupts[0].value)
            answer = self._stage(self._waiting)
            if answer is not None:
                from langgraph.types import Command

                self._invoke(Command(resume=answer))
        elif state.next:
            if not self._open:
                self._tell(f"going on with the turn that stopped before {state.next[0]}")
            self._invoke(None)
        self._settled, self._open = True, False


def _answer(state: str, reason: str) -> Answer | None:
    if state == "PENDING":
        return None
    return Answer(approved=state != "NOT DONE", operator="", reason=reason)
