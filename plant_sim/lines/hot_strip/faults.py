"""The kinds of faults a hot strip line can have, in the order in which kernels find their sizes.

A fault changes an input of the physics, an actuator or an instrument, never a result. What each
does to the results, and in which signals it must not show, stands in `scenarios`.
"""

FAULTS = (
    "fdt_pyrometer", "ct_pyrometer", "rdt_pyrometer", "thickness_gauge", "load_cell",
    "gap_encoder", "modulus_error", "eccentricity", "roll_wear", "hgc_leak", "hgc_slow",
    "agc_stiction", "drive_droop", "drive_limit", "bank_shut", "bank_open", "water_pressure",
    "water_warm", "descaler", "spray_block", "wrong_grade", "thermocouple", "burner", "skid",
    "looper_swing", "bending_limit", "edger_slip", "pinch_slip", "cold_head", "late_discharge",
    "hydraulic_pressure", "air_ratio",
)  # fmt: skip
KINDS = len(FAULTS)
(
    FDT_PYROMETER, CT_PYROMETER, RDT_PYROMETER, THICKNESS_GAUGE, LOAD_CELL, GAP_ENCODER,
    MODULUS_ERROR, ECCENTRICITY, ROLL_WEAR, HGC_LEAK, HGC_SLOW, AGC_STICTION, DRIVE_DROOP,
    DRIVE_LIMIT, BANK_SHUT, BANK_OPEN, WATER_PRESSURE, WATER_WARM, DESCALER, SPRAY_BLOCK,
    WRONG_GRADE, THERMOCOUPLE, BURNER, SKID, LOOPER_SWING, BENDING_LIMIT, EDGER_SLIP, PINCH_SLIP,
    COLD_HEAD, LATE_DISCHARGE, HYDRAULIC_PRESSURE, AIR_RATIO,
) = range(KINDS)  # fmt: skip
