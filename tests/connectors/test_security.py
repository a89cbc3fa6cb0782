"""Keys, passwords and addresses: what is kept where, who can read it, and what a lab may do."""

import contextlib
import logging
import shutil
import sys
import textwrap

import pytest
from asyncua.ua.uaerrors import BadServerTooBusy
from hypothesis import given
from hypothesis import strategies as st

from passline.agents.cli import main
from passline.connectors.security import (
    PLC,
    USERS,
    Lab,
    Pki,
    Users,
    banner,
    check_bind,
    init,
    parse_lab,
)
from passline.connectors.security.lab import is_loopback
from passline.connectors.security.secret import fetch
from passline.connectors.security.upkeep import add_user
from passline.connectors.security.users import FREE, LONGEST, Backoff
from passline.plant_sim.errors import ConfigError

SECRET = "correct horse battery staple"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return init(tmp_path_factory.mktemp("made") / "pki")


@pytest.fixture
def keys(made, tmp_path):
    """A folder of keys of one's own; making them anew for every test would take seconds."""
    shutil.copytree(made.folder, tmp_path / "pki")
    return Pki(tmp_path / "pki")


# --- files ---------------------------------------------------------------------------------------


def test_what_is_secret_is_readable_by_its_owner_only(keys):
    private = [*keys.folder.glob("own/*.pem"), *keys.folder.glob("secrets/*")]
    assert len(private) == 2 * len((PLC, *USERS))
    assert {file.stat().st_mode & 0o777 for file in private} == {0o600}
    assert keys.folder.joinpath("users.json").stat().st_mode & 0o777 == 0o600
    folders = [keys.folder, *(keys.folder / part for part in ("own", "secrets", "rejected"))]
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o620, 0o644])
def test_a_key_that_others_can_read_or_write_is_refused(keys, mode):
    keys.key("gate").chmod(mode)
    with pytest.raises(ConfigError, match=r"mode .* can be read by other accounts; run: chmod 600"):
        keys.key("gate")


@pytest.mark.parametrize("mode", [0o701, 0o710, 0o755])
def test_a_key_in_a_folder_that_others_can_enter_is_refused(keys, mode):
    (keys.folder / "own").chmod(mode)
    with pytest.raises(ConfigError, match="chmod 700"):
        keys.key("gate")


def test_a_second_init_changes_nothing(keys):
    before = {file: file.read_bytes() for file in keys.folder.rglob("*") if file.is_file()}
    init(keys.folder)
    assert {f: f.read_bytes() for f in keys.folder.rglob("*") if f.is_file()} == before


def test_no_password_is_kept_on_the_servers_side(keys):
    table = (keys.folder / "users.json").read_text()
    for user in ("gate", "agent"):
        assert keys.password(user) not in table
        row = keys.users()[user]
        assert set(row) == {"salt", "scrypt"}
    assert keys.users()["gate"]["salt"] != keys.users()["agent"]["salt"]


# --- references to secrets -----------------------------------------------------------------------


def test_a_password_comes_from_the_environment(keys, monkeypatch):
    monkeypatch.setenv("PASSLINE_TEST_SECRET", SECRET)
    add_user(keys, "agent", "env:PASSLINE_TEST_SECRET")
    assert keys.password("agent") == SECRET
    everything = [f.read_bytes() for f in keys.folder.rglob("*") if f.is_file()]
    assert not any(SECRET.encode() in data for data in everything)
    monkeypatch.delenv("PASSLINE_TEST_SECRET")
    with pytest.raises(ConfigError, match="set the environment variable PASSLINE_TEST_SECRET"):
        keys.password("agent")


KEYRING = """
    from pathlib import Path
    def get_password(service, name):
        if (service, name) == ("locked", "agent"):
            from keyring.errors import KeyringError
            raise KeyringError("cannot show correct horse battery staple")
        known = {("passline", "agent"): "correct horse battery staple"}
        return known.get((service, name))
"""


@pytest.fixture
def keyring(tmp_path, monkeypatch):
    """The two names of the package `keyring` that are used; the real one asks a desktop."""
    package = tmp_path / "site" / "keyring"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(textwrap.dedent(KEYRING))
    (package / "errors.py").write_text("class KeyringError(Exception):\n    pass\n")
    monkeypatch.syspath_prepend(str(package.parent))
    yield
    for name in [name for name in sys.modules if name.split(".")[0] == "keyring"]:
        del sys.modules[name]


