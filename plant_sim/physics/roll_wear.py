"""Work rolls wear where strip runs: Archard's law, metre by metre.

Wear on diameter in the middle of the strip; a share of it shows as a hollow under the strip. Leaves
out the profile over the width (edge grooves, cat ears) and fire cracks.
Sources: form Souto 2022, Metals 2024 14(10) 1180 [V, abstracts]; level from 1 to 4 micrometres on
diameter per coil at F5-F7 [M/T 3.8].
"""

from math import pi

from ..engine.numbers import inline

WEAR = 6.5e-14  # 1/Pa: Archard, chill iron, from 1-4 um on diameter a coil at F5-F7 [C 3.8]
# 1: wear of the roll material over that of indefinite-chill iron, high-speed steel F1..F4 [M 3.8]
MATERIAL = (0.4, 0.4, 0.4, 0.4, 1.0, 1.0, 1.0)
HOLLOW = 0.3  # 1: share of the wear that shows as negative roll crown under the strip [T 3.8]


@inline
def wear(line_load: float, length: float, rolled: float, radius: float, material: float) -> float:
    """Return what a work roll loses on diameter (m) while `rolled` metres of strip pass.

    Args:
        line_load: roll force over width (N/m).
        length: arc of contact (m).
        rolled: strip that left this stand (m).
        radius: m.
        material: factor of the roll material, 1 for indefinite-chill iron.
    """
    return WEAR * material * line_load * length * rolled / (2.0 * pi * radius)
