"""How much detection at the write door catches and how often it cries wolf, source by source.

Reads a folder of ``malicious_*.jsonl`` and ``benign_*.jsonl`` with ``{"id","text","tier"?}`` a line; texts
of tier ``context`` are left out, since nothing in them tells them from harmless ones. "Left out" is
the catch without the rules and exemplars that were written after reading that source, and with it the
nearest thing to an unseen source that hand-written ones have. Half of the rows (by hash of id) may have been
read while rules were written; ``unread`` is the other half.

    python -m evals.write_door --corpora DIR [--every N] [--no-likeness]
"""

from __future__ import annotations

import argparse
import base64
import codecs
import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from agent.embedding.embedder import Embedder, Vectors
from agent.guard.detect import detect, judge
from agent.guard.likeness import ExemplarLikeness
from agent.guard.rules import RuleSet, rule_set

ENCODINGS: dict[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "url": lambda text: quote(text, safe="").replace("%20", "+"),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "leetspeak": lambda text: text.translate(str.maketrans("aeiost", "43105+".replace("+", "7"))),
    "base64 twice": lambda text: base64.b64encode(base64.b64encode(text.encode())).decode(),
}


def rows(path: Path, every: int) -> Iterator[dict[str, Any]]:
    """Yield every n-th row of a corpus that carries its attack in its own words."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file):
            row = json.loads(line)
            if number % every == 0 and row.get("tier") != "context":
                yield row


def unread(ident: str) -> bool:
    """Say whether a row is of the half that nobody looked at while writing rules."""
    return int(hashlib.sha256(ident.encode()).hexdigest(), 16) % 2 == 1


class Remembering:
    """An embedder that embeds a text once: a source is measured twice, with and without what was written after it."""

    def __init__(self, embedder: Embedder) -> None:
        """Take the embedder that is asked for what is new."""
        self._embedder, self._known = embedder, dict[str, Vectors]()
        self.fingerprint, self.dimension = embedder.fingerprint, embedder.dimension

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one unit row per text."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(fresh, self._embedder.embed(fresh), strict=True))
        return np.stack([self._known[text] for text in texts])


def measured(path: Path, every: int, embedder: Remembering | None) -> dict[str, Any]:
    """Return one corpus' figures: shares rejected and quarantined, with and without its own rules, and milliseconds."""
    source = path.stem.partition("_")[2]
    likeness = None if embedder is None else ExemplarLikeness(embedder)
    others = None if embedder is None else ExemplarLikeness(embedder, frozenset({source}))
    without: RuleSet = rule_set(frozenset({source}))
    seen, left_out, fresh, spent = [], [], [], []
    for row in rows(path, every):
        started = time.perf_counter()
        verdict = judge(detect(row["text"], likeness=likeness))
        spent.append((time.perf_counter() - started) * 1000)
        seen.append(verdict)
        fresh += [verdict] if unread(row["id"]) else []
        left_out.append(judge(detect(row["text"], rules=without, likeness=others)))
    spent.sort()
    return {
        "source": path.stem,
        "n": len(seen),
        "reject": _share(seen, "reject"),
        "quarantine": _share(seen, "quarantine"),
        "unread_caught": 1 - _share(fresh, "accept"),
        "left_out_caught": 1 - _share(left_out, "accept"),
        "ms_p50": round(spent[len(spent) // 2], 2),
        "ms_max": round(spent[-1], 1),
    }


def encoded(folder: Path, every: int, embedder: Remembering | None) -> dict[str, dict[str, float]]:
    """Return, by encoding, the share of all attacks that is caught encoded, and of those that are caught in plain words."""
    likeness = None if embedder is None else ExemplarLikeness(embedder)
    texts = [row["text"][:2000] for path in sorted(folder.glob("malicious_*.jsonl")) for row in rows(path, every)]
    plain = np.array([judge(detect(text, likeness=likeness)) != "accept" for text in texts])
    found = {}
    for name, encode in ENCODINGS.items():
        caught = np.array([judge(detect(encode(text), likeness=likeness)) != "accept" for text in texts])
        found[name] = {"of all": float(caught.mean()), "of those caught plain": float(caught[plain].mean())}
    return found


def _share(verdicts: list[Any], wanted: str) -> float:
    return sum(verdict == wanted for verdict in verdicts) / len(verdicts) if verdicts else 0.0


def main() -> int:
    """Print a line of JSON a corpus, then the averages over attack sources."""
    parser = argparse.ArgumentParser(description="Measure detection on a folder of corpora.")
    parser.add_argument("--corpora", type=Path, required=True)
    parser.add_argument("--every", type=int, default=1, help="take every n-th row")
    parser.add_argument("--no-likeness", action="store_true", help="rules alone")
    given = parser.parse_args()
    paths = sorted(given.corpora.glob("*.jsonl"))
    if not paths:
        sys.stderr.write(f"error: --corpora {given.corpora} holds no .jsonl; give the folder of corpora\n")
        return 2
    embedder = None if given.no_likeness else Remembering(_embedder())
    found = []
    for path in paths:
        found.append(measured(path, given.every, embedder))
        print(json.dumps(found[-1]), flush=True)
    attacks = [figures for figures in found if figures["source"].startswith("malicious_")]
    known = [figures["reject"] + figures["quarantine"] for figures in attacks]
    blind = [figures["left_out_caught"] for figures in attacks]
    summary = {"caught": sum(known) / len(known), "left_out": sum(blind) / len(blind)} if attacks else {}
    print(json.dumps({"mean over attack sources": summary, "encoded": encoded(given.corpora, given.every, embedder)}))
    return 0


def _embedder() -> Embedder:
    from agent.settings import Settings
    from agent.wiring.homes import text_embedder

    found = text_embedder(Settings())
    found.embed(["the model is loaded before anything is timed"])
    return found


if __name__ == "__main__":
    sys.exit(main())
