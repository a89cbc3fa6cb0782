"""Who is who: certificates, trust lists, users, and where secrets lie.

The first start of a virtual PLC makes all of it. In a plant every file under `own` and `secrets`
belongs to the account of its program; here one account runs everything, so mode 0600 keeps other
accounts out but not the agent from the gate's secrets.
"""

from .endpoint import secure_client, secure_server
from .lab import Lab, banner, check_bind, parse_lab
from .pki import AGENT, DRIVER, GATE, PLC, USERS, Pki, application_uri
from .upkeep import init
from .users import Users

__all__ = [
    "AGENT",
    "DRIVER",
    "GATE",
    "PLC",
    "USERS",
    "Lab",
    "Pki",
    "Users",
    "application_uri",
    "banner",
    "check_bind",
    "init",
    "parse_lab",
    "secure_client",
    "secure_server",
]
