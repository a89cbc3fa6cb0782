"""Hydraulic gap control: how the gap follows its reference, and how the rolls' run-out moves it.

Second order with a limit on its speed. Leaves out the servo valve's own flow law.
Source: MathWorks milldemo, natural frequency 90 rad/s, damping 0.4 [V]; slew and run-out [M].
"""

from math import cos, exp, sin, sqrt

from ..engine.numbers import fmax, fmin, inline, where

FREQUENCY = 90.0  # rad/s: natural frequency of the position loop [V 3.4]
DAMPING = 0.6  # 1: of the position loop, between 0.4 [V 3.4] and 0.7 [M 3.4]
SLEW = 4e-3  # m/s: most speed of the gap, of 2-5 mm/s [M 3.4]
SECOND_HARMONIC = 0.3  # 1: of the run-out over the first harmonic [T 3.4]

Response = tuple[float, float, float, float]


def response(seconds: float) -> Response:
    """Return the exact answer of the loop to a constant reference over one step.

    Deviation and rate after the step are (a d + b r, c d + e r); the result is (a, b, c, e), with b
    in s and c in 1/s.
    """
    decay = exp(-DAMPING * FREQUENCY * seconds)
    turn = FREQUENCY * sqrt(1.0 - DAMPING * DAMPING)
    co, si = cos(turn * seconds), sin(turn * seconds)
    lean = DAMPING * FREQUENCY / turn
    return (
        decay * (co + lean * si),
        decay * si / turn,
        -decay * FREQUENCY * FREQUENCY / turn * si,
        decay * (co - lean * si),
    )


@inline
def follow(
    position: float, rate: float, reference: float, slew: float, seconds: float,
    a: float, b: float, c: float, e: float,
) -> tuple[float, float]:  # fmt: skip
    """Return (position m, rate m/s) after a step of `seconds`; a, b, c, e from `response`.

    `slew` is the most speed (m/s); at it the rate is the slew and the position moves evenly.
    """
    off = position - reference
    free = reference + a * off + b * rate
    after = c * off + e * rate
    most = slew * seconds
    moved = fmin(fmax(free - position, -most), most)
    limited = where(position + moved == free, after, fmin(fmax(after, -slew), slew))
    return position + moved, limited


@inline
def turned(cosine: float, sine: float, angle: float) -> tuple[float, float]:
    """Return the (cosine, sine) of a roll's phase turned on by a small angle (rad).

    Cayley's rotation: of unit length for ever, with an error of angle**3 / 12 in the phase.
    """
    half = 0.5 * angle
    square = half * half
    scale = 1.0 / (1.0 + square)
    turn, shift = (1.0 - square) * scale, 2.0 * half * scale
    return cosine * turn - sine * shift, sine * turn + cosine * shift


@inline
def run_out(cosine: float, sine: float, amplitude: float) -> float:
    """Return the opening (m) of the gap by eccentric backup rolls; first and second harmonic."""
    return amplitude * (sine + SECOND_HARMONIC * (cosine * cosine - sine * sine))
