"""What the facts say, in sentences: English and Korean, each made from the facts, never translated.

Every number is a number of the facts, rounded as it is written; a test takes the numbers out of the
text again and looks for them there.
"""

from collections.abc import Iterator
from itertools import groupby

from .facts import Facts, Fault, HandBack, Interruption, Sight, Write
from .glossary import (
    PROCESSES,
    PROTOCOLS,
    REARM,
    alert,
    clock,
    control_name,
    counted,
    fault_name,
    fault_size,
    money,
    outcome,
    reason,
    seat,
    setpoint,
)
from .korean import with_particle
from .plots import Both


def column_name(facts: Facts, index: int) -> Both:
    """Return what a column of the table is called; the last one is the agent, whatever its seat."""
    name = facts.columns[index].seat
    if index == len(facts.columns) - 1 and name == "rules":
        return Both("agent (rules)", "에이전트 (규칙)")
    return seat(name)


def summary(facts: Facts) -> list[Both]:
    """Return the few sentences that stand on top."""
    sentences = [_rolled(facts)]
    if len(facts.columns) > 1:
        sentences.append(_against_nobody(facts))
    if len(facts.columns) > 2:
        sentences.append(_against_rules(facts))
    harms = [f"{column.harm:.1f} s" for column in facts.columns]
    sentences.append(Both(
        "Harm, apart from money (seconds beyond a rating, each stand and each rating counted, plus "
        "seconds of two-phase rolling and of standstill behind an event): "
        + ", ".join(f"{column_name(facts, i).en} {h}" for i, h in enumerate(harms)) + ".",
        "금액과 별도인 위해(정격을 넘은 시간을 스탠드와 정격마다 더하고 2상역 압연 시간과 이상 "
        "발생 후 정지 시간을 더한 값, 초): "
        + ", ".join(f"{column_name(facts, i).ko} {h}" for i, h in enumerate(harms)) + ".",
    ))  # fmt: skip
    count, moves = len(facts.agent.coils), facts.agent.moves
    applied = sum(write.applied for write in facts.writes)
    by = {key: sum(w.applied and w.protocol == key for w in facts.writes) for key in PROTOCOLS}
    sentences.append(Both(
        f"The agent took {counted(facts.decisions, 'decision')} and made "
        f"{counted(moves, 'move')} on {counted(count, 'coil')}; the PLC applied "
        f"{counted(applied, 'write')}, "
        f"{by['opcua']} over OPC UA and {by['modbus']} over Modbus TCP.",
        f"에이전트는 {facts.decisions}번 판단하여 코일 {count}개 동안 설정값을 {moves}번 "
        f"바꾸었다. PLC는 쓰기 {applied}건을 적용했다(OPC UA {by['opcua']}건, "
        f"Modbus TCP {by['modbus']}건).",
    ))  # fmt: skip
    if facts.engine not in ("rules", "hold") and facts.agent.moves:
        sentences.append(_who_chose(facts))
    sentences.append(cross_check(facts))
    return sentences


def asked(facts: Facts) -> Both:
    """Return how often the rules were asked and how often the agent decided."""
    agent, coils = facts.decisions, len(facts.agent.coils)
    if facts.rules_asked is None:
        return Both(f"The agent decided {counted(agent, 'time')}.", f"에이전트: {agent}번 판단.")
    return Both(
        f"Rules: hand-written, asked {counted(facts.rules_asked, 'time')} on "
        f"{counted(facts.asked, 'coil')}; the agent decided {counted(agent, 'time')} on "
        f"{counted(coils, 'coil')}.",
        f"규칙: 사람이 쓴 규칙으로, 코일 {facts.asked}개 동안 {facts.rules_asked}번 판단. "
        f"에이전트는 코일 {coils}개 동안 {agent}번 판단.",
    )


def _who_chose(facts: Facts) -> Both:
    own, helped, back = facts.chosen
    return Both(
        f"Of these moves the model chose {own}, the rules {helped} (a situation they know, or a "
        f"model that was not sure); {back} took an earlier move back.",
        f"이 중 모델이 {own}번, 규칙이 {helped}번 선택했고(아는 상황이거나 모델이 확신하지 못한 "
        f"경우), {back}번은 이전 조치를 되돌린 것이다.",
    )


def _rolled(facts: Facts) -> Both:
    count = len(facts.agent.coils)
    minutes, wall = clock(facts.plant).en, f"{facts.wall:.0f}"
    if facts.finished:
        return Both(
            f"{counted(count, 'coil')} rolled in {minutes} min of plant time ({wall} s by the wall "
            "clock).",
            f"플랜트 시간 {minutes}분 동안 코일 {count}개를 압연했다(실제 시간 {wall}초).",
        )
    return Both(
        f"The run ended early: {count} of {facts.asked} coils rolled, in {minutes} min of plant "
        f"time ({wall} s by the wall clock). All columns show the same {counted(count, 'coil')}.",
        f"실행이 일찍 끝났다. 코일 {facts.asked}개 중 {count}개를 플랜트 시간 {minutes}분 동안 "
        f"압연했다(실제 시간 {wall}초). 모든 열은 이 코일 {count}개의 결과이다.",
    )


