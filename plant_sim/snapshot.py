"""What can be known of a line from its samples at one moment: one typed page.

The builder sees samples as they come and keeps short memories of them: residuals are smoothed over
plant time, and only over strip that is really there. A value that is not good is never used and
never replaced: the feature is missing and an alert says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp
from typing import NamedTuple

from .alarms import AlarmSystem, Happening, State
from .controls import Control
from .signals import Sample, Signal

DECISION_PERIOD = 10.0  # s of plant time: a seat is asked at most this often
SAMPLE_PERIOD = 2.0  # s of plant time between two updates in simulated play
HEAD_LENGTH = 30.0  # m of strip after which the finishing mill has settled
TABLE_LENGTH = 120.0  # m of strip after which the coiling pyrometer sees it
STUCK_AFTER = 4.0  # s a bank may lag its command, from one look to another; a valve needs 2.5

FDT_OFF, FDT_DOUBT, FDT_TRUST = 14.0, 11.0, 4.0  # K
CT_OFF, GAUGE_OFF, FORCE_OFF = 11.0, 25e-6, 0.05  # K, m, fraction
FEEDBACK_FULL, SPRAY_EDGE = 0.9, 0.03  # banks, opening

# what the page is made of: one of these that is not good is told, others are not its business
USED = (
    "coil.number", "coil.phase", "coil.position", "coil.gauge_aim", "coil.fdt_aim", "coil.ct_aim",
    "fm.fdt", "fm.fdt_model", "fm.fdt_source", "fm.exit_thickness", "fm.spray_opening", "fm.speed",
    "fm.force_ratio", "fm.hardness_correction", "rot.coiling_temperature", "rot.feedback",
    "rot.demand",
)  # fmt: skip
BANKS = "rot.bank_"

# The closed vocabulary of what may be wrong; a planner sees these words and no text of the plant.
ALERTS = {
    "fdt_hot": "delivery temperature high",
    "fdt_cold": "delivery temperature low",
    "pyrometer_low": "finishing pyrometer reads low against the model",
    "pyrometer_high": "finishing pyrometer reads high against the model",
    "pyrometer_agrees": "finishing pyrometer agrees with the model again",
    "ct_hot": "coiling temperature high",
    "ct_cold": "coiling temperature low",
    "gauge_thick": "strip thick",
    "gauge_thin": "strip thin",
    "force_high": "roll force above expectation",
    "force_low": "roll force below expectation",
    "bank_no_flow": "a cooling bank gives no water",
    "feedback_full": "cooling feedback at its limit",
    "spray_edge": "interstand sprays at their limit",
    "bad_data": "a reading is missing or not good",
}


URGENT = 2  # priority of an alarm, 1 the most urgent: up to here somebody must be told at once
_EYES = "snapshot"  # who acknowledges: an alarm on the page is an alarm that was seen


class StandingAlarm(NamedTuple):
    """An alarm whose condition holds.

    Attributes:
        name: of the line's alarm table, a closed vocabulary; no text of the plant.
        priority: 1 the most urgent .. 4.
        first_out: it was the first of its cascade.
    """

    name: str
    priority: int
    first_out: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One page about a line.

    Attributes:
        time: plant clock (s).
        coil: number of the coil being rolled.
        rolling: strip is in the mill and past its head.
        samples: all samples by name.
        features: digested residuals by name, SI; a feature that cannot be known is missing.
        alerts: keys of `ALERTS`, in that order.
        alarms: what stands, the most urgent and then the oldest first; none where the builder was
            given no alarms.
    """

    time: float
    coil: int
    rolling: bool
    samples: Mapping[str, Sample]
    features: Mapping[str, float]
    alerts: tuple[str, ...]
    alarms: tuple[StandingAlarm, ...] = ()


