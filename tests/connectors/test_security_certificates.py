"""The trust list: who gets on it, who does not, how a certificate is renewed and taken back."""

import datetime
import json
import shutil

import pytest
from cryptography.hazmat.primitives import hashes
from hypothesis import given
from hypothesis import strategies as st

from passline.agents.cli import main
from passline.connectors.security import PLC, USERS, Pki, init
from passline.connectors.security.certificates import WARN_DAYS, expiry_warning, load
from passline.connectors.security.survey import survey
from passline.connectors.security.trust import MAX_REJECTED, MAX_SIZE
from passline.connectors.security.upkeep import renew, revoke, trust
from passline.plant_sim.errors import ConfigError

from .strangers import CLIENT, DAY, NOW, SERVER, Stranger


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return init(tmp_path_factory.mktemp("made") / "pki")


@pytest.fixture
def keys(made, tmp_path):
    """A folder of keys of one's own; making them anew for every test would take seconds."""
    shutil.copytree(made.folder, tmp_path / "pki")
    return Pki(tmp_path / "pki")


def command(keys, *words):
    """Run `passline certs ...` and return its exit code."""
    try:
        main(["certs", *words, "--pki", str(keys.folder)])
    except SystemExit as left:
        return left.code or 0
    return 0


# --- unfit ---------------------------------------------------------------------------------------

UNFIT = {
    "expired": (Stranger(begins=NOW - 9 * DAY, ends=NOW - DAY), "BadCertificateTimeInvalid"),
    "not yet valid": (Stranger(begins=NOW + DAY), "BadCertificateTimeInvalid"),
    "1024 bits": (Stranger(name="weak", bits=1024), "BadCertificatePolicyCheckFailed"),
    "signed with SHA-224": (Stranger(digest=hashes.SHA224()), "BadCertificatePolicyCheckFailed"),
    "an authority": (Stranger(authority=True), "BadCertificateUseNotAllowed"),
    "cannot encipher": (Stranger(encipher=False), "BadCertificateUseNotAllowed"),
    "a server's": (Stranger(purposes=(SERVER,)), "BadCertificateUseNotAllowed"),
    "unknown issuer": (
        Stranger(issuer=Stranger(name="nobody", authority=True)),
        "BadCertificateChainIncomplete",
    ),
}


@pytest.mark.parametrize("kind", UNFIT)
def test_an_unfit_certificate_is_not_put_on_the_list(keys, tmp_path, kind):
    stranger, _ = UNFIT[kind]
    file, _ = stranger.save(tmp_path / "stranger")
    with pytest.raises(ConfigError, match=r"is not trusted: .*;"):
        trust(keys, file, user="agent")
    assert not keys.trust_list("clients").owners(stranger.der)


@pytest.mark.parametrize("kind", UNFIT)
def test_an_unfit_certificate_is_refused_even_when_it_lies_on_the_list(keys, kind):
    stranger, status = UNFIT[kind]
    (keys.trusted("clients") / f"agent.{stranger.digits[:16]}.der").write_bytes(stranger.der)
    assert keys.trust_list("clients").owners(stranger.der) == {"agent"}
    flaw = keys.trust_list("clients").judge(stranger.der)
    assert flaw is not None
    assert flaw.status == status
    assert flaw.text.count(";") == 1  # what is wrong; what to do


def test_a_certificate_of_today_is_good_and_ends_by_the_clock(keys):
    good = Stranger(ends=NOW + DAY)
    (keys.trusted("clients") / "agent.der").write_bytes(good.der)
    judge = keys.trust_list("clients").judge
    assert judge(good.der) is None
    assert judge(good.der, NOW + 2 * DAY).status == "BadCertificateTimeInvalid"


@pytest.mark.parametrize("data", [b"", b"no certificate", b"\x30\x82\xff\xff" + b"\0" * 99])
def test_what_is_no_certificate_is_not_trusted(keys, tmp_path, data):
    file = tmp_path / "file.der"
    file.write_bytes(data)
    with pytest.raises(ConfigError, match="is not a certificate"):
        trust(keys, file, user="agent")


# --- the list ------------------------------------------------------------------------------------


def test_the_name_of_a_file_says_whose_it_is_and_until_when(keys):
    folder, der = keys.trusted("clients"), Stranger().der
    today = NOW.date()
    for name, owner in {
        "agent.0123456789abcdef.der": "agent",
        f"agent.0123456789abcdef.until-{today}.der": "agent",
        f"agent.0123456789abcdef.until-{today - DAY}.der": None,
        "agent.0123456789abcdef.until-2026-13-41.der": None,
        "agent.0123456789abcdef.until-soon.der": None,
        "agent.pem": None,
        "Agent.der": None,
        ".der": None,
    }.items():
        (folder / name).write_bytes(der)
        assert keys.trust_list("clients").owners(der, NOW) == ({owner} if owner else set()), name
        (folder / name).unlink()


