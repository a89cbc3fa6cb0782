"""The alarms of a run: read from the plant's own log, counted by ISA-18.2, and told in words."""

from collections import deque
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from ...plant_sim.alarms import Happening, Words
from ...plant_sim.alarms.journal import FLOOD_WINDOW
from ...plant_sim.lines.hot_strip.alarm_table import alarm_table
from .facts import AlarmCount, AlarmShift, Facts
from .glossary import clock, counted
from .plots import Both

LOG = "alarms.jsonl"  # in the run folder, and in that of the line without an agent
TARGET = 6  # alarms an hour that an operator can follow for a whole shift [V, ISA-18.2]


def shift_of(rows: Sequence[Mapping[str, Any]], end: float) -> AlarmShift:
    """Return the alarms of a run.

    Args:
        rows: the lines of `alarms.jsonl`, in their order.
        end: plant time at which the run ended (s).
    """
    times: dict[str, list[float]] = {}
    priority, led, standing = {}, dict.fromkeys((row["alarm"] for row in rows), 0), set()
    recent: deque[float] = deque()
    most, floods, chattering = 0, [], []
    for row in rows:
        name, time = row["alarm"], row["time"]
        match row["what"]:
            case Happening.RAISED:
                times.setdefault(name, []).append(time)
                priority[name] = row["priority"]
                standing.add(name)
                recent.append(time)
                while recent[0] <= time - FLOOD_WINDOW:
                    recent.popleft()
                most = max(most, len(recent))
            case Happening.RETURNED:
                standing.discard(name)
            case Happening.FIRST_OUT:
                led[name] += 1
            case Happening.FLOOD:
                floods.append((time, end))
            case Happening.FLOOD_OVER if floods:
                floods[-1] = (floods[-1][0], time)
            case Happening.CHATTERING if name not in chattering:
                chattering.append(name)
    found = [
        AlarmCount(name, priority[name], len(at), at[0], led[name], name in standing)
        for name, at in times.items()
    ]
    found.sort(key=lambda alarm: (alarm.priority, -alarm.came, alarm.first))
    return AlarmShift(end / 3600.0, tuple(found), most, tuple(floods), tuple(chattering))


@cache
def _messages() -> Mapping[str, Words]:
    return {alarm.name: alarm.message for alarm in alarm_table()}


def alarm_name(name: str) -> Both:
    """Return what an alarm says; one that is not in the table is told by its name."""
    words = _messages().get(name)
    return Both(name, name) if words is None else Both(words.english, words.korean)


def told(facts: Facts) -> list[Both]:
    """Return the few sentences on the alarms of a run."""
    shift, alone = facts.alarms, facts.alarms_alone
    if shift is None:
        return [Both("The alarms of this run were not recorded.", "경보가 기록되지 않았다.")]
    rate = f"{shift.rate:.1f}"
    sentences = [
        Both(
            f"{counted(shift.came, 'alarm')} came, {rate} an hour ({TARGET} can be followed for a "
            f"whole shift), {shift.urgent} of them urgent; at most {shift.most} in ten minutes.",
            f"경보 {shift.came}건, 시간당 {rate}건(근무 내내 감당할 수 있는 수준은 {TARGET}건), "
            f"이 중 긴급 {shift.urgent}건. 10분 동안 최대 {shift.most}건.",
        )
    ]
    if alone is not None:
        sentences.append(
            Both(
                f"Without an agent: {alone.rate:.1f} an hour, {alone.urgent} of them urgent.",
                f"에이전트 없음: 시간당 {alone.rate:.1f}건, 이 중 긴급 {alone.urgent}건.",
            )
        )
    sentences += [_flood(*span) for span in shift.floods]
    if shift.chattering:
        names = [alarm_name(name) for name in shift.chattering]
        sentences.append(
            Both(
                f"Chattering: {'; '.join(name.en for name in names)}.",
                f"채터링 경보: {'; '.join(name.ko for name in names)}.",
            )
        )
    return sentences


def _flood(begin: float, end: float) -> Both:
    first, last = clock(begin).en, clock(end).en
    return Both(f"A flood of alarms from {first} to {last}.", f"{first}부터 {last}까지 경보 홍수.")
