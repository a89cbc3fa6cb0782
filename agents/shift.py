"""One run of the demo: its three processes, what happens to them, and its records.

The plant runs on whatever happens to the rest. A lost agent or gate is started again; after a
hand-back the demo stands in for the operator who releases the plant to the agent.
"""

import json
import socket
import threading
import time
from collections import deque
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..plant_sim.errors import PasslineError
from .order import MODELS, SCENARIO, Order
from .processes import Child, ChildError
from .reports import glossary, words
from .reports.baselines import Baselines
from .reports.facts import Interruption
from .reports.plots import Both
from .reports.records import RUN, rows
from .terminal import Moment, View

if TYPE_CHECKING:
    from ..connectors.follower import Follower

READY = 240.0  # wall s a process may take until it is ready; loading a model included
SOON = 2.0  # wall s in which the plant is there if it has been compiled on this machine before
COMPILING = Both(
    "compiling the plant, once on this machine: half a minute to two minutes",
    "설비 모델을 컴파일합니다. 이 컴퓨터에서 처음 한 번만 필요하며 30초에서 2분 걸립니다",
)
LOOK = 0.25  # wall s between two looks
RESTARTS = 5  # of one process; then it is left alone
KEEP = 90.0, 20 * 10**9  # days and bytes of history
DAY = 86_400.0  # wall s
RELEASE = 1.0  # wall s between two tries to release the gate


