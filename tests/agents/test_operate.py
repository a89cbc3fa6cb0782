"""The operator at a real gate: when it wakes, what it survives, and that it never writes twice."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import pytest

from passline.agents.duty import Operator
from passline.agents.operate import play
from passline.agents.seats import seat_for
from passline.agents.supervisor import open_checkpoints
from passline.connectors.errors import LinkError
from passline.connectors.gate.errors import AuditError
from passline.connectors.gate.inprocess import InProcessGate
from passline.connectors.simulated import SimulatedConnector
from passline.plant_sim import make_line
from passline.plant_sim.errors import ConfigError, PasslineError

HERE = Path(__file__).parent

# Forks one life of an agent after the other at a bench's gate: the imports are paid for once.
# A life dies by SIGKILL at the moment that it is told.
NURSERY = """
import importlib.util, json, os, signal, sys
from pathlib import Path

spec = importlib.util.spec_from_file_location("bench", sys.argv[1])
module = importlib.util.module_from_spec(spec)
sys.modules["bench"] = module
spec.loader.exec_module(module)
import langgraph.graph, langgraph.checkpoint.sqlite


def life(folder, moment, plant_time):
    def die(at):
        if at == moment:
            os.kill(os.getpid(), signal.SIGKILL)

    class Seat(module.Chooses):
        def decide(self, snapshots, moves):
            die("deciding")
            return super().decide(snapshots, moves)

    class Gate:
        def __getattr__(self, name):
            return getattr(bench.gate, name)

        def propose(self, *request):
            die("before the write")
            receipt = bench.gate.propose(*request)
            die("after the write")
            return receipt

    def record(line):
        die("before the record")
        return add(line)

    bench = module.Bench(Path(folder))
    bench.plant.time = plant_time
    add, bench.log.add = bench.log.add, record
    operator = bench.operator(Seat("fm.spray_trim up"), gate=Gate())
    operator.step(bench.plant.samples(), bench.plant.time)
    return bench.messages


for line in sys.stdin:
    told, saying = os.pipe()
    child = os.fork()
    if not child:
        os.write(saying, json.dumps(life(*json.loads(line))).encode())
        os._exit(0)
    os.close(saying)
    messages = os.fdopen(told).read()
    _, status = os.waitpid(child, 0)
    print(json.dumps([os.waitstatus_to_exitcode(status), json.loads(messages or "[]")]), flush=True)
