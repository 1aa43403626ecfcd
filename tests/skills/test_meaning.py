from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from memory_db.index import Index
from memory_db.journal import Journal
from skills.catalogue import Catalogue, stored
from skills.meaning import Meaning
from skills.rows import Standing
from skills.schema import parse_draft
from skills.search import find, shelf_of
from tests.memory_db.fakes import HashingEmbedder
from tests.skills.build import START, draft, opened

MANY = 700
WORDS = ("gap", "squall", "ebb", "tide", "crest", "swell", "shoal", "eddy", "surge", "calm", "drift", "spray")


def fill(journal: Journal, catalogue: Catalogue, count: int, start: int = 0) -> None:
    with journal.write() as w:
        for k in range(start, start + count):
            words = [WORDS[k % 12], WORDS[k // 12 % 12], WORDS[k // 144 % 12]]
            document = draft(f"skill-{k}", description=f"Buys a {words[0]} after a {words[1]} and a {words[2]}.")
            skill = stored(parse_draft(document), version=1, origin="learned", trust="model", writer="agent", at=START)
            catalogue.add_version(w, skill, Standing("active", START, "test", "test", "agent"))


@contextmanager
def meaning_of(journal: Journal, folder: Path, exact_below: int) -> Iterator[tuple[Meaning, HashingEmbedder]]:
    embedder = HashingEmbedder()
    meaning = Meaning(journal, embedder, folder / "skills", exact_below)
    yield meaning, embedder
    meaning.close()


def best(catalogue: Catalogue, meaning: Meaning, query: str) -> list[str]:
    shelf = shelf_of(catalogue)
    return [hit["name"] for hit in find(shelf, catalogue, query, k=3, cosines=meaning.cosines(shelf, query))]


def test_a_shortlist_finds_what_comparing_every_skill_finds(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        fill(journal, catalogue, MANY)
        with meaning_of(journal, tmp_path, MANY + 1) as (meaning, _):
            assert meaning.refresh(catalogue.versions(), 64) == MANY
            asked = [f"buys a {one} after a {two}" for one in WORDS[:4] for two in WORDS[4:8]]
            exact = [best(catalogue, meaning, query) for query in asked]
        with meaning_of(journal, tmp_path, 10) as (meaning, embedder):
            assert meaning.refresh(catalogue.versions(), 64) == 0
            assert embedder.embedded == []
            assert (tmp_path / "skills" / "state.json").exists()
            assert [best(catalogue, meaning, query) for query in asked] == exact


def test_a_new_skill_is_found_before_the_collection_knows_it(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        fill(journal, catalogue, MANY)
        with meaning_of(journal, tmp_path, 10) as (meaning, _):
            meaning.refresh(catalogue.versions(), 64)
        with journal.write() as w:
            late = parse_draft(draft("late-comer", description="Buys when the harbour freezes."))
            skill = stored(late, version=1, origin="learned", trust="model", writer="agent", at=START)
            catalogue.add_version(w, skill, Standing("active", START, "test", "test", "agent"))
        with meaning_of(journal, tmp_path, MANY + 10) as (meaning, _):
            meaning.refresh(catalogue.versions(), 64)  # the vector, without the collection
        with meaning_of(journal, tmp_path, 10) as (meaning, _):
            assert best(catalogue, meaning, "harbour freezes")[0] == "late-comer"


def test_a_composite_is_found_by_the_meaning_of_its_components(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        fill(journal, catalogue, 2)
        with journal.write() as w:
            parts = [catalogue.get("skill-0").id, catalogue.get("skill-1").id]
            document = draft("joined", description="Both at once.", sub_skills=parts)
            skill = stored(parse_draft(document), version=1, origin="composed", trust="model", writer="agent", at=START)
            catalogue.add_version(w, skill, Standing("active", START, "test", "test", "agent"))
        shelf = shelf_of(catalogue)
        with meaning_of(journal, tmp_path, 100) as (meaning, embedder):
            meaning.refresh(shelf.skills, 64)
            row = [one.name for one in shelf.skills].index("joined")
            alone = float(embedder.embed(["joined Both at once."])[0] @ embedder.embed(["gap squall"])[0])
            assert meaning.cosines(shelf, "gap squall")[row] > alone + 0.1


def test_a_damaged_collection_loses_nothing_and_is_built_anew(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        fill(journal, catalogue, MANY)
        with meaning_of(journal, tmp_path, 10) as (meaning, _):
            meaning.refresh(catalogue.versions(), 64)
            before = best(catalogue, meaning, "buys a gap after a tide")
        for path in (tmp_path / "skills").rglob("*.bin"):
            path.write_bytes(b"")
        with meaning_of(journal, tmp_path, 10) as (meaning, _):
            assert best(catalogue, meaning, "buys a gap after a tide") == before
            meaning.refresh(catalogue.versions(), 64)
            assert best(catalogue, meaning, "buys a gap after a tide") == before
        assert (tmp_path / "skills" / "chroma-2").is_dir()


def test_another_owner_of_the_collection_does_not_change_the_answer(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        fill(journal, catalogue, MANY)
        with meaning_of(journal, tmp_path, 10) as (meaning, _):
            meaning.refresh(catalogue.versions(), 64)
            before = best(catalogue, meaning, "buys an ebb after a surge")
        other = Index(tmp_path / "skills", "another process")
        assert other.owned()
        with meaning_of(journal, tmp_path, 10) as (meaning, _):
            meaning.refresh(catalogue.versions(), 64)
            assert best(catalogue, meaning, "buys an ebb after a surge") == before
        other.close()


def test_the_collection_holds_no_word_of_a_skill(tmp_path: Path) -> None:
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        fill(journal, catalogue, MANY)
        with meaning_of(journal, tmp_path, 10) as (meaning, _):
            meaning.refresh(catalogue.versions(), 64)
        files = [path for path in (tmp_path / "skills").rglob("*") if path.is_file()]
        assert files
        assert not any(b"squall" in path.read_bytes() for path in files)
