"""OPC UA through one door: secured channels, known certificates, named users.

Two policies are offered, both SignAndEncrypt: Basic256Sha256, which every product has, and
Aes256Sha256RsaPss. What asyncua 2.1 leaves open beside them is closed in `_close_loopholes`.
"""

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Literal

from ..errors import LinkError
from .certificates import days_left, expiry_warning, fingerprint, load
from .lab import Lab, check_bind
from .pki import PLC, Pki, application_uri
from .trust import SHOWN
from .users import Users

if TYPE_CHECKING:
    from asyncua import Client, Server, ua

Policy = Literal["Basic256Sha256", "Aes256Sha256RsaPss"]

MAX_CONNECTIONS = 32
ASKING = 10.0  # wall s to ask a server for its certificate
ACTIVATION = 10.0  # wall s that a connection may take to show who it is

# The services of a server that is read, subscribed to and written through a mailbox. Others are
# refused: none may add nodes, call methods, or take over another's subscription.
_SERVICES = (
    "Read", "Write", "Browse", "BrowseNext", "TranslateBrowsePathsToNodeIds", "RegisterNodes",
    "UnregisterNodes", "CreateSubscription", "ModifySubscription", "DeleteSubscriptions",
    "CreateMonitoredItems", "ModifyMonitoredItems", "DeleteMonitoredItems", "SetMonitoringMode",
    "SetPublishingMode", "Publish", "Republish", "CloseSecureChannel",
)  # fmt: skip

_TALKER = "asyncua.client.ua_client.UASocketProtocol"

_log = logging.getLogger(__name__)


class _Services:
    """asyncua's rule set: which requests an activated session may send at all."""

    def __init__(self) -> None:
        from asyncua import ua

        ids = (getattr(ua.ObjectIds, f"{s}Request_Encoding_DefaultBinary") for s in _SERVICES)
        self._known = {ua.NodeId(number) for number in ids}

    def check_validity(self, user: Any, action_type: Any, body: Any) -> bool:
        """Return whether the request may be looked at."""
        return action_type in self._known


async def secure_server(server: "Server", pki: Pki, url: str, lab: Lab = Lab.OFF) -> None:
    """Close every door of an asyncua server but one: encrypted, certificate and user known.

    Args:
        server: a server after `init()` and before `start()`.
        pki: its folder of keys.
        url: where it listens; loopback, unless `lab` permits more.
        lab: what this start permits.

    Raises:
        ConfigError: if the address or a key will not do.
    """
    from asyncua import ua

    server.set_endpoint(url)  # the default listens on 0.0.0.0
    check_bind("the OPC UA server", server.endpoint.hostname or "", lab)
    await server.set_application_uri(application_uri(PLC))
    server.allow_remote_admin(False)  # the default lets `admin` in without a password
    policies = [
        ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
        ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
    ]
    rules: Any = _Services()
    server.set_security_policy(policies, permission_ruleset=rules)
    server.set_identity_tokens([ua.UserNameIdentityToken])
    _close_loopholes(server)
    server.iserver.max_connections = MAX_CONNECTIONS
    server.iserver.max_pending_activation_seconds = ACTIVATION
    server.iserver.set_user_manager(Users(pki, lab))  # type: ignore[arg-type]
    server.iserver.certificate_validator = pki.trust_list("clients")
    _warn_of_expiry(pki, PLC)
    await server.load_certificate(pki.certificate(PLC))
    await server.load_private_key(pki.key(PLC))
    if Lab.OPEN in lab:
        _open(server, rules)


def _open(server: "Server", rules: Any) -> None:
    """Offer a channel without security beside the others, for nameless readers."""
    from asyncua import ua
    from asyncua.crypto.security_policies import SecurityPolicyFactory, SecurityPolicyNone

    class Unproved(SecurityPolicyFactory):
        def create(self, peer_certificate: bytes | None) -> Any:
            # Nothing is signed here: whoever shows the gate's certificate need not be the gate.
            return super().create(None)  # type: ignore[no-untyped-call]

    mode = ua.MessageSecurityMode.None_
    server.set_identity_tokens([ua.UserNameIdentityToken, ua.AnonymousIdentityToken])
    server._set_endpoints(SecurityPolicyNone, mode, 0)
    inner = server.iserver
    factory = Unproved(SecurityPolicyNone, mode, inner.certificate, inner.private_key, rules)  # type: ignore[no-untyped-call]
    server._policies.append(factory)


