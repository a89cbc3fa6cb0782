"""Rows of the bench: what all stands of a mill share, copied apart from its state.

LLVM widens a lane loop only when everything it touches in one array keeps a constant distance; so
a loop reads one stand's rows from the state and what is common to all from here.
"""

(
    CARBON, HARDNESS, STIFFNESS, WIDTH, HEAD, TAIL, FRONT_SPEED, REAR_SPEED, MASTER, CASCADE,
    LAST_NOW, LAST_THEN, LAST_LOCK, LAST_AIM, MONITOR, FRACTION, WAY, SPRAY, HEAT, COLD, THICK,
    BREADTH, MARK, FRESH, SHIFT, ABOVE, EVENT, EVENT_STAND, FILM, SPEED, HARM,
    PULL, COMPENSATION, TRANSIT, KNOWN, KNOWN_SEEN,
) = range(36)  # fmt: skip
ROWS = KNOWN_SEEN + 1
