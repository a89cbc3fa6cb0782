"""One turn of the operator: what it decides, what it never does, and what a replay may not do."""

import json

import pytest

from passline.agents import build_supervisor
from passline.agents.effects import TRIES
from passline.agents.supervisor import NODES, open_checkpoints
from passline.connectors.errors import LinkError
from passline.plant_sim.snapshot import StandingAlarm

THREAD = {"configurable": {"thread_id": "bench"}}


def graph_of(bench, seat, mode="closed", rules=None):
    saver = open_checkpoints(bench.folder)
    return build_supervisor(
        seat, bench.gate, bench.watch, saver, mode,
        rules=rules, log=bench.log, say=bench.events.append,
    )  # fmt: skip


def turn(bench, graph):
    bench.gate.beat()
    seen = bench.watch.look(bench.plant.samples(), bench.plant.time)
    step = {"snapshot": bench.watch.keep(seen), "events": ["test"], "time": seen.time}
    return graph.invoke(step, THREAD, durability="sync")


def test_the_graph_has_the_nine_steps_and_no_other(bench, chooses):
    nodes = set(graph_of(bench, chooses()).get_graph().nodes)
    assert nodes - {"__start__", "__end__"} == set(NODES)
    assert list(NODES) == [
        "wake", "perceive", "triage", "decide", "guard", "approve", "act", "verify", "report",
    ]  # fmt: skip


def test_a_decision_in_closed_mode_is_written_once_and_recorded_once(bench, chooses):
    bench.open_gate()
    turn(bench, graph_of(bench, chooses("fm.spray_trim up")))
    ((action, control, value),) = bench.plant.requests
    assert (control, value) == ("fm.spray_trim", 0.1)
    (record,) = bench.records
    assert record["kind"] == "decision"
    assert record["action_id"] == action
    assert record["receipt"]["state"] == "DONE"
    assert record["receipt"]["readback"] == pytest.approx(0.1)
    assert record["expected"]["feature"] == "fdt_error"
    assert [e["event"] for e in bench.events] == ["decision"]


def test_a_replay_from_every_checkpoint_writes_nothing_again(bench, chooses):
    bench.open_gate()
    # The second wish is there to be taken if a replay should find the first one refused.
    graph = graph_of(bench, chooses("fm.spray_trim up", "rot.cooling_correction up"))
    turn(bench, graph)
    history = list(graph.get_state_history(THREAD))
    assert len(history) >= 10
    for moved_on in (0.0, 500.0):  # at once, and when the plant is somewhere else
        bench.plant.time += moved_on
        bench.watch.look(bench.plant.samples(), bench.plant.time)
        bench.gate.beat()
        for state in history:
            graph.invoke(None, state.config)
    assert len(bench.plant.requests) == 1
    assert len(bench.records) == 1


def test_a_replay_with_another_model_cannot_write_either(bench, chooses):
    bench.open_gate()
    turn(bench, graph_of(bench, chooses("fm.spray_trim up")))
    other = graph_of(bench, chooses("rot.cooling_correction up"))
    for state in list(other.get_state_history(THREAD)):
        other.invoke(None, state.config)
    assert len(bench.records) == 1
    assert [control for _, control, _ in bench.plant.requests] == ["fm.spray_trim"]


def test_a_fork_with_another_value_is_not_written_and_shows_what_its_id_became(bench, chooses):
    bench.open_gate()
    graph = graph_of(bench, chooses("fm.spray_trim up"))
    turn(bench, graph)
    before = next(s for s in graph.get_state_history(THREAD) if s.next == ("act",))
    forged = {**before.values["action"], "value": -0.1}
    fork = graph.update_state(before.config, {"action": forged})
    state = graph.invoke(None, fork)
    assert len(bench.plant.requests) == 1
    assert state["receipt"]["state"] == "DONE"
    assert "a new wish needs a new id" in state["receipt"]["reason"]
    assert state["action"]["value"] == pytest.approx(0.1)
    (effect,) = state["pending"]  # of what was written, not of what the fork says
    assert (effect["sign"], effect["undo"]) == (-1.0, 0.0)


def test_a_checkpoint_whose_action_never_reached_the_gate_is_not_written_later(bench, chooses):
    graph = graph_of(bench, chooses("fm.spray_trim up"), mode="shadow")
    bench.open_gate()
    turn(bench, graph)
    stopped = next(s for s in graph.get_state_history(THREAD) if s.next == ("approve",))
    closed = graph_of(bench, chooses("fm.spray_trim up"), mode="closed")
    bench.plant.time += 500.0
    bench.watch.look(bench.plant.samples(), bench.plant.time)
    state = closed.invoke(None, stopped.config)
    assert state["receipt"]["state"] == "NOT DONE"
    assert "too old" in state["receipt"]["reason"]
    assert bench.plant.requests == []


