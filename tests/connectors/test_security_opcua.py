"""Who enters an OPC UA server of ours, and by which doors nobody does."""

import asyncio
import contextlib
import logging
import os
import shutil

import pytest
import pytest_asyncio
from asyncua import Client, Server, ua
from asyncua.crypto import security_policies
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.truststore import TrustStore
from asyncua.crypto.validator import CertificateValidator
from asyncua.crypto.validator import CertificateValidatorOptions as Check

from passline.connectors.errors import LinkError
from passline.connectors.opcua import OpcUaSession
from passline.connectors.security import Lab, Pki, Users, init, secure_client, secure_server
from passline.connectors.security.upkeep import renew, revoke, trust
from passline.connectors.security.users import FREE
from passline.connectors.tagfile import OpcUaDevice
from passline.plant_sim.errors import ConfigError

from .secured import POLICIES, REFUSED, Box, channel, knock, visit
from .strangers import SERVER, Stranger
from .test_security_certificates import UNFIT

pytestmark = [pytest.mark.network, pytest.mark.asyncio(loop_scope="module")]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return init(tmp_path_factory.mktemp("made") / "pki")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(made, tmp_path_factory):
    """One server; it reads users and trust list anew at every login."""
    folder = tmp_path_factory.mktemp("box") / "pki"
    shutil.copytree(made.folder, folder)
    server = await Box(Pki(folder)).start()
    yield server
    await server.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def box(running, made):
    """The server with its keys as they were made, its box empty, no login on its conscience."""
    await running.server.get_node(running.node).write_value(b"")
    running.writers.clear()
    shutil.rmtree(running.keys.folder)
    shutil.copytree(made.folder, running.keys.folder)
    running.server.iserver.set_user_manager(Users(running.keys))
    return running


@pytest_asyncio.fixture(loop_scope="module")
async def own(made, tmp_path):
    """A server for tests that start it otherwise."""
    shutil.copytree(made.folder, tmp_path / "pki")
    server = Box(Pki(tmp_path / "pki"))
    yield server
    await server.stop()


async def ours(box, user="agent", policy=POLICIES[0]):
    client = Client(box.url, timeout=20)
    await secure_client(client, box.keys, user, policy)
    return client


# --- the door ------------------------------------------------------------------------------------


@pytest.mark.parametrize("policy", POLICIES)
async def test_both_policies_let_in_who_can_prove_himself_and_only_the_gate_writes(box, policy):
    value = policy.encode()
    for user in ("agent", "gate"):
        client = await ours(box, user, policy)
        async with client:
            assert client.security_policy.URI.rpartition("#")[2].replace("_", "") == policy
            assert client.security_policy.Mode == ua.MessageSecurityMode.SignAndEncrypt
            if user == "gate":
                await client.get_node(box.node).write_value(value)
                assert await client.get_node(box.node).read_value() == value
            else:
                with pytest.raises(ua.uaerrors.BadUserAccessDenied):
                    await client.get_node(box.node).write_value(b"agent")
    assert box.writers[-1] == "gate"


async def test_two_policies_are_offered_and_nothing_else(box):
    asked = await channel(box.url)
    offered = await asked.get_endpoints()
    asked.disconnect_socket()
    names = {end.SecurityPolicyUri.rpartition("#")[2].replace("_", "") for end in offered}
    assert names == set(POLICIES)
    assert {end.SecurityMode for end in offered} == {ua.MessageSecurityMode.SignAndEncrypt}
    tokens = {token.TokenType for end in offered for token in end.UserIdentityTokens}
    assert tokens == {ua.UserTokenType.UserName}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    ("name", "password"),
    [("agent", "wrong password"), ("agent", ""), ("admin", ""), ("gate", None), ("", "")],
    ids=["wrong password", "empty password", "admin", "another's name", "anonymous"],
)
async def test_a_wrong_name_or_password_is_refused(box, policy, name, password):
    client = await ours(box, "agent", policy)
    client.set_user(name)
    client.set_password(box.keys.password("agent") if password is None else password)
    with pytest.raises(ua.UaStatusCodeError) as refused:
        await visit(client, box.node)
    allowed = {ua.StatusCodes.BadUserAccessDenied, ua.StatusCodes.BadIdentityTokenRejected}
    assert refused.value.code in allowed


@pytest.mark.parametrize("policy", POLICIES)
async def test_an_untrusted_certificate_is_told_so_and_waits_for_review(box, tmp_path, policy):
    stranger = Stranger(name=policy)
    with pytest.raises(ua.uaerrors.BadCertificateUntrusted):
        await knock(box, *stranger.save(tmp_path / "stranger"), policy=policy)
    (waiting,) = (box.keys.folder / "rejected").iterdir()
    assert waiting.read_bytes() == stranger.der
    trust(box.keys, stranger.digits[:16], user="agent")  # the running server takes note
    assert await knock(box, *stranger.save(tmp_path / "stranger"), policy=policy) == b""
    revoke(box.keys, stranger.digits)
    with pytest.raises(ua.uaerrors.BadCertificateUntrusted):
        await knock(box, *stranger.save(tmp_path / "stranger"), policy=policy)


