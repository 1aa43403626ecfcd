"""Chroma as a proposer: collections of vectors that name candidates, never the store of record.

Only vectors and fact numbers go in; whatever is asked is ranked again by exact distances.
A generation is a directory of its own, and ``state.json`` beside it says how far each
collection got and how large its files were. On open the configuration, count, file sizes and
a probe are compared: any doubt raises ``IndexDoubt``, and the index is built anew.
"""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from chromadb.api.client import Client
    from chromadb.api.models.Collection import Collection

Progress = Callable[[str, int, int], None]
Space = Literal["l2", "cosine"]
Seqs = NDArray[np.int64]
Matrix = NDArray[np.float32]
BATCH = 5000
# on real situations this finds all of the exact scan's ten; 400 and 48 find no more and take twice as long to build
_HNSW = {"ef_construction": 128, "ef_search": 400, "max_neighbors": 24}
_SAME = 1e-4
NOT_BUILT = "there is no index yet"


class IndexDoubt(Exception):
    """The index may not be what was built; it has to be built anew."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a collection got: the last fact looked at, and how many vectors it holds."""

    watermark: int
    count: int


class ChromaIndex:
    """The collections of one generation, opened by the one process that owns the directory."""

    def __init__(self, folder: Path, journal: str, generation: int, marks: dict[str, Mark]) -> None:
        """Open the client of ``folder/chroma-<generation>``; IndexDoubt if Chroma cannot."""
        # half a second: only who indexes or asks a large memory pays for it
        import chromadb
        import chromadb.config
        import chromadb.errors

        self._folder = folder
        self._journal = journal
        self._generation = generation
        self._marks = marks
        # what a torn store makes Chroma raise; its bindings turn file errors into these
        self._errors = (chromadb.errors.ChromaError, ValueError, OSError, KeyError, RuntimeError)
        self._path = folder / f"chroma-{generation}"
        self._collections: dict[str, Collection] = {}
        try:
            settings = chromadb.config.Settings(anonymized_telemetry=False)
            # what it returns can be closed, which its declared type does not say
            self._client = cast("Client", chromadb.PersistentClient(path=str(self._path), settings=settings))
        except self._errors as err:
            raise IndexDoubt(f"chroma cannot open {self._path}: {err}") from None
        self._path.chmod(0o700)

    @classmethod
    def open(cls, folder: Path, journal: str) -> ChromaIndex:
        """Open the generation that ``state.json`` names; IndexDoubt if there is none, it was cut or is another journal's."""
        try:
            raw = json.loads((folder / "state.json").read_text(encoding="utf-8"))
            marks = {name: Mark(**mark) for name, mark in raw["marks"].items()}
            generation, files, owner = int(raw["generation"]), dict(raw["files"]), str(raw["journal"])
        except (OSError, ValueError, KeyError, TypeError):
            raise IndexDoubt(NOT_BUILT) from None
        if owner != journal:
            raise IndexDoubt("the index follows another journal")
        path = folder / f"chroma-{generation}"
        for name, size in files.items():
            file = path / name
            if not file.is_file() or file.stat().st_size < size:
                raise IndexDoubt(f"{name} is missing or cut")
        return cls(folder, journal, generation, marks)

    @classmethod
    def create(cls, folder: Path, journal: str) -> ChromaIndex:
        """Start an empty generation after every other one, whose files are removed once this one is saved."""
        existing = [int(path.name.removeprefix("chroma-")) for path in folder.glob("chroma-*") if path.name[7:].isdigit()]
        index = cls(folder, journal, max(existing, default=0) + 1, {})
        index.save()
        for old in existing:
            shutil.rmtree(folder / f"chroma-{old}", ignore_errors=True)
        return index

    def mark(self, name: str) -> Mark:
        """Return how far a collection got."""
        return self._marks.get(name, Mark(0, 0))

    def add(self, name: str, space: Space, batches: Iterable[tuple[Seqs, Matrix, int]], progress: Progress | None = None) -> int:
        """Take in batches of (fact numbers, vectors, watermark after them); return how many rows. Resumable after each."""
        added = 0
        try:
            collection = self._collection(name, space)
            for seqs, matrix, watermark in batches:
                for low in range(0, len(seqs), BATCH):
                    ids = [str(seq) for seq in seqs[low : low + BATCH]]
                    collection.upsert(ids=ids, embeddings=matrix[low : low + BATCH])
                self._marks[name] = Mark(watermark, collection.count())
                self.save()
                added += len(seqs)
                if progress:
                    progress(name, added, added)
        except self._errors as err:
            raise IndexDoubt(f"chroma cannot write {name}: {err}") from None
        return added

    def propose(self, name: str, space: Space, vector: Matrix, n: int) -> Seqs:
        """Return the numbers of about the ``n`` nearest facts."""
        return self._nearest(name, space, vector, n)[0]

    def check(self, name: str, space: Space, count: int, probes: Matrix) -> None:
        """Compare count and configuration, and look for stored vectors; IndexDoubt if anything differs."""
        expected = self.mark(name).count
        try:
            found = self._collection(name, space).count()
        except self._errors as err:
            raise IndexDoubt(f"chroma cannot count {name}: {err}") from None
        if not found == expected == count:
            raise IndexDoubt(f"{name} holds {found} vectors, not {count}")
        for probe in probes:
            distances = self._nearest(name, space, probe, 1)[1]
            if not len(distances) or distances[0] > _SAME:
                raise IndexDoubt(f"{name} does not find a vector it holds")

    def _nearest(self, name: str, space: Space, vector: Matrix, n: int) -> tuple[Seqs, Matrix]:
        n = min(n, self.mark(name).count)
        if n == 0:
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        try:
            found = self._collection(name, space).query(query_embeddings=vector[None, :], n_results=n, include=["distances"])
        except self._errors as err:
            raise IndexDoubt(f"chroma cannot search {name}: {err}") from None
        distances = found["distances"] or [[]]
        return np.array([int(seq) for seq in found["ids"][0]], dtype=np.int64), np.array(distances[0], dtype=np.float32)

    def close(self) -> None:
        """Let go of the files; Chroma would else answer a later open from what it has in memory, however old."""
        self._collections.clear()
        self._client.close()

    def save(self) -> None:
        """Write ``state.json`` in one step."""
        files = {}
        for path in sorted(self._path.rglob("*")):
            path.chmod(0o700 if path.is_dir() else 0o600)
            if path.is_file() and not path.name.startswith("chroma.sqlite3-"):
                files[str(path.relative_to(self._path))] = path.stat().st_size
        marks = {name: {"watermark": mark.watermark, "count": mark.count} for name, mark in sorted(self._marks.items())}
        draft = self._folder / "state.json.new"
        content = {"journal": self._journal, "generation": self._generation, "marks": marks, "files": files}
        draft.write_text(json.dumps(content), encoding="utf-8")
        draft.chmod(0o600)
        draft.replace(self._folder / "state.json")

    def _collection(self, name: str, space: Space) -> Collection:
        if name not in self._collections:
            self._collections[name] = self._make(name, space) if self.mark(name).count == 0 else self._get(name)
            found = _configuration(self._collections[name])
            if any(found.get(key) != value for key, value in {**_HNSW, "space": space}.items()):
                raise IndexDoubt(f"{name} was made with {found}")
        return self._collections[name]

    def _make(self, name: str, space: Space) -> Collection:
        # one that was cut off before its first mark is not trusted
        if name in {collection.name for collection in self._client.list_collections()}:
            self._client.delete_collection(name)
        # embedding_function=None everywhere: the default one downloads a model
        configuration: Any = {"hnsw": {"space": space, **_HNSW}}
        return self._client.create_collection(name, embedding_function=None, configuration=configuration)

    def _get(self, name: str) -> Collection:
        return self._client.get_collection(name, embedding_function=None)


def _configuration(collection: Collection) -> dict[str, Any]:
    with warnings.catch_warnings():
        # chromadb warns of its own stored form of "no embedding function"
        warnings.simplefilter("ignore", DeprecationWarning)
        return dict(collection.configuration.get("hnsw") or {})