def _close_loopholes(server: "Server") -> None:
    """Take back what asyncua 2.1 grants beside its settings; tests show each of them open there.

    A session of another connection is adopted by whoever names its number, and the numbers count
    up from 1000. asyncua keeps it adopted when the signature or the password is then refused, and
    it lets a channel without security get so far even where no such endpoint is offered. Here a
    session lives and dies with its connection; a client that lost it makes a new one.
    """
    from asyncua import ua

    inner = server.iserver
    inner.lookup_external_session = lambda auth_token: None  # type: ignore[method-assign]
    inner.register_external_session = lambda session: None  # type: ignore[method-assign]
    unpack = inner.decrypt_user_token

    def decrypt(isession: Any, token: "ua.UserNameIdentityToken") -> tuple[str, str]:
        # RSA 1.5 makes the server's key an oracle; no policy that is offered here uses it.
        if str(token.EncryptionAlgorithm or "").endswith("rsa-1_5"):
            raise ua.UaStatusCodeError(ua.StatusCodes.BadSecurityPolicyRejected)  # type: ignore[no-untyped-call]
        return unpack(isession, token)

    inner.decrypt_user_token = decrypt  # type: ignore[method-assign]


async def secure_client(
    client: "Client", pki: Pki, user: str, policy: Policy = "Basic256Sha256"
) -> None:
    """Give an asyncua client its certificate, the pinned certificate of the server and its user.

    The server is asked which certificate it has; only one that is pinned is taken. Of a wrong pin
    asyncua itself would say nothing but "time-out", and without a pin it would trust anybody.

    Raises:
        ConfigError: if a key or a password will not do.
        LinkError: if the server shows a certificate that is not pinned; it is kept for review.
    """
    from asyncua import ua
    from asyncua.crypto import security_policies

    logging.getLogger(_TALKER).addFilter(_unsaid)
    client.application_uri = application_uri(user)
    certificate, key, password = pki.certificate(user), pki.key(user), pki.password(user)
    _warn_of_expiry(pki, user)
    pinned = await _pinned(client, pki)
    await client.set_security(
        getattr(security_policies, f"SecurityPolicy{policy}"),
        str(certificate),
        str(key),
        server_certificate=pinned,
        mode=ua.MessageSecurityMode.SignAndEncrypt,
    )
    client.certificate_validator = pki.trust_list("servers")
    client.set_user(user)
    client.set_password(password)


def _unsaid(record: logging.LogRecord) -> bool:
    """Drop what asyncua would log, at its most talkative, of the request with the password."""
    named = any(type(one).__name__ == "ActivateSessionRequest" for one in record.args or ())
    return not named and "ActivateSessionRequest" not in str(record.msg)


async def _pinned(client: "Client", pki: Pki) -> bytes:
    """Return the certificate of the server, when it is one of those that are pinned."""
    from asyncua import Client

    pki.server_certificate()  # says what to do when nothing is pinned
    pins = {entry.der for entry in pki.trust_list("servers").entries()}
    url = client.server_url.geturl()
    try:
        shown = await _shown(Client(url, timeout=ASKING))
    except (OSError, TimeoutError):
        raise
    except Exception:  # noqa: BLE001 - asyncua asserts; a server may answer nobody without security
        return max(pins, key=lambda der: load(der, url).not_valid_before_utc)
    if shown & pins:
        return min(shown & pins)
    for der in shown:
        pki.trust_list("servers").reject(der)
    theirs, ours = (
        ", ".join(sorted(fingerprint(der)[:SHOWN] for der in some)) or "none"
        for some in (shown, pins)
    )
    raise LinkError(
        f"{url} shows the certificate {theirs}, pinned is {ours}; if the server's was renewed, "
        "compare the fingerprints and run: passline certs trust FINGERPRINT --server plc"
    )


async def _shown(client: "Client") -> set[bytes]:
    """Ask a server, over a channel without security, which certificates it has."""
    try:
        await client.connect_socket()
        await client.send_hello()
        await client.open_secure_channel()
        return {
            bytes(e.ServerCertificate) for e in await client.get_endpoints() if e.ServerCertificate
        }
    finally:
        client.disconnect_socket()
        await asyncio.sleep(0)  # a closed transport lets its socket go in the next turn of the loop


def _warn_of_expiry(pki: Pki, name: str) -> None:
    path = pki.certificate(name)
    warning = expiry_warning(days_left(load(path.read_bytes(), str(path))), name)
    if warning is not None:
        _log.warning("certificate of %s: %s / %s", name, *warning)