@pytest.mark.parametrize("kind", UNFIT)
async def test_an_unfit_certificate_is_refused_by_name_even_when_trusted(box, tmp_path, kind):
    stranger, status = UNFIT[kind]
    listed = box.keys.trusted("clients") / f"agent.{stranger.digits[:16]}.der"
    listed.write_bytes(stranger.der)
    with pytest.raises(ua.UaStatusCodeError) as refused:
        await knock(box, *stranger.save(tmp_path / "stranger"))
    assert refused.value.code == getattr(ua.StatusCodes, status)


async def test_an_application_must_call_itself_what_its_certificate_says(box):
    keys = box.keys
    with pytest.raises(ua.uaerrors.BadCertificateUriInvalid):
        await knock(box, keys.certificate("agent"), keys.key("agent"), uri="urn:passline:other")


@pytest.mark.slow
async def test_another_security_mode_is_refused(box):
    for policy, mode in (
        (security_policies.SecurityPolicyBasic256Sha256, ua.MessageSecurityMode.Sign),
        (
            security_policies.SecurityPolicyAes128Sha256RsaOaep,
            ua.MessageSecurityMode.SignAndEncrypt,
        ),
        (security_policies.SecurityPolicyBasic256, ua.MessageSecurityMode.SignAndEncrypt),
    ):
        client = Client(box.url, timeout=2)
        client.application_uri = "urn:passline:agent"
        await client.set_security(
            policy, str(box.keys.certificate("agent")), str(box.keys.key("agent")),
            server_certificate=str(box.keys.server_certificate()), mode=mode,
        )  # fmt: skip
        client.set_user("agent")
        client.set_password(box.keys.password("agent"))
        with pytest.raises(REFUSED):
            await visit(client, box.node)


async def test_guessing_over_the_wire_is_slowed_down(box):
    told = []
    while ua.StatusCodes.BadServerTooBusy not in told:
        assert len(told) < 10  # the eighth has to wait 16 s: some busy machine may not notice 1 s
        client = await ours(box)
        client.set_password(f"guess number {len(told)}")
        with pytest.raises(ua.UaStatusCodeError) as refused:
            await visit(client, box.node)
        told.append(refused.value.code)
    assert set(told[:-1]) == {ua.StatusCodes.BadUserAccessDenied}
    assert len(told) > FREE
    assert await visit(await ours(box, "gate"), box.node) == b""  # nobody else waits


async def test_nobody_may_build_call_or_take_over(box):
    client = await ours(box, "gate")
    transfer = ua.TransferSubscriptionsParameters(SubscriptionIds=[ua.UInt32(1)])
    method = ua.NodeId(ua.ObjectIds.Server_GetMonitoredItems)
    async with client:
        for attempt in (
            client.nodes.objects.add_variable(2, "evil", 0.0),
            client.nodes.objects.call_method(method, 1),
            client.delete_nodes([client.get_node(box.node)]),
            client.uaclient.transfer_subscriptions(transfer),
        ):
            with pytest.raises(ua.uaerrors.BadUserAccessDenied):
                await attempt


# --- what asyncua leaves open --------------------------------------------------------------------


async def adopt(url, node):
    """Name the numbers of sessions over a channel without security, and write through one."""
    thief = await channel(url)
    write = ua.WriteValue(
        NodeId=node, AttributeId=ua.AttributeIds.Value, Value=ua.DataValue(ua.Variant(b"stolen"))
    )
    try:
        for number in range(1000, 1300):
            thief.uaclient.protocol.authentication_token = ua.NodeId(number)
            claim = ua.ActivateSessionParameters(UserIdentityToken=ua.AnonymousIdentityToken())
            with contextlib.suppress(ua.UaStatusCodeError):
                await thief.uaclient.activate_session(claim)
            with contextlib.suppress(ua.UaStatusCodeError):
                (status,) = await thief.uaclient.write(ua.WriteParameters(NodesToWrite=[write]))
                if status.is_good():
                    return True
        return False
    finally:
        thief.disconnect_socket()
        await asyncio.sleep(0.01)


async def test_nobody_adopts_the_session_of_the_gate(box):
    gate = await ours(box, "gate")
    async with gate:
        await gate.get_node(box.node).write_value(b"honest")
        assert not await adopt(box.url, box.node)
        assert await gate.get_node(box.node).read_value() == b"honest"
    assert await box.server.get_node(box.node).read_value() == b"honest"


