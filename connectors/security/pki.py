"""The folder of keys, and where in it everything lies."""

import json
from pathlib import Path

from ...plant_sim.errors import ConfigError
from ..rows import Row, read_rows
from .certificates import Role
from .private import private_file
from .secret import check_reference, fetch
from .trust import TrustList

PLC = "plc"
GATE = "gate"
AGENT = "agent"
DRIVER = "driver"  # may drive the clock of a simulated plant, and nothing else
USERS = (GATE, AGENT, DRIVER)
MODBUS = "modbus"  # the secret that proves a Modbus mailbox request

_INIT = "start the PLC once or run: passline certs init"


def application_uri(name: str) -> str:
    """Return the application URI of a program; its certificate carries the same."""
    return "urn:passline:virtual-plc" if name == PLC else f"urn:passline:{name}"


class Pki:
    """A folder of keys.

    - own/: certificate and private key of each program of this side
    - trusted/clients/: whom a server lets in; the file's name is the user
    - trusted/servers/: the pinned certificates of servers
    - issuer/: authorities and their revocation lists
    - rejected/: certificates that knocked and wait for a person
    - secrets/: passwords and the Modbus key, unless secrets.yaml names other places
    - secrets.yaml: references, who -> env:, keyring: or file:
    - users.json: salt and scrypt hash of every user, on the server's side
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def certificate(self, name: str) -> Path:
        """Return the certificate of `name` (DER)."""
        path = self.folder / "own" / f"{name}.der"
        if not path.exists():
            raise ConfigError(f"{path} is missing; {_INIT}")
        return path

    def key(self, name: str) -> Path:
        """Return the private key of `name` (PEM, mode 0600)."""
        return private_file(self.folder / "own" / f"{name}.key.pem", _INIT)

    def trusted(self, role: Role) -> Path:
        """Return the folder of trusted "clients" or "servers"."""
        return self.folder / "trusted" / role

    def trust_list(self, role: Role) -> TrustList:
        """Return who is trusted as "clients" or "servers"."""
        return TrustList(self.folder, role)

    def server_certificate(self) -> Path:
        """Return the newest pinned certificate of the PLC."""
        path = self.trusted("servers") / f"{PLC}.der"
        if not path.exists():
            raise ConfigError(f"{path} is missing; {_INIT}")
        return path

    def reference(self, who: str) -> str:
        """Return where the secret of `who` lies: a user, or `MODBUS`."""
        usual = f"file:secrets/{who}.{'key' if who == MODBUS else 'password'}"
        return self.references().get(who, usual)

    def references(self) -> dict[str, str]:
        """Return what secrets.yaml says.

        Raises:
            ConfigError: naming the line, if something is not a reference.
        """
        path = self.folder / "secrets.yaml"
        if not path.exists():
            return {}
        found: dict[str, str] = {}
        try:
            rows = read_rows(path.read_text())
            row = Row.of(rows, "the file", "line 1") if rows is not None else Row()
            for who, reference in row.items():
                # what was given is never repeated: it may be a pasted password
                check_reference(reference if isinstance(reference, str) else "")
                found[who] = reference
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from None
        return found

    def password(self, user: str) -> str:
        """Return the password of `user`."""
        return fetch(self.reference(user), self.folder)

    def modbus_key(self) -> bytes:
        """Return the key that proves a Modbus mailbox request."""
        try:
            return bytes.fromhex(fetch(self.reference(MODBUS), self.folder))
        except ValueError as error:
            if isinstance(error, ConfigError):
                raise
            raise ConfigError(
                f"{self.reference(MODBUS)} must be hexadecimal digits; make it anew with: "
                "passline certs init"
            ) from None  # the text of the error would show what lies there

    def users(self) -> dict[str, dict[str, str]]:
        """Return salt and scrypt hash of every user."""
        path = self.folder / "users.json"
        if not path.exists():
            raise ConfigError(f"{path} is missing; {_INIT}")
        table: dict[str, dict[str, str]] = json.loads(path.read_text())
        return table