class SnapshotBuilder:
    """Makes snapshots of one line from its samples.

    Args:
        signals: the line's signals; every one is expected in each update.
        controls: the line's controls; their read-backs are features.
        alarms: the line's alarms at rest, for this builder alone: it judges them from the samples
            it is given, so that they are the same over a wire. None leaves them out.
    """

    def __init__(
        self,
        signals: Mapping[str, Signal],
        controls: Mapping[str, Control],
        alarms: AlarmSystem | None = None,
    ) -> None:
        self._signals, self._controls, self._alarms = signals, controls, alarms
        self._watched = [name for name in signals if name in USED or name.startswith(BANKS)]
        self._banks = sum(n.startswith(BANKS) and n.endswith("_flow") for n in signals)
        self._wanted = [*self._watched, *(name for name in controls if name not in USED)]
        self._smooth: dict[str, float] = {}
        self._dry: dict[int, float] = {}  # bank -> when it was first seen without its flow (s)
        self._time: float | None = None
        # force ratio, and the correction its coil was set up with; None where that was not seen
        self._ratio: tuple[float, float | None] | None = None
        self._coil = -1
        self._set_up_with: float | None = None

    def update(self, samples: Mapping[str, Sample], now: float | None = None) -> Snapshot:
        """Take in what is known now and return the page.

        Args:
            samples: by name; a missing one counts as bad.
            now: plant clock (s); default: the newest sample's.
        """
        known = {name: samples[name] for name in self._wanted if name in samples}
        good = {name: s.value for name, s in known.items() if s.good}
        clock = now if now is not None else max((s.time for s in samples.values()), default=0.0)
        passed = 0.0 if self._time is None else max(clock - self._time, 0.0)
        self._time = clock
        features: dict[str, float] = {}
        phase, position = good.get("coil.phase", 0.0), good.get("coil.position", 0.0)
        rolling = phase >= 1.0 and position > HEAD_LENGTH
        self._coil_change(good)
        self._finishing(good, features, rolling, passed)
        self._force(good, features)
        self._cooling(good, features, phase >= 1.0 and position > TABLE_LENGTH, clock, passed)
        for name in self._controls:
            if name in good:
                features[name] = good[name]
        missing = any(name not in good for name in self._watched)
        return Snapshot(
            time=clock,
            coil=int(good.get("coil.number", 0.0)),
            rolling=rolling,
            samples=samples,
            features=features,
            alerts=_alerts(features, missing),
            alarms=self._standing(samples, clock),
        )

    def _standing(self, samples: Mapping[str, Sample], clock: float) -> tuple[StandingAlarm, ...]:
        """Return the alarms whose condition holds; those that wait for people are the plant's."""
        if self._alarms is None:
            return ()
        for event in self._alarms.update(samples, max(clock, self._alarms.time)):
            if event.what is Happening.RAISED:
                self._alarms.acknowledge(event.alarm, _EYES)
        lines = self._alarms.standing()
        for line in lines:
            if line.state is State.LATCHED:
                self._alarms.reset(line.alarm.name, _EYES)
        return tuple(
            StandingAlarm(line.alarm.name, line.alarm.priority, line.first_out)
            for line in lines
            if line.state is State.ACKNOWLEDGED
        )

    def _smoothed(self, name: str, value: float, passed: float, seconds: float) -> float:
        old = self._smooth.get(name)
        new = value if old is None else old + (1.0 - exp(-passed / seconds)) * (value - old)
        self._smooth[name] = new
        return new

    def _coil_change(self, good: Mapping[str, float]) -> None:
        number = good.get("coil.number")
        if number is not None and int(number) != self._coil:
            # of a coil that was in the mill before we looked nobody knows the set-up
            begun = self._coil >= 0
            self._coil = int(number)
            self._set_up_with = good.get("fm.hardness_correction") if begun else None
            for name in ("fdt_error", "ct_error", "gauge_error"):
                self._smooth.pop(name, None)

    def _finishing(
        self, good: Mapping[str, float], features: dict[str, float], rolling: bool, passed: float
    ) -> None:
        shown, model = good.get("fm.fdt"), good.get("fm.fdt_model")
        aim, gauge = good.get("coil.fdt_aim"), good.get("fm.exit_thickness")
        if rolling and shown is not None and model is not None:
            self._smoothed("fdt_residual", shown - model, passed, 25.0)
        if shown is not None and model is not None and "fdt_residual" in self._smooth:
            features["fdt_residual"] = self._smooth["fdt_residual"]
        used = model if good.get("fm.fdt_source", 0.0) > 0.5 else shown
        if rolling and used is not None and aim is not None:
            features["fdt_error"] = self._smoothed("fdt_error", used - aim, passed, 8.0)
        if rolling and gauge is not None and "coil.gauge_aim" in good:
            error = gauge - good["coil.gauge_aim"]
            features["gauge_error"] = self._smoothed("gauge_error", error, passed, 4.0)
        if rolling and "fm.spray_opening" in good:
            features["spray_opening"] = good["fm.spray_opening"]
        if "fm.speed" in good:
            features["speed"] = good["fm.speed"]

    def _force(self, good: Mapping[str, float], features: dict[str, float]) -> None:
        """Force above expectation, less what the correction written since will take away.

        A correction acts at the next set-up, and the ratio stands until the next head. What was
        written in between is credited at once, so that the same evidence is never answered twice.
        """
        ratio = good.get("fm.force_ratio")
        if ratio is None:
            return
        if self._ratio is None or ratio != self._ratio[0]:
            self._ratio = (ratio, self._set_up_with)
        now, then = good.get("fm.hardness_correction"), self._ratio[1]
        if now is not None and then is not None:
            features["force_excess"] = ratio * (1.0 + then) / (1.0 + now) - 1.0

    def _cooling(
        self,
        good: Mapping[str, float],
        features: dict[str, float],
        seen: bool,
        clock: float,
        passed: float,
    ) -> None:
        if seen and "rot.coiling_temperature" in good and "coil.ct_aim" in good:
            error = good["rot.coiling_temperature"] - good["coil.ct_aim"]
            features["ct_error"] = self._smoothed("ct_error", error, passed, 8.0)
        for name, short in (("rot.feedback", "feedback"), ("rot.demand", "demand")):
            if name in good:
                features[short] = good[name]
        dry = 0
        for bank in range(1, self._banks + 1):
            asked = good.get(f"rot.bank_{bank}_command", 0.0)
            flow = good.get(f"rot.bank_{bank}_flow", asked)
            if not (asked > 0.3 and flow < 0.4 * asked):
                self._dry.pop(bank, None)
            elif clock - self._dry.setdefault(bank, clock) >= STUCK_AFTER and not dry:
                dry = bank
        features["bank_without_flow"] = float(dry)