@pytest.mark.slow
async def test_asyncua_itself_hands_over_the_session_of_the_gate(own):
    """The reason for `_close_loopholes`: should this fail, asyncua has closed it."""
    await own.start()
    inner = own.server.iserver
    for name in ("lookup_external_session", "register_external_session"):
        delattr(inner, name)  # back to what asyncua does
    gate = await ours(own, "gate")
    async with gate:
        await gate.get_node(own.node).write_value(b"honest")
        assert await adopt(own.url, own.node)
        assert own.writers == ["gate", "gate"]  # so the server believes
        assert await own.server.get_node(own.node).read_value() == b"stolen"


class Liar(Client):
    """Opens its channel with one certificate and asks for a session with another, or none."""

    shown: bytes | None = None

    async def create_session(self):
        truth, self.security_policy.host_certificate = (
            self.security_policy.host_certificate,
            self.shown,
        )
        ask = self.uaclient.create_session

        async def send(params):
            params.ClientCertificate = self.shown
            self.security_policy.host_certificate = truth
            return await ask(params)

        self.uaclient.create_session = send
        return await super().create_session()


@pytest.mark.parametrize("shown", ["nothing", "the agent's"])
async def test_a_borrowed_certificate_does_not_get_round_the_trust_list(box, tmp_path, shown):
    stranger = Stranger(name="liar")
    certificate, key = stranger.save(tmp_path / "liar")
    client = Liar(box.url, timeout=20)
    client.application_uri = "urn:passline:agent"
    await client.set_security(
        security_policies.SecurityPolicyBasic256Sha256, str(certificate), str(key),
        server_certificate=str(box.keys.server_certificate()),
        mode=ua.MessageSecurityMode.SignAndEncrypt,
    )  # fmt: skip
    client.shown = box.keys.certificate("agent").read_bytes() if shown != "nothing" else None
    client.set_user("agent")
    client.set_password(box.keys.password("agent"))
    with pytest.raises(ua.uaerrors.BadUserAccessDenied):
        await visit(client, box.node)
    assert stranger.der in {file.read_bytes() for file in (box.keys.folder / "rejected").iterdir()}


@pytest.mark.slow
async def test_a_default_server_of_asyncua_is_open(own):
    """Pitfall 3 of the installed version, and why a server is never left as it comes."""
    assert Server().endpoint.hostname == "0.0.0.0"
    await own.start(secured=False)
    admin = Client(own.url)
    admin.set_user("admin")  # no password
    async with admin:
        await admin.nodes.objects.add_variable(2, "evil", 0.0)
    anonymous = Client(own.url)
    async with anonymous:
        assert await anonymous.get_node(own.node).read_value() == b""


async def test_asyncua_tells_nothing_of_a_wrong_pin_but_time_and_we_tell_both(box, tmp_path):
    """Pitfall 12: who pins a wrong certificate waits; who pins none trusts anybody."""
    other = Stranger(name="other", uri="urn:passline:virtual-plc", purposes=(SERVER,))
    agent = box.keys.certificate("agent"), box.keys.key("agent")
    stock = Client(box.url, timeout=1)
    stock.application_uri = "urn:passline:agent"
    await stock.set_security(
        security_policies.SecurityPolicyBasic256Sha256, *map(str, agent),
        server_certificate=str(other.save(tmp_path)[0]),
    )  # fmt: skip
    with pytest.raises((TimeoutError, ConnectionError)) as silent:
        await visit(stock, box.node)
    assert "certificate" not in str(silent.value)
    shown = box.keys.server_certificate().read_bytes()
    box.keys.server_certificate().write_bytes(other.der)
    with pytest.raises(LinkError, match="pinned is " + other.digits[:16]):
        await ours(box)
    (waiting,) = (box.keys.folder / "rejected").iterdir()
    assert waiting.read_bytes() == shown
    trust(box.keys, waiting, server="plc")
    assert await visit(await ours(box), box.node) == b""


async def test_asyncua_trusts_any_server_without_a_pin(box):
    client = Client(box.url, timeout=20)
    client.application_uri = "urn:passline:agent"
    agent = box.keys.certificate("agent"), box.keys.key("agent")
    await client.set_security(security_policies.SecurityPolicyBasic256Sha256, *map(str, agent))
    client.set_user("agent")
    client.set_password(box.keys.password("agent"))
    assert await visit(client, box.node) == b""  # asked of whoever listens there, and believed
    box.keys.server_certificate().unlink()
    with pytest.raises(ConfigError, match=r"plc\.der is missing"):
        await ours(box)


