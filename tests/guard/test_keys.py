"""Without these an unattended loop, or whoever copies its files, could speak as the operator."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from agent.errors import ConfigError
from agent.guard.keys import PASSPHRASE, HomeKeys
from agent.guard.principals import PRINCIPALS, TABLE, principal_named, require
from agent.guard.signing import Signer


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(PASSPHRASE, "correct horse battery")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    return tmp_path


def test_keys_signature_binds_holder_purpose_and_content(home: Path) -> None:
    keys = HomeKeys(home)
    signature = keys.sign("agent", "version", {"a": 1})
    assert HomeKeys(home).genuine("agent", "version", {"a": 1}, signature)
    assert not keys.genuine("agent", "version", {"a": 2}, signature)
    assert not keys.genuine("agent", "standing", {"a": 1}, signature)
    assert not keys.genuine("importer", "version", {"a": 1}, signature)
    assert not keys.genuine("agent", "version", {"a": 1}, None)
    assert not keys.genuine("agent", "version", {"a": 1}, signature.upper())


def test_keys_operator_needs_the_passphrase_and_verifies_without(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signature = HomeKeys(home).sign("operator", "approval", "x")
    monkeypatch.delenv(PASSPHRASE)
    closed = HomeKeys(home)
    assert closed.genuine("operator", "approval", "x", signature)
    with pytest.raises(ConfigError, match=PASSPHRASE):
        closed.sign("operator", "approval", "y")
    with pytest.raises(ConfigError, match="does not open"):
        HomeKeys(home, lambda: "another phrase").sign("operator", "approval", "y")


def test_keys_operator_file_is_encrypted_and_private(home: Path) -> None:
    HomeKeys(home).signer("operator")
    path = home / "keys" / "operator.pem"
    assert b"ENCRYPTED" in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_keys_short_passphrase_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSPHRASE, "short")
    with pytest.raises(ConfigError, match="5 characters"):
        HomeKeys(home).signer("operator")


def test_keys_changed_passphrase_opens_the_same_key_and_the_old_one_no_longer_does(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signature = HomeKeys(home).sign("operator", "approval", "x")
    with pytest.raises(ConfigError, match="5 characters"):
        HomeKeys(home).change_passphrase("short")
    HomeKeys(home).change_passphrase("another long phrase")
    assert stat.S_IMODE((home / "keys" / "operator.pem").stat().st_mode) == 0o600
    with pytest.raises(ConfigError, match="does not open"):
        HomeKeys(home).sign("operator", "approval", "y")
    monkeypatch.setenv(PASSPHRASE, "another long phrase")
    keys = HomeKeys(home)
    assert keys.genuine("operator", "approval", "x", signature)
    assert keys.genuine("operator", "approval", "y", keys.sign("operator", "approval", "y"))
    assert sorted(path.name for path in (home / "keys").iterdir()) == ["operator.pem", "operator.pub"]


def test_keys_no_passphrase_is_changed_where_there_is_no_operator(home: Path) -> None:
    with pytest.raises(ConfigError, match="no operator key"):
        HomeKeys(home).change_passphrase("another long phrase")


def test_keys_without_an_operator_nothing_is_genuinely_his(home: Path, tmp_path: Path) -> None:
    forged = Signer.load_or_create(tmp_path / "other", "operator")
    assert not HomeKeys(home).genuine("operator", "approval", "x", f"{forged.key_id}:{forged.sign(b'x').hex()}")


def test_keys_listing_never_holds_a_key(home: Path) -> None:
    keys = HomeKeys(home)
    keys.signer("agent")
    assert {row["principal"] for row in keys.listing()} == {"operator", "agent", "importer"}
    assert "PRIVATE" not in str(keys.listing())


def test_principals_only_an_operator_approves_or_revokes() -> None:
    for principal in PRINCIPALS:
        for act in ("approve", "reject", "restore", "revoke-source"):
            if principal == "operator":
                require(principal, act)
            else:
                with pytest.raises(ConfigError, match=f"may not {act}"):
                    require(principal, act)
    assert TABLE["outside"].trust == "outside"
    with pytest.raises(ConfigError, match="no principal"):
        principal_named("root")
