import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from agent.errors import ConfigError
from agent.guard.signing import Signer, verify

ROOT = Path(__file__).parents[2]


def test_signer_same_folder_twice_is_the_same_key(tmp_path: Path) -> None:
    first, second = (Signer.load_or_create(tmp_path, "agent") for _ in range(2))
    assert first.key_id == second.key_id
    assert second.verify(b"head", first.sign(b"head"))


def test_signer_key_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    Signer.load_or_create(tmp_path / "home", "agent")
    keys = tmp_path / "home" / "keys"
    assert stat.S_IMODE((keys / "agent.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    assert [path.name for path in keys.iterdir()] == ["agent.pem"]


def test_signature_changed_data_or_other_key_is_refused(tmp_path: Path) -> None:
    agent, operator = Signer.load_or_create(tmp_path, "agent"), Signer.load_or_create(tmp_path, "operator")
    signature = agent.sign(b"size 0.1")
    assert not agent.verify(b"size 0.9", signature)
    assert not operator.verify(b"size 0.1", signature)
    assert not agent.verify(b"size 0.1", b"short")
    assert verify(agent.public_key, b"size 0.1", signature)


@pytest.mark.parametrize("content", [b"", b"not a key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_signer_broken_key_is_one_line_and_is_not_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keys" / "agent.pem"
    path.parent.mkdir()
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigError, match=r"agent\.pem is not a PEM private key") as caught:
        Signer.load_or_create(tmp_path, "agent")
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == content


def test_signer_key_open_to_others_is_refused(tmp_path: Path) -> None:
    Signer.load_or_create(tmp_path, "agent")
    (tmp_path / "keys" / "agent.pem").chmod(0o644)
    with pytest.raises(ConfigError, match="0644"):
        Signer.load_or_create(tmp_path, "agent")


@pytest.mark.parametrize("name", ["", "../agent", "Agent", "a b", "a" * 65])
def test_signer_principal_that_is_no_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="principal"):
        Signer.load_or_create(tmp_path, name)


def test_signer_folder_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(ConfigError, match="cannot be used"):
        Signer.load_or_create(tmp_path / "home", "agent")


def test_signer_made_by_four_processes_at_once_is_one_key(tmp_path: Path) -> None:
    code = """
import sys, pathlib
from agent.guard.signing import Signer
print(Signer.load_or_create(pathlib.Path(sys.argv[1]), "agent").key_id)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True, env=environment)
        for _ in range(4)
    ]
    keys = {process.communicate()[0].strip() for process in running}
    assert keys == {Signer.load_or_create(tmp_path, "agent").key_id}