@pytest.mark.parametrize("mode", ["shadow", "advisory"])
def test_shadow_and_advice_are_recorded_but_not_written(bench, chooses, mode):
    bench.open_gate()
    turn(bench, graph_of(bench, chooses("fm.spray_trim up"), mode=mode))
    assert bench.plant.requests == []
    (record,) = bench.records
    assert (record["control"], record["mode"], record["receipt"]) == ("fm.spray_trim", mode, None)


def test_an_approval_stops_the_graph_and_a_resume_alone_writes_nothing(bench, chooses):
    from langgraph.types import Command

    bench.open_gate("approve")
    graph = graph_of(bench, chooses("fm.spray_trim up"), mode="approve")
    asked = turn(bench, graph)["__interrupt__"][0].value
    assert asked["control"] == "fm.spray_trim"
    assert bench.plant.requests == []
    # Whoever resumes the graph is not the operator: the gate still waits for a signature.
    forged = {"approved": True, "operator": "nobody", "reason": ""}
    state = graph.invoke(Command(resume=forged), THREAD)
    assert state["receipt"]["state"] == "PENDING"
    assert bench.plant.requests == []


def test_no_decision_is_taken_on_bad_samples(bench, chooses):
    bench.open_gate()
    seat = chooses("fm.spray_trim up")
    bench.plant.bad = set(bench.plant.values)
    turn(bench, graph_of(bench, seat))
    assert (seat.asked, bench.plant.requests) == (0, [])
    (record,) = bench.records
    assert record["kind"] == "dropped"
    assert "cannot be seen" in record["messages"][0]


def test_a_move_whose_instrument_is_bad_is_not_offered(bench, chooses):
    bench.open_gate()
    bench.plant.bad = {"fm.spray_opening"}
    turn(bench, graph_of(bench, chooses("fm.spray_trim up")))
    (record,) = bench.records
    assert record["control"] == "none"
    assert not any(name.startswith("fm.spray_trim") for name in record["offered"])


def test_a_move_that_the_gate_would_refuse_is_masked_and_never_proposed(bench, chooses):
    bench.open_gate()
    bench.gate.beat()
    # Somebody else has just moved the sprays: only the gate knows that they must rest.
    bench.gate.propose("0" * 32, "fm.spray_trim", 0.1)
    wishes = ("fm.spray_trim up", "fm.spray_trim down", "rot.cooling_correction up")
    graph = graph_of(bench, chooses(*wishes))
    turn(bench, graph)
    (record,) = bench.records
    assert record["masked"] == ["fm.spray_trim up", "fm.spray_trim down"]
    assert record["control"] == "rot.cooling_correction"
    assert [control for _, control, _ in bench.plant.requests[1:]] == ["rot.cooling_correction"]
    # Run again when the sprays have rested, the first choice would pass: it still writes nothing.
    bench.plant.time += 25.0
    bench.watch.look(bench.plant.samples(), bench.plant.time)
    bench.gate.beat()
    for state in list(graph.get_state_history(THREAD)):
        graph.invoke(None, state.config)
    assert len(bench.plant.requests) == 2


def test_after_two_more_refusals_the_turn_ends_without_a_write(bench, chooses):
    bench.open_gate(budget=0)
    seat = chooses(
        "fm.spray_trim up", "fm.spray_trim down", "rot.cooling_correction up", "fm.speed_trim up"
    )
    turn(bench, graph_of(bench, seat))
    assert (seat.asked, bench.plant.requests) == (3, [])
    (record,) = bench.records
    assert len(record["masked"]) == 3
    assert not record["verdict"]["allowed"]


def test_when_the_model_is_not_sure_the_rule_decides(bench, chooses):
    bench.open_gate()
    unsure = chooses("fm.spray_trim up", confidence=0.2)
    rules = chooses("rot.cooling_correction down", confidence=1.0, name="rules")
    turn(bench, graph_of(bench, unsure, rules=rules))
    (record,) = bench.records
    assert (record["by"], record["control"]) == ("rules", "rot.cooling_correction")
    assert "is not sure (0.20" in record["messages"][0]
    assert "the rule's move is taken" in record["messages"][0]


