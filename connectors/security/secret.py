"""References to secrets: a configuration names where a password lies, never the password.

- `env:NAME`: an environment variable
- `keyring:SERVICE/NAME`: the keyring of the operating system, through the package `keyring`
- `file:PATH`: a file of mode 0600 in a folder of mode 0700
"""

import os
from pathlib import Path

from ...plant_sim.errors import ConfigError
from .private import private_file

_FORMS = "use env:NAME, keyring:SERVICE/NAME or file:PATH"


def check_reference(reference: str) -> tuple[str, str]:
    """Return kind and place of a reference.

    Raises:
        ConfigError: if it has another form. What was given is not repeated: people paste passwords.
    """
    kind, _, place = reference.partition(":")
    whole = all(place.partition("/")[::2]) if kind == "keyring" else bool(place)
    if kind not in ("env", "keyring", "file") or not whole:
        raise ConfigError(f"this is not a reference to a secret; {_FORMS}")
    return kind, place


def fetch(reference: str, folder: Path) -> str:
    """Return the secret that `reference` names; it is never part of an error.

    Args:
        reference: `env:`, `keyring:` or `file:`.
        folder: what the path of a file is relative to.

    Raises:
        ConfigError: if nothing usable lies there.
    """
    kind, place = check_reference(reference)
    if kind == "env":
        found = os.environ.get(place)
        remedy = f"set the environment variable {place}"
    elif kind == "keyring":
        found = _from_keyring(place)
        remedy = f"run: keyring set {place.replace('/', ' ', 1)}"
    else:
        remedy = "put the secret there, mode 0600, or run: passline certs init"
        found = private_file(folder / place, remedy).read_text().strip()
    if not found:
        raise ConfigError(f"{reference} holds no secret; {remedy}")
    return found


def _from_keyring(place: str) -> str | None:
    service, _, name = place.partition("/")
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError as missing:
        raise ConfigError(
            f"keyring:{place} needs the package keyring, which is not installed; "
            "run: pip install keyring, or use env: or file:"
        ) from missing
    try:
        found: str | None = keyring.get_password(service, name)
    except KeyringError as error:
        raise ConfigError(
            f"keyring:{place} cannot be read ({type(error).__name__}); unlock the keyring, "
            "or use env: or file:"
        ) from error
    return found