def _against_nobody(facts: Facts) -> Both:
    agent, hold = facts.agent, facts.columns[0]
    saved = round(hold.money["cost"]) - round(agent.money["cost"])  # as the reader will subtract
    amount = money(abs(saved))
    ours, theirs = money(agent.money["cost"]), money(hold.money["cost"])
    if amount == "0":
        return Both(
            f"A coil cost {ours} EUR, as it would have without an agent.",
            f"코일당 비용은 {ours} EUR로, 에이전트가 없을 때와 같았다.",
        )
    less, less_ko = ("less", "적었다") if saved > 0 else ("more", "많았다")
    return Both(
        f"A coil cost {ours} EUR, {amount} EUR {less} than the same coils without an agent "
        f"({theirs} EUR).",
        f"코일당 비용은 {ours} EUR로, 같은 코일을 에이전트 없이 압연했을 때({theirs} EUR)보다 "
        f"{amount} EUR {less_ko}.",
    )


def _against_rules(facts: Facts) -> Both:
    agent, rules = facts.agent, facts.columns[1]
    gap = round(rules.money["cost"]) - round(agent.money["cost"])
    amount, theirs = money(abs(gap)), money(rules.money["cost"])
    if amount == "0":
        return Both(
            f"Rules alone cost the same ({theirs} EUR).",
            f"규칙만으로도 같은 비용이다({theirs} EUR).",
        )
    better = gap > 0
    return Both(
        f"Rules alone would have cost {theirs} EUR a coil: the agent was {amount} EUR "
        f"{'better' if better else 'worse'}.",
        f"규칙만으로는 코일당 {theirs} EUR이므로 에이전트가 {amount} EUR "
        f"{'유리했다' if better else '불리했다'}.",
    )


def cross_check(facts: Facts) -> Both:
    """Return whether the PLC's log and the ledger of the gate agree."""
    check = facts.check
    if check.clean and not check.applied:
        return Both(
            "Cross-check: the PLC applied no write, and the gate's ledger has none as done.",
            "대조 결과: PLC가 적용한 쓰기가 없고, 게이트 원장에도 완료된 쓰기가 없다.",
        )
    if check.clean:
        return Both(
            f"Cross-check: {counted(check.applied, 'write')} applied by the PLC, each with exactly "
            "one entry in the gate's ledger, which calls it done; none was applied twice.",
            f"대조 결과: PLC가 적용한 쓰기 {check.applied}건은 모두 게이트 원장에 정확히 한 건씩 "
            "완료로 기록되어 있으며, 두 번 적용된 것은 없다.",
        )
    faults = [
        (check.twice, "applied twice", "두 번 적용"),
        (check.strangers, "without exactly one such entry", "원장에 해당 항목이 한 건이 아님"),
        (check.denied, "applied though the ledger says not done", "원장에는 미실행이나 적용됨"),
        (check.unsettled, "of which the ledger knows no outcome", "원장에 결과 미상"),
        (check.unheard, "done in the ledger but never applied", "원장에는 완료이나 미적용"),
    ]
    found = [(len(ids), english, korean) for ids, english, korean in faults if ids]
    return Both(
        f"Cross-check FAILED: {counted(check.applied, 'write')} applied, {check.matched} with "
        "exactly one ledger entry that calls it done; "
        + ", ".join(f"{count} {english}" for count, english, _ in found) + ".",
        f"대조 실패: 적용된 쓰기 {check.applied}건 중 원장에 완료로 정확히 한 건 있는 것은 "
        f"{check.matched}건이다. " + ", ".join(f"{korean} {count}건" for count, _, korean in found)
        + ".",
    )  # fmt: skip


def invalid(facts: Facts) -> Both:
    """Return what the PLC refused without an action id."""
    count = sum(facts.invalid.values())
    reasons = "; ".join(f"{number} × {text}" for text, number in facts.invalid.items())
    return Both(
        f"The PLC refused {counted(count, 'frame')} that carried no valid request: {reasons}.",
        f"PLC가 유효한 요청이 아닌 프레임 {count}건을 거부했다: {reasons}.",
    )


def story(facts: Facts) -> list[tuple[float, str, Both]]:
    """Return the shift as it went: (plant time in s, kind, sentence), in order of time.

    Kinds are "seen", "done", "refused" and "broken". Successive applied moves of one control in
    one direction are told as one.
    """
    told = [(sight.time, "seen", _seen(sight)) for sight in facts.seen]
    applied = sorted((w for w in facts.writes if w.applied), key=lambda w: (w.control, w.time))
    for _, own in groupby(applied, key=lambda write: write.control):
        told += [(run[0].time, "done", _moved(run)) for run in _runs(list(own))]
    told += [(w.time, "refused", _refused(w)) for w in facts.writes if not w.applied]
    told += [(event.time, "broken", interruption(event)) for event in facts.interruptions]
    told += [(back.begin, "broken", _handed_back(back)) for back in facts.handbacks]
    return sorted(told, key=lambda item: (item[0], item[1] != "seen"))