def _alerts(features: Mapping[str, float], missing: bool) -> tuple[str, ...]:
    """Return what is abnormal, in the order of `ALERTS`."""
    nothing = 0.0
    fdt, doubt = features.get("fdt_error", nothing), features.get("fdt_residual", nothing)
    ct, gauge = features.get("ct_error", nothing), features.get("gauge_error", nothing)
    force = features.get("force_excess", nothing)
    listens_to_pyrometer = features.get("fm.fdt_source", 0.0) < 0.5
    spray = features.get("spray_opening", 0.5)
    found = {
        "fdt_hot": fdt > FDT_OFF,
        "fdt_cold": fdt < -FDT_OFF,
        "pyrometer_low": doubt < -FDT_DOUBT and listens_to_pyrometer,
        "pyrometer_high": doubt > FDT_DOUBT and listens_to_pyrometer,
        "pyrometer_agrees": abs(doubt) < FDT_TRUST and not listens_to_pyrometer,
        "ct_hot": ct > CT_OFF,
        "ct_cold": ct < -CT_OFF,
        "gauge_thick": gauge > GAUGE_OFF,
        "gauge_thin": gauge < -GAUGE_OFF,
        "force_high": force > FORCE_OFF,
        "force_low": force < -FORCE_OFF,
        "bank_no_flow": features.get("bank_without_flow", 0.0) > 0.0,
        "feedback_full": abs(features.get("feedback", nothing)) >= FEEDBACK_FULL,
        "spray_edge": not SPRAY_EDGE <= spray <= 1.0 - SPRAY_EDGE,
        "bad_data": missing,
    }
    return tuple(name for name in ALERTS if found[name])
