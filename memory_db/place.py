"""Where a run's journal is: a file in its folder, or a schema of its own on a PostgreSQL server.

On a server the folder keeps the signed head, the locks and the indexes; a run is one of this home where its head is there.
An address without a driver is psycopg's; a password is better left to PGPASSWORD or ~/.pgpass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from agent.errors import ConfigError, JournalError
from agent.guard.signing import Signer
from agent.guard.vault import Vault
from memory_db.engine import create_file, reason
from memory_db.journal import Journal

JOURNAL_FILE = "journal.sqlite"
HEAD_FILE = "journal.head"
_SECONDS = "5"
_LONGEST = 63  # letters of a name on the server


@dataclass(frozen=True, slots=True)
class Place:
    """The journal of a run: its folder, and the address of the server where it is not a file in it."""

    folder: Path
    url: str | None = None

    @property
    def file(self) -> Path:
        """The file that is there when the journal is: itself, or the head of one on a server."""
        return self.folder / (JOURNAL_FILE if self.url is None else HEAD_FILE)

    def exists(self) -> bool:
        """Say whether this home has the journal."""
        return self.file.is_file()

    def open(self, signer: Signer, *, durable: bool, vault: Vault | None = None) -> Journal:
        """Open or create the journal; ConfigError or JournalError in one line when that cannot be."""
        if self.url is None:
            return Journal.open(self.file, signer, durable=durable, vault=vault)
        fresh = not self.exists()
        if fresh:
            self._on_server(f'CREATE SCHEMA IF NOT EXISTS "{self._schema}"')
            create_file(self.folder / f"{HEAD_FILE}.lock")
        address = self._address().update_query_dict({"options": f"-csearch_path={self._schema}"})
        return Journal.open(address.render_as_string(hide_password=False), signer, durable=durable, head=self.file, vault=vault)

    def discard(self) -> None:
        """Drop the journal of a server; the folder is the caller's to delete."""
        if self.url is not None:
            self._on_server(f'DROP SCHEMA IF EXISTS "{self._schema}" CASCADE')

    def refuse_server(self, command: str, instead: str) -> None:
        """ConfigError for a command that copies or rewrites files, naming what does it on a server."""
        if self.url is not None:
            raise ConfigError(f"{command} works on journals in files; memory.url names a server: {instead}")

    @property
    def _schema(self) -> str:
        # quoted, so only what would end the quotes or the option is replaced
        return f"tradecraft_{re.sub(r'[^A-Za-z0-9_]', '_', self.folder.name)}"[:_LONGEST]

    def _address(self) -> URL:
        try:
            address = make_url(self.url or "")
        except ArgumentError:
            raise ConfigError("memory.url is no address; write it like postgresql://user@host:5432/database") from None
        if address.get_backend_name() != "postgresql":
            raise ConfigError(f"memory.url names {address.get_backend_name()!r}; give postgresql://.. or leave it out for files")
        if address.drivername == "postgresql":
            address = address.set(drivername="postgresql+psycopg")
        return address if "connect_timeout" in address.query else address.update_query_dict({"connect_timeout": _SECONDS})

    def _on_server(self, statement: str) -> None:
        address = self._address()
        try:
            engine = create_engine(address)
        except (SQLAlchemyError, ImportError) as err:
            raise ConfigError(f"memory.url cannot be used: {err}; pip install 'tradecraft[postgres]'") from None
        try:
            with engine.begin() as connection:
                connection.execute(text(statement))
        except SQLAlchemyError as err:
            raise JournalError(
                f"server {address.render_as_string()} cannot be used: {reason(err)}; start it or correct memory.url"
            ) from None
        finally:
            engine.dispose()