async def test_asyncua_writes_a_private_key_that_others_can_read_and_we_do_not(box, tmp_path):
    """Pitfall 13: the key takes the umask's mode."""
    before = os.umask(0o022)
    try:
        await setup_self_signed_certificate(
            tmp_path / "key.pem", tmp_path / "cert.der", "urn:x", "localhost", [], {}
        )
        init(tmp_path / "pki")
    finally:
        os.umask(before)
    assert (tmp_path / "key.pem").stat().st_mode & 0o777 == 0o644
    assert Pki(tmp_path / "pki").key("plc").stat().st_mode & 0o777 == 0o600


async def test_asyncuas_own_trust_list_lets_an_authority_speak_for_anybody(box, tmp_path):
    """Why trust is a matter of the certificate itself here."""
    authority = Stranger(name="authority", authority=True)
    friend = Stranger(name="friend of the authority", issuer=authority)
    folder = tmp_path / "trusted"
    folder.mkdir()
    (folder / "authority.der").write_bytes(authority.der)
    store = TrustStore([folder], [])
    await store.load()
    theirs = CertificateValidator(Check.TRUSTED_VALIDATION | Check.PEER_CLIENT, store)
    await theirs.validate(friend.certificate, ua.ApplicationDescription(
        ApplicationUri=friend.uri, ApplicationType=ua.ApplicationType.Client
    ))  # fmt: skip
    (box.keys.trusted("clients") / "agent.der").write_bytes(authority.der)
    assert box.keys.trust_list("clients").judge(friend.der).status == "BadCertificateUntrusted"


# --- renewal -------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_renewal_disturbs_neither_a_running_server_nor_its_clients(own):
    await own.start()
    session = await ours(own)
    async with session:
        renew(own.keys, "plc", 30)
        renew(own.keys, "agent", 30)
        assert await session.get_node(own.node).read_value() == b""
        assert await visit(await ours(own), own.node) == b""  # new client, old server
    await own.stop()
    own.server = Server()
    await own.start()
    assert await visit(await ours(own), own.node) == b""  # new client, new server
    (old,) = own.keys.trusted("clients").glob("agent.*.until-*.der")
    revoke(own.keys, old.name.split(".")[1])
    assert await visit(await ours(own), own.node) == b""


# --- the laboratory ------------------------------------------------------------------------------


async def test_an_open_laboratory_can_be_read_by_anybody_and_written_by_the_gate_alone(own):
    await own.start(Lab.OPEN)
    anybody = Client(own.url, timeout=20)
    async with anybody:
        assert await anybody.get_node(own.node).read_value() == b""
        with pytest.raises(ua.uaerrors.BadUserAccessDenied):
            await anybody.get_node(own.node).write_value(b"anybody")
    named = Client(own.url, timeout=20)  # a password is not taken without encryption
    named.application_uri = "urn:passline:gate"
    named.set_user("gate")
    named.set_password(own.keys.password("gate"))
    with pytest.raises(ua.uaerrors.BadUserAccessDenied):
        await visit(named, own.node)
    shown = own.keys.certificate("gate").read_bytes()  # without a signature that proves it
    (unsigned,) = [one for one in own.server._policies if one.cls.URI.endswith("#None")]
    assert not unsigned.create(shown).peer_certificate
    gate = await ours(own, "gate")
    async with gate:
        await gate.get_node(own.node).write_value(b"gate")
        assert not await adopt(own.url, own.node)


async def test_a_server_refuses_to_listen_beyond_loopback(box):
    for address in ("0.0.0.0", "192.0.2.7", "[::]"):
        with pytest.raises(ConfigError, match="--lab network"):
            await secure_server(Server(), box.keys, f"opc.tcp://{address}:4840")


# --- no word of a secret -------------------------------------------------------------------------


async def test_no_password_reaches_a_log_or_an_error(box, caplog):
    """Everything that asyncua and passline can say, at its most talkative, while logins fail."""
    words = [box.keys.password(user) for user in ("agent", "gate")] + ["a wrong but secret word"]
    was = logging.getLogger("asyncua").level
    logging.getLogger("asyncua").setLevel(logging.DEBUG)
    told = []
    try:
        with caplog.at_level(logging.DEBUG):
            for user, word in (("agent", words[0]), ("agent", words[2]), ("gate", words[0])):
                client = await ours(box, "agent")
                client.set_user(user)
                client.set_password(word)
                with contextlib.suppress(*REFUSED):
                    await visit(client, box.node)
            device = OpcUaDevice(box.url, "urn:passline:virtual-plc")
            box.keys.trusted("clients").joinpath("agent.der").unlink()
            with pytest.raises(LinkError) as refused:
                await OpcUaSession.open(device, box.keys, "agent")
            told = [str(refused.value), repr(refused.value), repr(refused.value.__cause__)]
    finally:
        logging.getLogger("asyncua").setLevel(was)
    assert "asyncua" in {record.name.split(".")[0] for record in caplog.records}
    text = caplog.text + "".join(told)
    assert "not trusted" in text
    for word in words:
        assert word not in text