def test_trust_needs_to_be_told_whose_it_is(keys, tmp_path):
    file, _ = Stranger().save(tmp_path / "stranger")  # it calls itself the agent: not enough
    with pytest.raises(ConfigError, match="say whose"):
        trust(keys, file)
    with pytest.raises(ConfigError, match="'nobody' is not known"):
        trust(keys, file, user="nobody")
    with pytest.raises(ConfigError, match="will not do"):
        trust(keys, Stranger(purposes=(SERVER,)).save(tmp_path)[0], server="../../own/plc")
    trust(keys, file, user="agent")
    with pytest.raises(ConfigError, match="already belongs to agent"):  # one for each, none shared
        trust(keys, file, user="gate")


def test_a_stranger_waits_in_rejected_until_a_person_trusts_him_and_then_revokes_him(keys, capsys):
    stranger = Stranger()
    clients = keys.trust_list("clients")
    assert clients.judge(stranger.der).status == "BadCertificateUntrusted"
    (waiting,) = (keys.folder / "rejected").iterdir()
    assert waiting.read_bytes() == stranger.der
    assert command(keys, "list") == 0
    told = capsys.readouterr().out
    assert f"passline certs trust {stranger.digits[:16]} --user NAME" in told
    assert "검토 대기" in told
    assert command(keys, "trust", stranger.digits[:7], "--user", "agent") == 2  # too short
    assert command(keys, "trust", stranger.digits[:12].upper(), "--user", "agent") == 0
    assert stranger.digits in capsys.readouterr().out
    assert not list((keys.folder / "rejected").iterdir())
    assert clients.judge(stranger.der) is None
    assert clients.owners(stranger.der) == {"agent"}
    assert command(keys, "revoke", stranger.digits[:12]) == 0
    assert clients.judge(stranger.der).status == "BadCertificateUntrusted"
    assert command(keys, "revoke", stranger.digits[:12]) == 2  # it is not there any more


def test_strangers_cannot_fill_the_disk(keys):
    clients = keys.trust_list("clients")
    for number in range(MAX_REJECTED + 20):
        clients.reject(b"certificate %d" % number)
    kept = {file.read_bytes() for file in (keys.folder / "rejected").iterdir()}
    assert len(kept) == MAX_REJECTED
    assert b"certificate %d" % (MAX_REJECTED + 19) in kept
    clients.reject(bytes(MAX_SIZE + 1))
    assert max(map(len, kept)) < MAX_SIZE


def test_a_stranger_cannot_command_the_terminal_of_whoever_reviews_him(keys, capsys):
    nasty = Stranger(name="a\x1b[2J\x07\u202edrow", uri="urn:\x1b]0;x\x07")
    keys.trust_list("clients").reject(nasty.der)
    assert command(keys, "list") == 0
    told = capsys.readouterr().out
    assert "[2J" in told
    assert all(letter == "\n" or letter.isprintable() for letter in told)


# --- authorities ---------------------------------------------------------------------------------

ROOT = Stranger(name="plant authority", authority=True)
MIDDLE = Stranger(name="shop authority", authority=True, issuer=ROOT)
LEAF = Stranger(name="signed", issuer=MIDDLE)


def with_authorities(keys, root_list=None, middle_list=None):
    folder = keys.folder / "issuer"
    (folder / "root.der").write_bytes(ROOT.der)
    (folder / "middle.der").write_bytes(MIDDLE.der)
    (folder / "root.crl").write_bytes(ROOT.revocations() if root_list is None else root_list)
    (folder / "middle.crl").write_bytes(
        MIDDLE.revocations() if middle_list is None else middle_list
    )
    return keys.trust_list("clients")


def test_an_authority_makes_nobody_trusted(keys, tmp_path):
    clients = with_authorities(keys)
    assert clients.judge(LEAF.der).status == "BadCertificateUntrusted"
    trust(keys, LEAF.save(tmp_path)[0], user="agent")
    assert clients.judge(LEAF.der) is None


@pytest.mark.parametrize(
    ("lists", "status"),
    [
        ({"middle_list": MIDDLE.revocations(LEAF.certificate.serial_number)}, "Revoked"),
        ({"root_list": ROOT.revocations(MIDDLE.certificate.serial_number)}, "Revoked"),
        ({"middle_list": MIDDLE.revocations(fresh_until=NOW - DAY)}, "RevocationUnknown"),
        ({"middle_list": b"none"}, "RevocationUnknown"),
        ({"middle_list": Stranger(name="shop authority 2").revocations()}, "RevocationUnknown"),
    ],
    ids=["revoked", "its authority revoked", "old list", "no list", "another's list"],
)
def test_an_authority_takes_trust_back(keys, tmp_path, lists, status):
    clients = with_authorities(keys)
    trust(keys, LEAF.save(tmp_path)[0], user="agent")
    with_authorities(keys, **lists)
    assert clients.judge(LEAF.der).status == "BadCertificate" + status