"""


@pytest.fixture(scope="module")
def live():
    """Lives one life: (folder, moment of its death, plant time) -> (exit code, its messages)."""
    command = [sys.executable, "-c", NURSERY, str(HERE / "conftest.py")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as nursery:

        def live(bench, moment, plant_time):
            order = json.dumps([str(bench.folder), moment, plant_time])
            nursery.stdin.write(order + "\n")
            nursery.stdin.flush()
            return json.loads(nursery.stdout.readline())

        yield live
        nursery.stdin.close()


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        ("deciding", 0),
        ("before the write", 1),
        ("after the write", 1),
        ("before the record", 1),
    ],
)
def test_an_agent_killed_at_any_moment_goes_on_and_writes_once(bench, live, moment, written):
    bench.open_gate()
    assert live(bench, moment, 1000.0) == [-signal.SIGKILL, []]
    code, messages = live(bench, "never", 1005.0)
    assert code == 0
    assert "going on with the turn that stopped" in messages[0]
    # Before a decision was taken there is nothing to finish: the next look decides anew.
    fresh = [request for request in bench.plant.requests if request[1] == "fm.spray_trim"]
    assert len({action for action, _, _ in fresh}) == len(fresh)
    assert len(fresh) <= 1 + (written == 0)
    assert len(fresh) >= written
    keys = [record["key"] for record in bench.records]
    assert len(keys) == len(set(keys)) >= 1


def test_what_was_decided_long_before_the_kill_is_not_written_after_it(bench, live):
    bench.open_gate()
    live(bench, "before the write", 1000.0)
    bench.plant.time = 1500.0
    assert live(bench, "never", 1500.0)[0] == 0
    first = bench.records[0]
    assert first["receipt"]["state"] == "NOT DONE"
    assert "too old" in first["receipt"]["reason"]
    assert first["action_id"] not in bench.plant.applied


def test_a_standing_alert_wakes_it_once_and_then_the_timer(bench, chooses):
    bench.open_gate()
    seat = chooses()
    operator = bench.operator(seat)
    bench.step(operator, seconds=1.0, times=50)
    assert seat.asked == 1
    bench.step(operator, seconds=1.0, times=30)
    assert seat.asked == 2
    assert bench.records[1]["events"] == ["timer"]


def test_decisions_are_at_least_ten_seconds_apart(bench, chooses):
    bench.open_gate()
    operator = bench.operator(chooses())
    for number in range(100):  # an alert that flickers
        bench.alerts = ("force_high",) if number % 2 else ()
        bench.alerts += ("pyrometer_low",)
        bench.step(operator, seconds=1.0)
    times = [record["time"] for record in bench.records]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert gaps
    assert min(gaps) >= 10.0


def thinking(bench, chooses, happens):
    """An operator whose seat thinks while the plant runs on: `happens` is what happens there."""

    class Slow(chooses):
        def decide(self, snapshots, moves):
            happens()
            return super().decide(snapshots, moves)

    return Operator(
        Slow("fm.spray_trim up"), None, bench.gate, bench.watch, open_checkpoints(bench.folder),
        log=bench.log, say=bench.events.append, again=bench.plant.samples,
    )  # fmt: skip


@pytest.mark.parametrize(("passes", "written"), [(29.0, 1), (31.0, 0), (70.0, 0)])
def test_a_decision_that_took_more_than_thirty_plant_seconds_is_dropped(
    bench, chooses, passes, written
):
    def happens():
        bench.plant.time += passes

    bench.open_gate()
    bench.step(thinking(bench, chooses, happens))
    assert len(bench.plant.requests) == written
    (record,) = bench.records
    assert record["kind"] == ("decision" if written else "dropped")
    if not written:
        assert "too late: model chose fm.spray_trim up" in record["messages"][0]
        assert record["action_id"] == ""


@pytest.mark.parametrize(
    ("coil", "alerts", "written"),
    [
        (4.0, (), 0),
        (4.0, ("ct_hot",), 0),  # another one is another decision
        (4.0, ("force_high",), 1),
        (3.0, (), 1),
    ],
)
def test_a_decision_for_a_coil_that_left_with_its_alert_is_dropped(
    bench, chooses, coil, alerts, written
):
    def happens():
        bench.plant.time += 5.0
        bench.plant.values["coil.number"] = coil
        bench.alerts = alerts

    bench.open_gate()
    bench.step(thinking(bench, chooses, happens))
    assert len(bench.plant.requests) == written
    if not written:
        assert "coil 4 has come and the alert is gone" in bench.records[0]["messages"][0]


def test_a_cleared_alert_and_the_head_of_a_new_coil_wake_it(bench, chooses):
    bench.open_gate()
    bench.alerts = ("force_high", "bank_no_flow")
    operator = bench.operator(chooses())
    bench.step(operator)
    bench.alerts = ("force_high",)
    bench.plant.values["coil.number"] = 4.0
    bench.step(operator)
    assert bench.records[1]["events"] == ["cleared: bank_no_flow", "head of coil 4 done"]


def test_without_the_plant_it_decides_nothing_and_goes_on_when_it_is_back(bench, chooses):
    bench.open_gate()
    seat = chooses("fm.spray_trim up")
    operator = bench.operator(seat)
    bench.plant.bad = set(bench.plant.values)
    bench.step(operator, times=5)
    assert (seat.asked, bench.plant.requests) == (0, [])
    assert [e["state"] for e in bench.events if e["event"] == "link"] == ["lost"]
    assert bench.messages == ["the plant cannot be seen: no decisions until its samples are good"]
    bench.plant.bad = set()
    bench.step(operator)
    assert len(bench.plant.requests) == 1
    assert [e["state"] for e in bench.events if e["event"] == "link"] == ["lost", "up"]


def test_without_the_gate_it_goes_on_watching_and_decides_when_it_is_back(bench, chooses):
    seat = chooses("fm.spray_trim up")
    operator = bench.operator(seat)
    bench.step(operator, times=3)
    assert [e["state"] for e in bench.events if e["event"] == "gate"] == ["lost"]
    assert len(bench.messages) == 1
    assert "nothing is written" in bench.messages[0]
    assert bench.watch.latest.time == bench.plant.time - 15.0
    bench.open_gate()
    operator._retry = 0.0
    bench.step(operator)
    assert len(bench.plant.requests) == 1
    assert [e["state"] for e in bench.events if e["event"] == "gate"] == ["lost", "up"]


def test_an_open_write_gets_a_moment_when_the_agent_is_stopped(bench, chooses):
    bench.open_gate()
    gate = AuditFails(bench.gate, sent=True, answers=["UNKNOWN", "UNKNOWN", "UNKNOWN"])
    operator = bench.operator(chooses("fm.spray_trim up"), gate=gate)
    bench.step(operator)
    assert bench.records == []
    operator.finish()
    assert bench.records[0]["receipt"]["state"] == "DONE"


@pytest.mark.parametrize("arrived", [False, True])
def test_a_gate_that_dies_under_a_write_is_asked_for_the_same_write_later(bench, chooses, arrived):
    class Breaks:
        broken = False

        def __getattr__(self, name):
            return getattr(bench.gate, name)

        def propose(self, *request):
            if self.broken:
                return bench.gate.propose(*request)
            self.broken = True
            if arrived:
                bench.gate.propose(*request)
            raise LinkError("the gate did not answer")

    bench.open_gate()
    operator = bench.operator(chooses("fm.spray_trim up"), gate=Breaks())
    bench.step(operator)
    assert bench.records == []
    operator._retry = 0.0
    bench.step(operator)
    assert len(bench.plant.requests) == 1
    assert bench.records[0]["receipt"]["state"] == "DONE"


class AuditFails:
    """A gate whose audit log fills up once, before or after a write; it may not answer then."""

    def __init__(self, gate, *, sent, answers=()):
        self.gate, self.sent, self.full = gate, sent, True
        self.answers = list(answers)  # to `outcome` after the failure, instead of the gate's own

    def __getattr__(self, name):
        return getattr(self.gate, name)

    def propose(self, *request):
        if self.full and self.sent:
            self.gate.propose(*request)
        if self.full or self.answers:
            self.full = False
            raise AuditError("the audit log cannot be written: no space is left")
        return self.gate.propose(*request)

    def outcome(self, action_id):
        found = self.gate.outcome(action_id)
        if self.full or not self.answers:
            return found
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return replace(found, state=answer)


@pytest.mark.parametrize(("sent", "state"), [(True, "DONE"), (False, "NOT DONE")])
def test_a_write_that_could_not_be_audited_is_recorded_as_what_it_became(
    bench, chooses, sent, state
):
    bench.open_gate()
    gate = AuditFails(bench.gate, sent=sent)
    bench.step(bench.operator(chooses("fm.spray_trim up"), gate=gate))
    assert len(bench.plant.requests) == int(sent)
    assert bench.records[0]["receipt"]["state"] == state
    assert "no space is left" in bench.records[0]["receipt"]["reason"]


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("answer", ["UNKNOWN", LinkError("the gate did not answer")])
def test_a_turn_whose_write_nobody_can_tell_the_fate_of_stays_open(bench, chooses, answer, restart):
    bench.open_gate()
    gate = AuditFails(bench.gate, sent=True, answers=[answer, answer])
    operator = bench.operator(chooses("fm.spray_trim up"), gate=gate)
    for _ in range(2):
        bench.step(operator)
        assert bench.records == []
        operator._retry = 0.0
        if restart:
            operator = bench.operator(chooses("fm.spray_trim up"), gate=gate)
    bench.step(operator)
    assert len(bench.plant.requests) == 1
    assert bench.records[0]["receipt"]["state"] == "DONE"
    assert bench.records[0]["expected"]["feature"] == "fdt_error"


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("approved", [True, False])
def test_only_what_a_person_approved_is_written(bench, chooses, approved, restart):
    bench.open_gate("approve")
    seat = chooses("fm.spray_trim up")
    operator = bench.operator(seat, mode="approve")
    bench.step(operator, seconds=1.0, times=3)
    (asked,) = [e for e in bench.events if e["event"] == "approval"]
    assert (asked["control"], asked["reason"]) == ("fm.spray_trim", "because the bench says so")
    assert bench.plant.requests == []
    if restart:
        operator = bench.operator(seat, mode="approve")
        bench.step(operator, seconds=1.0, times=2)
    (approval,) = bench.gate.approvals()
    assert approval.action_id == asked["action_id"]
    answer = bench.gate.approve if approved else bench.gate.reject
    answer(approval.id, "operator", bench.operator_key())
    bench.step(operator, seconds=1.0, times=3)
    assert len(bench.plant.requests) == int(approved)
    (record,) = bench.records
    assert record["answer"]["approved"] is approved
    assert len([e for e in bench.events if e["event"] == "approval"]) == 1


def test_an_approval_that_nobody_gives_is_no_approval(bench, chooses):
    bench.open_gate("approve", approval_ttl=-1.0)
    operator = bench.operator(chooses("fm.spray_trim up"), mode="approve")
    for _ in range(200):
        bench.step(operator, seconds=0.1)
        if bench.records:
            break
        time.sleep(0.05)  # the gate looks for old approvals a few times a second
    assert bench.plant.requests == []
    assert "nobody approved it" in bench.records[0]["answer"]["reason"]


def test_an_agent_that_must_ask_does_not_use_a_gate_that_asks_nobody(bench, chooses):
    bench.open_gate("closed")
    operator = bench.operator(chooses("fm.spray_trim up"), mode="approve")
    bench.step(operator, times=2)
    assert bench.plant.requests == []
    assert "asks nobody" in bench.records[0]["answer"]["reason"]


def test_after_a_hand_back_it_waits_for_a_person(bench, chooses):
    bench.open_gate(lease=0.05)
    seat = chooses()
    operator = bench.operator(seat)
    bench.step(operator)
    while not bench.gate.status()["handed_back"]:
        pass
    asked = seat.asked
    bench.step(operator, times=4)
    assert seat.asked == asked
    assert "a person must release it" in bench.messages[-1]


def test_an_agent_that_dies_in_its_first_step_each_time_does_not_keep_the_plant(bench, chooses):
    class Dies(chooses):
        def decide(self, snapshots, moves):
            raise MemoryError

    class Counts:
        beats = 0

        def __getattr__(self, name):
            return getattr(bench.gate, name)

        def beat(self):
            self.beats += 1
            return bench.gate.beat()

    bench.open_gate()
    with pytest.raises(MemoryError):
        bench.step(bench.operator(Dies()))
    gate = Counts()
    for _ in range(3):
        # The shelf of the watch is kept here, so the crash comes back in every life.
        with pytest.raises(MemoryError):
            bench.step(bench.operator(Dies(), gate=gate))
    assert gate.beats == 0
    bench.step(bench.operator(chooses("fm.spray_trim up"), gate=gate), times=2)
    assert gate.beats > 0
    assert len(bench.plant.requests) == 1


def test_checkpoints_do_not_grow_for_ever_and_nothing_is_forgotten(bench, chooses, monkeypatch):
    monkeypatch.setattr("passline.agents.duty.CHAPTER", 5)
    bench.open_gate()
    operator = bench.operator(chooses("fm.spray_trim up"))
    bench.step(operator, seconds=61.0, times=4)
    assert len(bench.plant.requests) == 4
    bench.step(operator, seconds=61.0, times=20)
    operator = bench.operator(chooses())  # a new life finds the newest thread
    bench.step(operator, seconds=61.0, times=2)
    turns = [record["turn"] for record in bench.records]
    assert turns == list(range(1, 27))
    threads = {saved.config["configurable"]["thread_id"] for saved in operator._saver.list(None)}
    (run,) = {name.rpartition("/")[0] for name in threads}
    assert threads == {f"{run}/4", f"{run}/5"}


def test_a_run_with_new_checkpoints_never_takes_the_receipt_of_an_earlier_one(bench, chooses):
    bench.open_gate()
    seen = bench.plant.samples()
    for wish in ("fm.spray_trim up", "rot.cooling_correction up"):
        for path in bench.folder.glob("checkpoints.sqlite*"):
            path.unlink()
        bench.watch = bench.new_watch()  # and the same plant once more
        bench.operator(chooses(wish)).step(seen, bench.plant.time)
    first, second = bench.records
    assert (first["turn"], first["snapshot"]) == (second["turn"], second["snapshot"])
    assert first["action_id"] != second["action_id"]
    controls = [control for _, control, _ in bench.plant.requests]
    assert controls == ["fm.spray_trim", "rot.cooling_correction"]
    assert second["receipt"]["readback"] == pytest.approx(bench.plant.requests[1][2])


def test_a_new_life_on_the_same_checkpoints_goes_on_in_the_same_thread(bench, chooses):
    bench.open_gate()
    for _ in range(2):
        bench.watch = bench.new_watch()
        bench.step(bench.operator(chooses("fm.spray_trim up")))
    first, second = bench.records
    assert (first["thread"], second["turn"]) == (second["thread"], 2)


def test_a_plant_that_begins_anew_is_not_judged_by_what_was_done_to_the_old_one(bench, chooses):
    bench.open_gate()
    operator = bench.operator(chooses("fm.spray_trim up"))
    bench.step(operator)
    bench.plant.time = 20.0
    bench.plant.values["fm.spray_trim"] = 0.0
    bench.step(operator, times=6)
    assert bench.records[1]["events"][0] == "start"
    assert all(record["judged"] == [] for record in bench.records[:3])


def played(engine, scenario, coils=3):
    with TemporaryDirectory() as name:
        folder = Path(name)
        connector = SimulatedConnector(make_line("hot-strip", seed=0, scenario=scenario))
        with InProcessGate(connector, folder) as gate:
            rolled = play(connector, gate, engine, coils=coils, folder=folder)
        path = folder / "decisions.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return rolled, [json.loads(line) for line in lines]


@pytest.mark.slow
def test_on_a_simulated_line_the_rules_find_the_dead_bank_and_save_money():
    alone, decisions = played("hold", "dead-bank", coils=8)
    assert all(record["control"] == "none" for record in decisions)
    helped, decisions = played("rules", "dead-bank", coils=8)
    moved = [record for record in decisions if record["control"] == "rot.bank_out"]
    assert moved
    assert moved[0]["receipt"]["state"] == "DONE"
    assert "bank_no_flow" in moved[0]["alerts"]
    assert sum(coil.cost for coil in helped) < sum(coil.cost for coil in alone)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_decisions():
    first, second = (played("rules", "faults")[1] for _ in range(2))
    for record in (*first, *second):
        for name in ("wall", "thinking", "thread", "key", "action_id", "undoes"):
            del record[name]  # the thread, and so every id, is this run's own
        for judged in record["judged"]:
            del judged["action_id"]
    assert first
    assert first == second


def test_two_agents_do_not_share_a_run_folder(bench):
    from contextlib import ExitStack

    from passline.agents.errors import RunFolderError
    from passline.agents.operate import _lock

    with ExitStack() as first, ExitStack() as second:
        _lock(bench.folder, first)
        with pytest.raises(RunFolderError, match="another agent"):
            _lock(bench.folder, second)
    with ExitStack() as third:
        _lock(bench.folder, third)


def test_the_rules_operate_without_torch_or_transformers():
    code = """
import sys

for name in ("torch", "transformers", "ray", "peft", "stable_baselines3"):
    sys.modules[name] = None  # as if it were not installed
import passline.agents.operate as operate
import passline.agents.supervisor
from langgraph.graph import StateGraph

seat, rules = operate.seat_for("rules")
assert seat is rules, "the rules need no help"
assert operate.seat_for("hold")[1] is None
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=55, check=False
    )
    assert done.returncode == 0, done.stderr


def test_an_adapter_of_the_user_s_own_is_the_one_that_is_opened(tmp_path):
    own = tmp_path / "my-adapter"
    with pytest.raises(PasslineError, match="my-adapter"):  # it is not there
        seat_for("head", own)
    with pytest.raises(ConfigError, match="without an adapter"):
        seat_for("rules", own)
    with pytest.raises(PasslineError, match="my-adapter"):
        play(SimpleNamespace(line=None), None, "head", adapter=own)


def test_the_agents_package_is_light_until_the_supervisor_is_asked_for():
    code = "import sys, passline.agents; assert 'langgraph' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=55)
