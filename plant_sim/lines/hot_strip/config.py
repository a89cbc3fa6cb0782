"""A mill of one's own: one validated file with stands, ratings, distances, zones and banks.

`mill.yaml` beside this module is the default and the example to copy, `six_stands.yaml` one with
fewer stands. Whatever is wrong in a file is reported at once, each entry with its value, its limit
and what to do.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Self

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from ...errors import ConfigError
from . import parameters as P  # noqa: N812  the layout, read as P.RADIUS

DEFAULT = Path(__file__).with_name("mill.yaml")
SIX_STANDS = Path(__file__).with_name("six_stands.yaml")

Radius = Annotated[float, Field(ge=0.2, le=1.0)]
Distance = Annotated[float, Field(ge=0.5, le=200.0)]
Force = Annotated[float, Field(ge=1e6, le=80e6)]
Power = Annotated[float, Field(ge=0.0, le=200e6)]
Modulus = Annotated[float, Field(ge=1e9, le=20e9)]
Speed = Annotated[float, Field(gt=0.0, le=30.0)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Stand(_Part):
    """One finishing stand. SI; `distance` to the next stand, of the last to the X-ray gauge."""

    work_roll_radius: Radius
    backup_roll_radius: Radius
    max_force: Force
    max_power: Annotated[float, Field(ge=0.5e6, le=20e6)]
    max_torque: Annotated[float, Field(ge=5e4, le=1e7)]
    modulus: Modulus
    distance: Annotated[float, Field(ge=1.0, le=8.0)]


class FinishingMill(_Part):
    """What the stands share. m, m/s, m/s2."""

    barrel: Annotated[float, Field(ge=1.0, le=2.6)]
    entry_distance: Annotated[float, Field(ge=2.0, le=30.0)]
    slowest: Speed
    fastest: Speed
    ramp: Annotated[float, Field(gt=0.0, le=2.0)]
    pyrometer_distance: Annotated[float, Field(ge=0.5, le=20.0)]

    @model_validator(mode="after")
    def _speeds(self) -> Self:
        if self.slowest >= self.fastest:
            raise ValueError(
                f"slowest {self.slowest:g} m/s must be below fastest {self.fastest:g} m/s"
            )
        return self


class FurnaceData(_Part):
    """The reheating furnaces, all alike. m, W, s; zones from the charging end on."""

    count: Annotated[int, Field(ge=1, le=2)]
    length: Annotated[float, Field(ge=15.0, le=60.0)]
    width: Annotated[float, Field(ge=5.0, le=16.0)]
    zone_lengths: tuple[Distance, ...]
    zone_power_top: tuple[Power, ...]
    zone_power_bottom: tuple[Power, ...]
    slab_gap: Annotated[float, Field(ge=0.01, le=1.0)]
    skid_pitch: Annotated[float, Field(ge=0.5, le=4.0)]
    recuperator: Annotated[float, Field(ge=0.0, le=0.9)]
    walk_time: Annotated[float, Field(ge=10.0, le=300.0)]

    @field_validator("zone_lengths", "zone_power_top", "zone_power_bottom")
    @classmethod
    def _each_zone(cls, zones: tuple[float, ...]) -> tuple[float, ...]:
        if len(zones) != P.ZONES:
            raise ValueError(
                f"{len(zones)} zones; a furnace has {P.ZONES} here: charging (unfired), preheat, "
                "heating 1, heating 2, soak; split or join yours"
            )
        return zones

    @model_validator(mode="after")
    def _zones(self) -> Self:
        total = sum(self.zone_lengths)
        if abs(total - self.length) > 1e-6:
            raise ValueError(
                f"zone_lengths add up to {total:g} m, length is {self.length:g} m; make them equal"
            )
        return self


class RoughingMill(_Part):
    """The reversing roughing stand with its edger. SI."""

    work_roll_radius: Radius
    max_force: Force
    max_power: Annotated[float, Field(ge=1e6, le=30e6)]
    modulus: Modulus
    speed: Speed
    edger_max_draft: Annotated[float, Field(ge=0.0, le=0.15)]
    furnace_distance: Distance
    delay_table: Distance


class RunOutTableData(_Part):
    """Cooling banks and coiler; distances in m behind the last stand."""

    main_banks: Annotated[int, Field(ge=2)]
    trim_banks: Annotated[int, Field(ge=1, le=4)]
    first_bank: Annotated[float, Field(ge=1.0, le=50.0)]
    bank_length: Annotated[float, Field(ge=1.0, le=12.0)]
    mid_pyrometer: Distance
    ct_pyrometer: Distance
    coiler: Distance
    mandrel: Annotated[float, Field(ge=0.4, le=1.0)]

    @model_validator(mode="after")
    def _order(self) -> Self:
        banks = self.main_banks + self.trim_banks
        if banks > P.BANKS:
            raise ValueError(
                f"{banks} banks are more than {P.BANKS}, main and trim together; join banks"
            )
        end = self.first_bank + banks * self.bank_length
        if not self.first_bank < self.mid_pyrometer < self.ct_pyrometer < self.coiler:
            raise ValueError(
                "first_bank, mid_pyrometer, ct_pyrometer, coiler must rise in this order"
            )
        if end > self.ct_pyrometer:
            raise ValueError(
                f"the banks end at {end:g} m, behind ct_pyrometer {self.ct_pyrometer:g} m; move it"
            )
        return self


class Mill(_Part):
    """The data of one hot strip mill, as the file gives them."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    stands: tuple[Stand, ...]
    mill: FinishingMill
    furnaces: FurnaceData
    rougher: RoughingMill
    run_out_table: RunOutTableData

    @field_validator("stands")
    @classmethod
    def _stands(cls, stands: tuple[Stand, ...]) -> tuple[Stand, ...]:
        if not P.FEWEST_STANDS <= len(stands) <= P.STANDS:
            raise ValueError(
                f"{len(stands)} stands; give {P.FEWEST_STANDS} to {P.STANDS}, the one before the "
                "X-ray gauge last"
            )
        return stands

    @property
    def absent(self) -> int:
        """How many stands the mill has less than seven: it begins at F1, F2 or F3."""
        return P.STANDS - len(self.stands)

    def parameters(self) -> NDArray[np.float64]:
        """Return the flat array that kernels read, shape (P.SIZE,), SI."""
        flat = np.full(P.SIZE, np.nan)
        stand_rows = {
            P.RADIUS: "work_roll_radius", P.BACKUP_RADIUS: "backup_roll_radius",
            P.MAX_FORCE: "max_force", P.MAX_POWER: "max_power", P.MAX_TORQUE: "max_torque",
            P.ROLL_MODULUS: "modulus", P.DISTANCE: "distance",
        }  # fmt: skip
        for row, field in stand_rows.items():
            # where no stand is are the numbers of the first one, finite and never used
            there = [getattr(stand, field) for stand in self.stands]
            flat[row : row + P.STANDS] = [there[0]] * self.absent + there
        flat[P.DISTANCE : P.DISTANCE + self.absent] = 0.0
        for row, values in {
            P.ZONE_LENGTH: self.furnaces.zone_lengths,
            P.ZONE_POWER_TOP: self.furnaces.zone_power_top,
            P.ZONE_POWER_BOTTOM: self.furnaces.zone_power_bottom,
        }.items():
            flat[row : row + P.ZONES] = values
        finishing, furnace, rougher, table = (
            self.mill, self.furnaces, self.rougher, self.run_out_table,
        )  # fmt: skip
        singles = {
            P.BARREL: finishing.barrel, P.ENTRY_DISTANCE: finishing.entry_distance,
            P.SLOWEST: finishing.slowest, P.FASTEST: finishing.fastest, P.RAMP: finishing.ramp,
            P.PYROMETER_DISTANCE: finishing.pyrometer_distance,
            P.FURNACES: furnace.count, P.FURNACE_LENGTH: furnace.length,
            P.FURNACE_WIDTH: furnace.width, P.SLAB_GAP: furnace.slab_gap,
            P.SKID_PITCH: furnace.skid_pitch, P.RECUPERATOR: furnace.recuperator,
            P.WALK_TIME: furnace.walk_time,
            P.RM_RADIUS: rougher.work_roll_radius, P.RM_MAX_FORCE: rougher.max_force,
            P.RM_MAX_POWER: rougher.max_power, P.RM_MODULUS: rougher.modulus,
            P.RM_SPEED: rougher.speed, P.EDGER_MAX_DRAFT: rougher.edger_max_draft,
            P.FURNACE_TO_RM: rougher.furnace_distance, P.DELAY_TABLE: rougher.delay_table,
            P.BANK_COUNT: table.main_banks, P.TRIM_COUNT: table.trim_banks,
            P.FIRST_BANK: table.first_bank, P.BANK_LENGTH: table.bank_length,
            P.MID_PYROMETER: table.mid_pyrometer, P.CT_PYROMETER: table.ct_pyrometer,
            P.COILER: table.coiler, P.MANDREL: table.mandrel,
            P.FIRST_STAND: self.absent,
        }  # fmt: skip
        for row, value in singles.items():
            flat[row] = value
        return flat