def test_a_password_comes_from_the_keyring(keys, keyring):
    add_user(keys, "agent", "keyring:passline/agent")
    assert keys.password("agent") == SECRET


def test_a_locked_keyring_is_said_without_its_words(keys, keyring):
    with pytest.raises(ConfigError, match="unlock the keyring") as refused:
        fetch("keyring:locked/agent", keys.folder)
    assert SECRET not in str(refused.value)
    with pytest.raises(ConfigError, match="keyring set passline nobody"):
        fetch("keyring:passline/nobody", keys.folder)


def test_without_the_package_the_keyring_says_what_to_install(keys, monkeypatch):
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(ConfigError, match="pip install keyring"):
        fetch("keyring:passline/agent", keys.folder)


def test_a_file_of_a_secret_must_be_private(keys, tmp_path):
    place = keys.folder / "secrets" / "elsewhere"
    place.write_text(SECRET + "\n")
    place.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        fetch("file:secrets/elsewhere", keys.folder)
    place.chmod(0o600)
    assert fetch("file:secrets/elsewhere", keys.folder) == SECRET
    assert fetch(f"file:{place}", tmp_path) == SECRET


@pytest.mark.parametrize("given", ["env:", "keyring:service", "keyring:/x", "ENV:X", ""])
def test_what_is_not_a_reference_is_refused(keys, given):
    with pytest.raises(ConfigError, match="use env:NAME, keyring:SERVICE/NAME or file:PATH"):
        add_user(keys, "agent", given)


def test_a_password_given_instead_of_a_reference_is_never_repeated(keys, capsys):
    with pytest.raises(SystemExit) as left:
        main(["certs", "user", "agent", "--password", SECRET, "--pki", str(keys.folder)])
    assert left.value.code == 2
    told = capsys.readouterr()
    assert "use env:NAME" in told.err
    assert SECRET not in told.out + told.err


def test_a_password_pasted_into_the_list_of_references_is_not_repeated(keys):
    (keys.folder / "secrets.yaml").write_text(f"agent: {SECRET}\n")
    with pytest.raises(ConfigError, match=r"secrets\.yaml") as refused:
        keys.password("agent")
    assert SECRET not in str(refused.value)
    (keys.folder / "secrets.yaml").write_text("agent: 4711471147114711\n")
    with pytest.raises(ConfigError) as refused:
        keys.password("agent")
    assert "4711" not in str(refused.value)


def test_a_short_password_is_refused_without_being_shown(keys, monkeypatch):
    monkeypatch.setenv("PASSLINE_TEST_SECRET", "hunter2")
    with pytest.raises(ConfigError, match="7 characters, fewer than 12") as refused:
        add_user(keys, "agent", "env:PASSLINE_TEST_SECRET")
    assert "hunter2" not in str(refused.value)


def test_a_modbus_key_that_is_none_is_not_shown(keys):
    (keys.folder / "secrets" / "modbus.key").write_text("not hex but secret")
    with pytest.raises(ConfigError, match="hexadecimal") as refused:
        keys.modbus_key()
    assert "secret" not in str(refused.value).replace("secrets/", "")
    assert refused.value.__cause__ is None


# --- users ---------------------------------------------------------------------------------------


def test_name_password_and_certificate_must_belong_to_one_another(keys):
    users = Users(keys)
    agent, gate = (keys.certificate(name).read_bytes() for name in ("agent", "gate"))
    word = keys.password("agent")
    assert users.get_user(None, "agent", word, agent).name == "agent"
    assert users.get_user(None, "agent", word.encode(), agent).name == "agent"
    for name, password, certificate in (
        ("agent", word, gate),
        ("gate", keys.password("gate"), agent),
        ("gate", word, gate),
        ("agent", "", agent),
        ("agent", None, agent),
        (None, None, agent),
        ("admin", "", agent),
        ("agent", word, None),
        (None, None, None),
        ("agent", word, keys.certificate("plc").read_bytes()),
    ):
        assert Users(keys).get_user(None, name, password, certificate) is None


