"""Homes: one folder with ``keys/`` (0600) and ``runs/<id>/``, each run with a journal and derived indexes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from agent.analysts.base import VOTERS as BASE_VOTERS
from agent.analysts.panel import VOTERS
from agent.embedding import Embedder, fastest
from agent.embedding.sentence import SentenceEmbedder
from agent.errors import ConfigError
from agent.guard.classifier import TOKEN, ClassifierLikeness, HttpClassifier
from agent.guard.detect import Likeness, together
from agent.guard.keys import HomeKeys
from agent.guard.likeness import ExemplarLikeness
from agent.guard.signing import Signer
from agent.guard.vault import Vault
from agent.learn.voters import VoterTable
from agent.market.situation import LAYOUT
from agent.settings import Settings, load
from agent.wiring.clock import wall_clock
from memory_db import sealing
from memory_db.copies import restore
from memory_db.journal import Journal
from memory_db.place import Place
from memory_db.store import MemoryStore
from skills.catalogue import Catalogue
from skills.meaning import Meaning
from skills.replay import copy_skills

STANDING_RUNS = ("paper", "live")


SCRATCH_RUN = "scratch"


def signer_for(home: Path, principal: str = "agent") -> Signer:
    """The principal's key, made on first need."""
    return Signer.load_or_create(home, principal)


def run_folder(home: Path, run: str) -> Path:
    """Where a run keeps its journal; refuses names that would leave the home."""
    if not run or run != Path(run).name or run.startswith("."):
        raise ConfigError(f"--run {run!r} is not a run's name; `tradecraft doctor` lists the runs there are")
    return home / "runs" / run


def run_place(home: Path, run: str) -> Place:
    """Where a run's journal is: in its folder, or on the server that the setting ``memory.url`` names."""
    url = load(Path.cwd())[0].memory.url
    return Place(run_folder(home, run), url.get_secret_value() if url else None)


def discard_run(home: Path, run: str) -> None:
    """Delete a run with its journal; nothing where there is none."""
    place = run_place(home, run)
    if place.exists():
        place.discard()
    if place.folder.exists():
        shutil.rmtree(place.folder)


def run_names(home: Path) -> list[str]:
    """Every run of a home, the one written last first."""
    files = (home / "runs").glob(f"*/{run_place(home, 'any').file.name}")
    return [p.parent.name for p in sorted(files, key=lambda p: p.stat().st_mtime_ns, reverse=True)]


def open_journal(home: Path, run: str) -> Journal:
    """A run's journal; paper and live are made when they are not there, any other must exist (ConfigError)."""
    place = run_place(home, run)
    if run not in STANDING_RUNS and not place.exists():
        have = ", ".join(run_names(home)) or "none yet"
        raise ConfigError(f"run {run!r} has no journal in {home}; runs there: {have}")
    return place.open(signer_for(home), durable=True, vault=Vault(home))


@contextmanager
def open_catalogue(
    home: Path, run: str, settings: Settings, ask: Callable[[], str] | None = None
) -> Iterator[tuple[Journal, Catalogue]]:
    """A run's journal and skills, for reading and for orders by a person; ``ask`` gets the operator's passphrase."""
    keys = HomeKeys(home, ask)
    with open_journal(home, run) as journal:
        yield (
            journal,
            Catalogue.open(journal, settings.skills, started=wall_clock(), shipped=run in STANDING_RUNS, keys=keys),
        )


@contextmanager
def open_meaning(home: Path, run: str, journal: Journal, settings: Settings) -> Iterator[Meaning]:
    """The meaning of a run's skills, by the embedder that the settings name; its collection lies with the run's other indexes."""
    folder = run_folder(home, run) / "index" / "skills"
    meaning = Meaning(journal, text_embedder(settings), folder, settings.skills.exact_below)
    try:
        yield meaning
    finally:
        meaning.close()