def test_when_neither_is_sure_it_holds_and_asks_the_operator_to_look(bench, chooses):
    bench.open_gate()
    turn(bench, graph_of(bench, chooses("fm.spray_trim up", confidence=0.2), rules=chooses()))
    (record,) = bench.records
    assert (record["control"], record["action_id"]) == ("none", "")
    assert "please look" in record["messages"][0]
    assert bench.plant.requests == []


def test_an_answer_that_is_no_move_is_a_hold(bench, chooses):
    from passline.plant_sim.controls import Decision

    class Babbles:
        name = "babbler"

        def decide(self, snapshots, moves):
            return [Decision(999, float("nan"))]

    bench.open_gate()
    turn(bench, graph_of(bench, Babbles()))
    assert bench.records[0]["control"] == "none"
    assert bench.plant.requests == []


def test_without_an_alert_no_model_is_asked(bench, chooses):
    bench.open_gate()
    bench.alerts = ()
    seat = chooses("fm.spray_trim up")
    turn(bench, graph_of(bench, seat, rules=chooses(name="rules")))
    assert (seat.asked, bench.records) == (0, [])


def test_an_urgent_alarm_is_told_once_and_asks_no_model_for_a_set_point(bench, chooses):
    bench.open_gate()
    bench.alerts = ()
    seat = chooses("fm.speed_trim up")
    operator = bench.operator(seat)
    bench.step(operator)
    bench.alarms = (StandingAlarm("line.cobble", 1, True), StandingAlarm("rm.rdt_low", 4, False))
    bench.step(operator, times=4)
    assert bench.messages == ["alarm line.cobble, priority 1, the first of its cascade"]
    assert seat.asked == 0
    (record,) = bench.records
    assert record["events"] == ["alarm: line.cobble"]
    assert record["alarms"] == [
        {"name": "line.cobble", "priority": 1, "first_out": True},
        {"name": "rm.rdt_low", "priority": 4, "first_out": False},
    ]


def test_an_urgent_alarm_that_is_gone_before_the_next_turn_is_told_all_the_same(bench, chooses):
    bench.open_gate()
    bench.alerts = ()
    operator = bench.operator(chooses())
    bench.step(operator, seconds=2.0)
    bench.alarms = (StandingAlarm("fm.hydraulic_low", 2, True),)
    bench.step(operator, seconds=2.0)
    bench.alarms = ()
    bench.step(operator, times=3)
    assert bench.messages == ["alarm fm.hydraulic_low came and is gone"]


def test_an_alarm_that_can_wait_wakes_nobody(bench, chooses):
    bench.open_gate()
    bench.alerts = ()
    operator = bench.operator(chooses("fm.speed_trim up"))
    bench.step(operator)
    bench.alarms = (StandingAlarm("rm.rdt_low", 4, True),)
    bench.step(operator, times=3)
    assert bench.records == []


def test_the_rules_tidy_up_without_the_model(bench, chooses):
    bench.open_gate()
    bench.alerts = ()
    seat = chooses("fm.spray_trim up")
    turn(bench, graph_of(bench, seat, rules=chooses("fm.speed_trim down", name="rules")))
    assert (seat.asked, bench.records[0]["by"], bench.records[0]["triage"]) == (0, "rules", "known")


def test_a_move_that_did_the_opposite_is_taken_back_and_not_offered_again(bench, chooses):
    bench.open_gate()
    graph = graph_of(bench, chooses("fm.spray_trim up"))
    turn(bench, graph)
    bench.plant.time += 45.0
    bench.features["fdt_error"] += 25.0  # more spray must not heat the strip
    turn(bench, graph)
    assert [value for _, _, value in bench.plant.requests] == pytest.approx([0.1, 0.0])
    back = bench.records[1]
    assert (back["by"], back["undoes"]) == ("rollback", bench.records[0]["action_id"])
    assert back["judged"][0]["outcome"] == "opposite"
    assert "it must be taken back" in back["messages"][0]
    assert back["messages"][-1] == "fm.spray_trim is taken back to 0"
    bench.plant.time += 60.0
    turn(bench, graph)
    assert "fm.spray_trim up" not in bench.records[2]["offered"]
    assert "fm.spray_trim down" in bench.records[2]["offered"]


def after_a_wrong_move(bench, chooses):
    """The graph of a bench on which more spray has just heated the strip, and no alert stands."""
    bench.open_gate()
    graph = graph_of(bench, chooses("fm.spray_trim up"))
    turn(bench, graph)
    bench.alerts = ()
    bench.plant.time += 45.0
    bench.features["fdt_error"] += 25.0
    return graph