def test_guessing_a_password_becomes_slow_and_locks_out_nobody_else(keys, caplog):
    now = [0.0]
    users = Users(keys, clock=lambda: now[0])
    agent, gate = (keys.certificate(name).read_bytes() for name in ("agent", "gate"))
    tried = 0
    while now[0] < 3600.0:
        with contextlib.suppress(BadServerTooBusy):
            assert users.get_user(None, "agent", f"guess {tried}", agent) is None
            tried += 1
            continue
        with pytest.raises(BadServerTooBusy):  # the right one as well, or the answer would tell
            users.get_user(None, "agent", keys.password("agent"), agent)
        now[0] += 30.0
    assert tried < FREE + 9 + 3600.0 / LONGEST + 1
    assert users.get_user(None, "gate", keys.password("gate"), gate).name == "gate"
    now[0] += LONGEST
    assert users.get_user(None, "agent", keys.password("agent"), agent).name == "agent"
    assert users.get_user(None, "agent", "slip", agent) is None  # forgotten: a slip is free again
    assert users.get_user(None, "agent", keys.password("agent"), agent).name == "agent"
    assert "guess" not in caplog.text


@given(st.lists(st.integers(0, 400), max_size=40))
def test_the_wait_never_exceeds_its_limit_and_ends(pauses):
    now = [0.0]
    backoff = Backoff(lambda: now[0])
    for pause in pauses:
        assert 0.0 <= backoff.failed("peer") <= LONGEST
        now[0] += pause
        assert 0.0 <= backoff.wait("peer") <= LONGEST
    now[0] += LONGEST
    assert backoff.wait("peer") == 0.0


# --- the laboratory ------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "[::1]"])
def test_loopback_needs_no_permission(host):
    check_bind("the server", host)


@pytest.mark.parametrize(
    "host",
    ["", "0.0.0.0", "::", "192.0.2.5", "plant.example", "127.0.0.1.example", "::ffff:1.2.3.4"],
)
def test_an_address_beyond_loopback_is_refused_in_one_sentence(host):
    with pytest.raises(ConfigError, match=r"not loopback .* use 127\.0\.0\.1, or .*--lab network"):
        check_bind("the server", host)
    with pytest.raises(ConfigError):
        check_bind("the server", host, Lab.OPEN)  # the other flag does not permit it
    check_bind("the server", host, Lab.NETWORK)


@given(st.ip_addresses())
def test_loopback_is_what_the_standards_say(address):
    number = int(address)
    mapped = address.version == 6 and number >> 32 == 0xFFFF
    four = address.version == 4 or mapped
    inside = (number & 0xFFFFFFFF) >> 24 == 127 if four else number == 1
    assert is_loopback(str(address)) == inside


def test_the_laboratory_warns_in_both_languages_and_a_plant_stays_silent():
    assert banner(Lab.OFF) == ""
    for lab in (Lab.NETWORK, Lab.OPEN, Lab.NETWORK | Lab.OPEN):
        told = banner(lab)
        assert "NOT FOR A PLANT" in told
        assert "실제 설비에 사용 금지" in told
    assert parse_lab(["open", "network"]).words == ["network", "open"]
    with pytest.raises(ConfigError, match="use network or open"):
        parse_lab(["yes"])


def test_the_plc_refuses_another_address_before_it_makes_anything(tmp_path, capsys):
    from passline.connectors.virtual_plc import process

    with pytest.raises(SystemExit) as left:
        process.main(["--dir", str(tmp_path / "run"), "--bind", "0.0.0.0"])
    assert left.value.code == 2
    assert "--lab network" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_warnings_of_an_ending_certificate_reach_the_log(keys, caplog):
    from passline.connectors.security.endpoint import _warn_of_expiry

    from .strangers import DAY, NOW, Stranger

    short = Stranger(name="agent", ends=NOW + 6 * DAY)
    (keys.folder / "own" / "agent.der").write_bytes(short.der)
    with caplog.at_level(logging.WARNING):
        _warn_of_expiry(keys, "agent")
    assert "expires in 5 days" in caplog.text
    assert "5일 뒤 만료" in caplog.text