def _runs(writes: list[Write]) -> Iterator[list[Write]]:
    """Split the writes of one control where the direction turns or three minutes pass."""
    run: list[Write] = []
    for write in writes:
        if run and (_way(write) != _way(run[-1]) or write.time - run[-1].time > 180.0):
            yield run
            run = []
        run.append(write)
    if run:
        yield run


def _way(write: Write) -> bool:
    return write.value > (write.before if write.before is not None else 0.0)


def _seen(sight: Sight) -> Both:
    english, korean = alert(sight.alert)
    return Both(
        f"Coil {sight.coil}: the agent saw: {english}.",
        f"코일 {sight.coil}: 에이전트가 다음을 감지: {korean}.",
    )


def _moved(run: list[Write]) -> Both:
    first, last = run[0], run[-1]
    if first.control == REARM:
        return Both(
            f"Coil {first.coil}: the operator released the plant to the agent again.",
            f"코일 {first.coil}: 운전자가 제어권을 다시 에이전트에 넘겼다.",
        )
    name = control_name(first.control)
    before, after = setpoint(first.control, first.before), setpoint(first.control, last.value)
    wire = PROTOCOLS.get(first.protocol, first.protocol)
    name_ko = with_particle(name.ko, "을/를")
    to_ko = with_particle(after.ko, "으로/로")
    if len(run) == 1:
        given = reason(first.why)
        why = f" Reason given: {given.en}." if first.why else ""
        why_ko = f" 제시한 이유: {given.ko}." if first.why else ""
        return Both(
            f"Coil {first.coil}: {name.en} from {before.en} to {after.en}, over {wire}.{why}",
            f"코일 {first.coil}: {name_ko} {before.ko}에서 {to_ko} 변경({wire}).{why_ko}",
        )
    end = clock(last.time).en
    coils = f"{first.coil}" if first.coil == last.coil else f"{first.coil} to {last.coil}"
    return Both(
        f"Coil {coils}: {name.en} from {before.en} to {after.en} in "
        f"{len(run)} steps until {end}, over {wire}.",
        f"코일 {coils.replace(' to ', '~')}: {name_ko} {before.ko}에서 {to_ko} "
        f"{len(run)}단계로 {end}까지 변경({wire}).",
    )


def _refused(write: Write) -> Both:
    name, value, what = (
        control_name(write.control),
        setpoint(write.control, write.value),
        outcome(write.outcome),
    )
    return Both(
        f"Coil {write.coil}: {name.en} to {value.en}: {what.en}.",
        f"코일 {write.coil}: {name.ko} {value.ko} 요청: {what.ko}.",
    )


def interruption(event: Interruption) -> Both:
    """Return what became of a process that ended."""
    who = PROCESSES.get(event.process, Both(event.process, event.process))
    english = f"{who.en[0].upper()}{who.en[1:]} ended; the plant ran on by its own automation"
    korean = f"{with_particle(who.ko, '이/가')} 종료되었으나 설비는 자체 자동화로 계속 운전되었다"
    if event.restarted:
        return Both(f"{english}, and it was started again.", f"{korean}. 다시 시작했다.")
    return Both(f"{english}.", f"{korean}.")


def _handed_back(back: HandBack) -> Both:
    begin, end = clock(back.begin).en, clock(back.end).en
    return Both(
        f"The PLC heard nothing from the gate and took control back: set-points went back to "
        f"where a line begins, local mode from {begin} to {end}.",
        f"PLC가 게이트의 신호를 받지 못해 제어권을 회수했다. 설정값은 초기값으로 복귀, {begin}부터 "
        f"{end}까지 현장 모드였다.",
    )


def truth(facts: Facts) -> list[Both]:
    """Return what was really wrong: ground truth, which no seat was shown."""
    if not facts.faults:
        return [Both("Nothing was wrong with the plant.", "설비에 이상이 없었다.")]
    return [_fault(fault) for fault in facts.faults]


def _fault(fault: Fault) -> Both:
    name = fault_name(fault)
    begin, size = clock(fault.begin).en, fault_size(fault)
    english = f"{name.en[0].upper()}{name.en[1:]} from coil {fault.coil} ({begin}) on: {size.en}."
    korean = f"{name.ko}: 코일 {fault.coil}({begin})부터, {size.ko}."
    if fault.seen is None:
        return Both(
            f"{english} The agent was never told of its sign.",
            f"{korean} 에이전트에는 징후가 나타나지 않았다.",
        )
    seen = clock(fault.seen).en
    if fault.answered is None:
        return Both(
            f"{english} Its sign was seen at {seen}; the agent did not answer it.",
            f"{korean} 징후는 {seen}에 나타났으나 에이전트는 대응하지 않았다.",
        )
    answered = clock(fault.answered).en
    return Both(
        f"{english} Its sign was seen at {seen}, the answer came at {answered}.",
        f"{korean} 징후는 {seen}에 나타났고 {answered}에 대응했다.",
    )