def test_a_move_stays_to_be_taken_back_until_it_is(bench, chooses):
    graph = after_a_wrong_move(bench, chooses)
    bench.plant.values["plc.remote"] = 0.0  # whatever the gate refuses it for
    for _ in range(3):
        state = turn(bench, graph)
        assert len(state["pending"]) == 1
        assert "could not be taken back to 0: the plant is in local mode" in state["messages"][-1]
        assert not any("is taken back" in text for text in state["messages"])
        bench.plant.time += 30.0
        turn(bench, graph)  # in between it is not tried
        bench.plant.time += 31.0
    # Meanwhile another coil runs: the action was judged on its own.
    bench.plant.values |= {"plc.remote": 1.0, "coil.number": 4.0}
    state = turn(bench, graph)
    assert [value for _, _, value in bench.plant.requests] == pytest.approx([0.1, 0.0])
    assert state["pending"] == []
    assert state["messages"] == ["fm.spray_trim is taken back to 0"]
    assert [record["by"] for record in bench.records[1:]] == ["rollback"] * 4


def test_a_rollback_that_reached_the_gate_and_was_not_done_is_tried_under_a_new_id(bench, chooses):
    graph = after_a_wrong_move(bench, chooses)
    sends, bench.plant.send = bench.plant.send, refuses
    turn(bench, graph)
    bench.plant.send = sends
    bench.plant.time += 61.0
    turn(bench, graph)
    first, second = bench.records[1:]
    assert (first["receipt"]["state"], second["receipt"]["state"]) == ("NOT DONE", "DONE")
    assert first["action_id"] != second["action_id"]
    assert bench.plant.values["fm.spray_trim"] == 0.0


def refuses(action_id, control, value):
    raise LinkError("the plant is away")


def test_a_move_that_cannot_be_taken_back_ends_with_a_person_in_the_record(bench, chooses):
    graph = after_a_wrong_move(bench, chooses)
    bench.plant.values["plc.remote"] = 0.0
    for _ in range(TRIES + 3):
        turn(bench, graph)
        bench.plant.time += 61.0
    assert [record["by"] for record in bench.records[1:]] == ["rollback"] * TRIES + [""]
    assert bench.records[-1]["kind"] == "judgement"
    (told,) = bench.records[-1]["messages"]
    assert "a person must set fm.spray_trim to 0 by hand" in told
    assert len(bench.plant.requests) == 1


def test_a_set_point_that_went_back_by_itself_is_not_written_again(bench, chooses):
    graph = after_a_wrong_move(bench, chooses)
    bench.plant.values["fm.spray_trim"] = 0.0  # as when the plant was handed back in between
    state = turn(bench, graph)
    assert len(bench.plant.requests) == 1
    assert state["pending"] == []
    assert "is at 0 again" in bench.records[-1]["messages"][-1]


def test_a_move_that_did_what_it_should_stays(bench, chooses):
    bench.open_gate()
    graph = graph_of(bench, chooses("fm.spray_trim up"))
    turn(bench, graph)
    bench.plant.time += 45.0
    bench.features["fdt_error"] -= 15.0
    bench.alerts = ()
    turn(bench, graph)
    assert len(bench.plant.requests) == 1
    assert (bench.records[1]["kind"], bench.records[1]["judged"][0]["outcome"]) == (
        "judgement",
        "seen",
    )


def test_another_coil_is_no_evidence_about_a_move(bench, chooses):
    bench.open_gate()
    graph = graph_of(bench, chooses("fm.spray_trim up"))
    turn(bench, graph)
    bench.plant.time += 45.0
    bench.plant.values["coil.number"] = 4.0
    bench.features["fdt_error"] += 25.0
    bench.alerts = ()
    turn(bench, graph)
    assert bench.records[1]["judged"][0]["outcome"] == "unknown"
    assert len(bench.plant.requests) == 1


def test_the_state_holds_no_samples(bench, chooses):
    bench.open_gate()
    graph = graph_of(bench, chooses("fm.spray_trim up"))
    turn(bench, graph)
    text = json.dumps(graph.get_state(THREAD).values)
    assert len(text) < 4096
    assert "f3.roll_force" not in text


def test_half_a_line_left_by_a_kill_is_taken_away(bench, chooses):
    from passline.agents.record import DecisionLog

    path = bench.folder / "decisions.jsonl"
    path.write_text('{"key": "one"}\n{"key": "tw')
    log = DecisionLog(path)
    assert not log.add({"key": "one"})
    assert log.add({"key": "two"})
    assert [record["key"] for record in bench.records] == ["one", "two"]