def likeness(settings: Settings) -> Likeness:
    """The measure of likeness to known attacks, on the embedder that the settings name; with their classifier, if any."""
    own = ExemplarLikeness(text_embedder(settings))
    if settings.guard.classifier_url is None:
        return own
    asked = HttpClassifier(settings.guard.classifier_url, settings.guard.classifier_seconds, os.environ.get(TOKEN))
    return together(own, ClassifierLikeness(asked))


@contextmanager
def open_scratch(
    home: Path, run: str | None, source: str | None, settings: Settings, started: datetime | None
) -> Iterator[tuple[Journal, Catalogue]]:
    """A run for replays that begins with another run's skills (default: paper's), statistics from zero.

    Without a name it is made anew each time; a named one is kept and added to. Standing runs are refused.
    """
    if run in STANDING_RUNS:
        raise ConfigError(f"--run {run} keeps real books; give another name, or none for a scratch run")
    if run is None:
        discard_run(home, SCRATCH_RUN)
    at = started or wall_clock()
    with open_catalogue(home, source or "paper", settings) as (_, there):
        skills = [(skill, there.standings[skill.key]) for skill in there.versions()]
    with run_place(home, run or SCRATCH_RUN).open(signer_for(home), durable=False) as journal:
        catalogue = Catalogue.open(journal, settings.skills, started=at, shipped=False)
        if not catalogue.skills:
            with journal.write() as w:
                copy_skills(w, catalogue, skills, at)
        yield journal, catalogue


@contextmanager
def open_memory_of(home: Path, run: str, settings: Settings) -> Iterator[MemoryStore]:
    """A run's memory; any run but paper and live must exist (ConfigError)."""
    open_journal(home, run).close()
    store = open_memory(home, run, settings, durable=True)
    try:
        yield store
    finally:
        store.close()


def restore_journal(home: Path, run: str, source: Path) -> int:
    """Put a backup in a run's place and drop the run's indexes; return how many facts it holds."""
    place = run_place(home, run)
    place.refuse_server("memory restore", "restore there with the server's own tools (pg_restore)")
    count = restore(source, place.file, signer_for(home), Vault(home))
    shutil.rmtree(place.folder / "index", ignore_errors=True)
    return count


def encrypt_run(home: Path, run: str, progress: Callable[[str, int, int], None]) -> int:
    """Encrypt a run's memory; return how many facts it holds."""
    place = run_place(home, run)
    place.refuse_server("memory encrypt", "encrypt the server's disk, or keep the run in a file")
    open_journal(home, run).close()
    return sealing.encrypt(place.file, signer_for(home), Vault(home), wall_clock(), progress)


def rotate_memory_key(home: Path, progress: Callable[[str, int, int], None]) -> int:
    """Seal every encrypted run of a home with a newer key; return how many facts they hold."""
    run_place(home, "any").refuse_server("memory rotate-key", "no journal on it is encrypted")
    paths = [run_place(home, run).file for run in run_names(home)]
    return sealing.rotate(paths, signer_for(home), Vault(home), wall_clock(), progress)


def restored_voters(journal: Journal, settings: Settings) -> VoterTable:
    """The voter table as a run's journal has it."""
    table = VoterTable(VOTERS if settings.consult.analysts else tuple(BASE_VOTERS), settings.learning)
    table.restore(journal.state("voters"))
    return table


def text_embedder(settings: Settings) -> Embedder:
    """The text embedder the settings name; its export is kept once per user, for every home."""
    base = os.environ.get("XDG_CACHE_HOME")
    cache = (Path(base) if base else Path("~/.cache").expanduser()) / "tradecraft"
    return fastest(SentenceEmbedder(settings.embedding), settings.embedding, cache)


def open_memory(home: Path, run: str, settings: Settings, *, durable: bool) -> MemoryStore:
    """A run's memory, created when it is not there."""
    return MemoryStore.open(
        run_folder(home, run),
        signer=signer_for(home),
        embedder=text_embedder(settings),
        settings=settings,
        durable=durable,
        layout=LAYOUT,
        vault=Vault(home),
    )