class Shift:
    """One run: its processes, what happens to them, and its records.

    Args:
        order: what is run.
        view: where it is shown.
        keep: days and bytes of history to keep; whole files go, the oldest first.
    """

    def __init__(self, order: Order, view: View, keep: tuple[float, int] = KEEP) -> None:
        self.order, self.view, self._keep = order, view, keep
        folder = order.folder
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        common = ["--dir", str(folder)]
        tags = ["--tags", str(folder / "hot_strip.yaml")]
        plc = [
            "passline.connectors.virtual_plc.process", *common, "--seed", str(order.seed),
            "--scenario", SCENARIO, "--speed", str(order.speed), "--coils", str(order.coils),
        ]  # fmt: skip
        gate = ["passline.connectors.gate.server", *tags, *common, "--mode", "closed"]
        self.children = {
            "plc": Child("plc", plc, folder / "logs" / "plc.log"),
            "gate": Child("gate", gate, folder / "logs" / "gate.log"),
        }
        self._seat(order.engine)
        self._begun, self._started = time.strftime("%Y-%m-%d %H:%M"), time.monotonic()
        self._follower: Follower | None = None
        self._interruptions: list[Interruption] = []
        self._notes: list[Both] = []
        self._down: dict[str, float] = {}
        self._alerts: list[str] = []
        self._alarms: list[str] = []
        self._decisions: deque[dict[str, Any]] = deque(maxlen=5)
        self._gate_said, self._released = "", 0.0
        self._sees: bool | None = None  # whether the agent sees the plant; None until it has
        self._others = Baselines(folder, order.seed, SCENARIO, order.coils, self._note)

    def _seat(self, engine: str) -> None:
        folder = self.order.folder
        agent = ["passline.agents.operate", "--dir", str(folder), "--engine", engine]
        self.engine = engine
        self.children["agent"] = Child("agent", agent, folder / "logs" / "agent.log", self._told)

    # --- start -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Compile, start the agent (it loads its model), play the other columns, start the rest.

        Raises:
            ChildError: a process does not start.
        """
        self._record()
        self._wires()
        self.view.say(Both(f"run folder {self.order.folder}", f"실행 폴더 {self.order.folder}"))
        self._compile()
        self.view.say(
            Both(
                f"the same {self.order.coils} coils are played with no agent and with rules",
                f"같은 코일 {self.order.coils}개를 에이전트 없이, 그리고 규칙으로 압연합니다",
            )
        )
        self._others.start()
        self._start_agent()
        self.wait_for_baselines()  # they leave the cores free
        for name in ("gate", "plc"):  # the plant last: nobody misses its first coil
            self.children[name].start()
            self._pids()
            self.children[name].wait_ready(READY)
        self._follow()
        self.view.say(
            Both(
                f"virtual PLC, gate and agent ({self.engine}) work; the line rolls "
                f"{self.order.coils} coils at {self.order.speed:g} times real time",
                f"가상 PLC, 게이트, 에이전트({self.engine})가 동작 중이며, 실시간의 "
                f"{self.order.speed:g}배로 코일 {self.order.coils}개를 압연합니다",
            )
        )

    def _compile(self) -> None:
        """Compile the plant, once on a machine, so that no process does while others wait."""
        from ..plant_sim import make_line

        told = threading.Timer(SOON, self.view.say, [COMPILING])
        told.start()
        try:
            make_line("hot-strip").advance(1.0)
        finally:
            told.cancel()

    def _start_agent(self) -> None:
        if self.engine in MODELS:
            self._weights()
            self.view.say(Both("loading the model", "모델을 불러옵니다"))
        try:
            self.children["agent"].start()
            self.children["agent"].wait_ready(READY)
        except ChildError as error:
            if self.engine not in MODELS:
                raise
            self.children["agent"].stop()
            self._without_model(str(error))
            self.children["agent"].start()
            self.children["agent"].wait_ready(READY)

    def _weights(self) -> None:
        from ..models.install import install, installed

        try:
            if not installed():
                install(tell=lambda text: self.view.say(Both(text, text)))
        except PasslineError as error:
            self._without_model(str(error))

    def _without_model(self, why: str) -> None:
        self._note(
            Both(
                f"The model {self.engine!r} cannot be used ({why}); the rules decide instead.",
                f"모델 {self.engine!r} 사용 불가({why}). 규칙이 대신 판단합니다.",
            )
        )
        self._seat("rules")

    def _wires(self) -> None:
        """Make the tag file and the keys now, so that the agent may start before the plant."""
        from ..connectors import security
        from ..connectors.tagfile import make_default, write_tags
        from ..plant_sim.lines.hot_strip.control_table import CONTROLS
        from ..plant_sim.lines.hot_strip.signal_table import SIGNALS

        tags = make_default(
            SIGNALS, CONTROLS, opcua_port=_free_port(), modbus_port=_free_port(), line="hot-strip"
        )
        write_tags(self.order.folder / "hot_strip.yaml", tags)
        security.init(self.order.folder / "pki")

    def _follow(self) -> None:
        """Read the plant for the screen and for the historian."""
        from ..connectors import load_tags
        from ..connectors.follower import Follower
        from ..connectors.historian import Historian, Retention, rules_of

        folder = self.order.folder
        tagfile = load_tags(folder / "hot_strip.yaml")
        days, size = self._keep
        historian = Historian(
            folder / "history", rules=rules_of(tagfile.tags), retention=Retention(days * DAY, size)
        )
        self._follower = Follower(tagfile, folder / "pki", "agent", historian)
        self._follower.start()

    # --- watch -----------------------------------------------------------------------------------

    def watch(self) -> None:
        """Show the run and keep its processes alive until the coils are rolled.

        Raises:
            ChildError: the virtual PLC has ended before its coils were rolled.
        """
        while True:
            coils = rows(self.order.folder / "coils.jsonl")
            self.view.show(self._moment(coils))
            if len(coils) >= self.order.coils:
                return
            for name, child in self.children.items():
                self._look_after(name, child)
            self._release()
            time.sleep(LOOK)

    def _look_after(self, name: str, child: Child) -> None:
        if child.returned is None:
            if name in self._down and child.is_ready:
                del self._down[name]
                who = glossary.PROCESSES[name]
                self.view.say(Both(f"{who.en} works again", f"{who.ko} 다시 동작 중"))
            return
        if name in self._down and child.starts > RESTARTS:
            return
        returned = child.returned
        if name == "plc":
            raise ChildError(
                f"the virtual PLC ended with status {returned} before its coils were rolled: "
                f"{child.last_words()}; see {self.order.folder / 'logs' / 'plc.log'}"
            )
        again = child.starts <= RESTARTS
        event = Interruption(time.time(), self._plant_time(), name, returned, again)
        self._interruptions.append(event)
        self._record()
        self.view.say(words.interruption(event), abnormal=True)
        self._down[name] = time.monotonic()
        if again:
            if name == "agent":
                self._sees = None
            child.start()
            self._pids()

    def _release(self) -> None:
        """Play the operator: release the plant once gate and agent work again after a hand-back."""
        if self._down or time.monotonic() - self._released < RELEASE:
            return
        remote = self._value("plc.remote")
        if self._gate_said != "handed back" and remote != 0.0:
            return
        self._released = time.monotonic()
        from ..connectors.gate.client import GateClient

        folder = self.order.folder
        keys = json.loads((folder / "pki" / "operators.json").read_text(encoding="utf-8"))
        name, key = next(iter(keys["operators"].items()))
        try:
            with GateClient(folder, name) as gate:
                gate.release(name, key)
        except PasslineError as error:
            self.view.say(Both(f"not released: {error}", f"해제되지 않음: {error}"), abnormal=True)
            return
        self._gate_said = ""
        self.view.say(
            Both(
                "the demo, in the place of an operator, has released the plant to the agent again "
                "(passline gate release)",
                "데모가 운전자를 대신하여 제어권을 에이전트에 넘겼습니다(passline gate release)",
            )
        )

    def _told(self, event: dict[str, Any]) -> None:
        """Take an event of the agent; called from the thread that reads its output."""
        kind = event.get("event")
        if kind == "look":
            self._alerts = list(event.get("alerts", ()))
            self._alarms = [str(alarm["name"]) for alarm in event.get("alarms", ())]
        elif kind == "decision":
            self._decisions.append(event)
        elif kind == "gate":
            self._gate_said = str(event.get("state"))
        elif kind == "link":
            self._link(event.get("state") == "up")
        elif kind == "message" and self._sees is not None and "gate" not in self._down:
            text = str(event.get("text"))
            who = glossary.PROCESSES["agent"]
            self.view.say(Both(f"{who.en}: {text}", f"{who.ko}: {text}"))

    def _link(self, up: bool) -> None:
        """Tell when the agent loses or regains sight; a fresh one has not lost anything yet."""
        if up and self._sees is False:
            self.view.say(Both("the agent sees the plant again", "에이전트가 설비를 다시 봅니다"))
        if up or self._sees is not None:
            self._sees = up

    def _moment(self, coils: list[dict[str, Any]]) -> Moment:
        order = self.order
        samples = self._follower.samples() if self._follower else {}
        counts = dict.fromkeys(glossary.PROTOCOLS, 0)
        for row in rows(order.folder / "plc_writes.jsonl"):
            if row["outcome"] == "APPLIED" and row["protocol"] in counts:
                counts[row["protocol"]] += row["control"] != glossary.REARM
        links = {name: child.returned is None for name, child in self.children.items()}
        health = self._follower.health() if self._follower else {}
        links |= {name: state["state"] in ("up", "degraded") for name, state in health.items()}
        charge, calm = self._charge()
        title = f"seed {order.seed} · {SCENARIO} · {self.engine} · {order.speed:g}×"
        return Moment(
            Both(title, title),
            order.coils,
            charge,
            agent_in_charge=calm,
            samples=samples,
            coils=coils,
            others=self._others.coils(),
            links=links,
            alerts=self._alerts,
            alarms=self._alarms,
            decisions=list(self._decisions),
            writes=counts,
        )

    def _charge(self) -> tuple[Both, bool]:
        if self._value("plc.remote") == 0.0:
            return Both("MILL AUTOMATION (local mode)", "설비 자동화 (현장 모드)"), False
        for name in ("agent", "gate"):
            if name in self._down or self.children[name].returned is not None:
                who = glossary.PROCESSES[name]
                return Both(
                    f"MILL AUTOMATION ({who.en} is gone)", f"설비 자동화 ({who.ko} 없음)"
                ), False
        if self._gate_said in ("lost", "handed back"):
            return Both(
                f"MILL AUTOMATION (gate {self._gate_said})", "설비 자동화 (게이트 끊김)"
            ), False
        return Both("AGENT, closed loop", "에이전트, 자동 제어"), True

    def _value(self, name: str) -> float:
        sample = self._follower.samples().get(name) if self._follower else None
        return sample.value if sample is not None and sample.good else float("nan")

    def _plant_time(self) -> float:
        """Return the newest plant time that was seen (s)."""
        samples = self._follower.samples() if self._follower else {}
        return max((sample.time for sample in samples.values()), default=0.0)

    # --- records ---------------------------------------------------------------------------------

    def _note(self, text: Both) -> None:
        self._notes.append(text)
        self._record()
        self.view.say(text, abnormal=True)

    def _record(self) -> None:
        """Write what the demo itself knows of the run, whole or not at all."""
        order = self.order
        content = {
            "seed": order.seed,
            "scenario": SCENARIO,
            "engine": self.engine,
            "coils": order.coils,
            "speed": order.speed,
            "begun": self._begun,
            "wall": time.monotonic() - self._started,
            "interruptions": [asdict(event) for event in self._interruptions],
            "notes": self._notes,
        }
        _replace(order.folder / RUN, content)

    def _pids(self) -> None:
        content = {name: child.pid for name, child in self.children.items()}
        _replace(self.order.folder / "processes.json", content)

    # --- end -------------------------------------------------------------------------------------

    def stop(self) -> None:
        """End the processes, the agent first, then the gate, the plant last."""
        for name in ("agent", "gate", "plc"):
            if name == "plc" and self._follower is not None:
                self._follower.close()
            self.children[name].stop()
        self._record()

    def wait_for_baselines(self) -> None:
        """Wait until the other columns are played; the run does without if they are not."""
        self._others.wait(READY)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _replace(path: Path, content: object) -> None:
    draft = path.with_name(path.name + ".tmp")
    draft.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")
    draft.replace(path)