def test_whoever_is_trusted_can_sign_for_nobody(keys, tmp_path):
    """The classic escalation: a trusted application signs a friend."""
    trusted = Stranger(name="trusted")
    trust(keys, trusted.save(tmp_path)[0], user="agent")
    friend = Stranger(name="friend", issuer=trusted)
    (keys.folder / "issuer" / "trusted.der").write_bytes(trusted.der)
    (keys.trusted("clients") / f"agent.{friend.digits[:16]}.der").write_bytes(friend.der)
    flaw = keys.trust_list("clients").judge(friend.der)
    assert flaw.status == "BadCertificateChainIncomplete"


# --- age -----------------------------------------------------------------------------------------


@given(st.integers(-4000, 4000))
def test_the_warning_names_the_nearest_limit_in_both_languages(days):
    warning = expiry_warning(days, "plc")
    if days > max(WARN_DAYS):
        assert warning is None
        return
    assert all("passline certs renew plc" in text for text in warning)
    if days < 0:
        assert "expired" in warning[0]
        assert "만료됨" in warning[1]
    else:
        limit = 7 if days <= 7 else 30 if days <= 30 else 60
        assert f"expires in {days} days (limit {limit})" in warning[0]
        assert f"{days}일 뒤 만료(기준 {limit}일)" in warning[1]


@pytest.mark.parametrize(("left", "limit"), [(61, None), (60, 60), (30, 30), (7, 7), (-2, 0)])
def test_the_list_warns_by_the_date(keys, left, limit):
    ends = load(keys.certificate("plc").read_bytes(), "plc").not_valid_after_utc
    (own,) = [
        row
        for row in survey(keys, ends - left * DAY)
        if (row.name, row.where) == ("plc", "own")
    ]  # fmt: skip
    assert own.days_left == left
    assert bool(own.english) == bool(own.korean) == (limit is not None)
    assert limit is None or ("expired" if limit == 0 else f"limit {limit}") in own.english


def test_the_list_is_complete_for_a_program(keys, capsys):
    (keys.folder / "issuer" / "root.der").write_bytes(ROOT.der)
    (keys.folder / "issuer" / "junk.pem").write_bytes(b"junk")
    assert command(keys, "list", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    found = [(row["where"], row["name"]) for row in rows]
    mine = [("own", name) for name in sorted((PLC, *USERS))]
    theirs = [("trusted/clients", name) for name in sorted(USERS)]
    assert found[:-2] == [*mine, *theirs, ("trusted/servers", PLC)]
    assert "is not a certificate" in next(r["english"] for r in rows if r["name"] == "junk")
    assert all(len(row["fingerprint"]) == 64 for row in rows if row["name"] != "junk")


# --- renewal -------------------------------------------------------------------------------------


def test_renewing_makes_a_new_key_and_keeps_the_old_certificate_for_the_overlap(keys, capsys):
    clients = keys.trust_list("clients")
    old, old_key = keys.certificate("agent").read_bytes(), keys.key("agent").read_bytes()
    assert command(keys, "renew", "agent", "--overlap", "10") == 0
    assert "restart agent" in capsys.readouterr().out
    new = keys.certificate("agent").read_bytes()
    assert new != old
    assert keys.key("agent").read_bytes() != old_key
    last = NOW + 10 * DAY
    assert clients.owners(new) == clients.owners(old, last) == {"agent"}
    assert clients.owners(old, last + DAY) == set()
    assert clients.owners(new, last + DAY) == {"agent"}
    kept = [row for row in survey(keys) if row.until]
    assert [(row.name, row.until) for row in kept] == [("agent", str(last.date()))]


def test_renewing_without_overlap_drops_the_old_one_at_once(keys):
    old = keys.certificate("plc").read_bytes()
    assert renew(keys, "plc", 0) is None
    servers = keys.trust_list("servers")
    assert servers.owners(old) == set()
    assert servers.owners(keys.server_certificate().read_bytes()) == {"plc"}


def test_renewing_twice_keeps_both_predecessors_and_revoking_takes_one(keys):
    made = []
    for _ in range(3):
        made.append(keys.certificate("gate").read_bytes())
        assert renew(keys, "gate") == NOW.date() + datetime.timedelta(days=30)
    clients = keys.trust_list("clients")
    assert all(clients.owners(der) == {"gate"} for der in made)
    lost = load(made[1], "lost")
    digits = next(row.fingerprint for row in survey(keys) if row.fingerprint and row.until)
    revoke(keys, digits)
    left = [der for der in made if clients.owners(der)]
    assert len(left) == 2
    assert lost is not None


def test_what_has_no_certificate_cannot_be_renewed(keys):
    with pytest.raises(ConfigError, match="is missing"):
        renew(keys, "nobody")
    with pytest.raises(ConfigError, match="less than 0"):
        renew(keys, "agent", -1)


def test_client_and_server_purposes_are_told_apart(keys, tmp_path):
    both = Stranger(name="both", purposes=(CLIENT, SERVER))
    file, _ = both.save(tmp_path)
    trust(keys, file, user="agent")
    trust(keys, file, server="other")
    assert keys.trust_list("servers").owners(both.der) == {"other"}