def load_mill(path: Path | str) -> Mill:
    """Return the mill of a file.

    Args:
        path: YAML in the form of `mill.yaml`.

    Raises:
        ConfigError: if the file cannot be read or anything in it is missing, unknown or outside its
            limits; all findings are listed.
    """
    file = Path(path)
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ConfigError(f"mill file {file} cannot be read: {error}; give a YAML file") from error
    if not isinstance(data, dict):
        raise ConfigError(f"mill file {file} holds no table; start from {DEFAULT.name}")
    try:
        return Mill.model_validate(data)
    except ValidationError as error:
        raise ConfigError(_told(file, error)) from error


def _told(file: Path, error: ValidationError) -> str:
    findings = []
    for finding in error.errors():
        place = ".".join(str(part) for part in finding["loc"]) or "file"
        text = finding["msg"].removeprefix("Value error, ")
        value = finding["input"]
        shown = "" if isinstance(value, (dict, list)) else f" {value!r}"
        findings.append(f"{place}{shown}: {text}")
    return f"mill file {file}: " + "; ".join(findings) + f"; compare with {DEFAULT.name}"


@cache
def default_mill() -> Mill:
    """Return the default mill."""
    return load_mill(DEFAULT)


def mill_of(config: object | None) -> Mill:
    """Return the mill that an argument `config` means: None, a path, or a `Mill`.

    Raises:
        ConfigError: for anything else, or a file that is wrong.
    """
    if config is None:
        return default_mill()
    if isinstance(config, Mill):
        return config
    if isinstance(config, (str, Path)):
        return load_mill(config)
    raise ConfigError(
        f"config of type {type(config).__name__} is no mill; give a path, a Mill or None"
    )
