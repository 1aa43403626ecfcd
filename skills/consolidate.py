"""Consolidation: two skills that say nearly the same become one, in one transaction that can be taken back.

Near-duplicates are alike in their words (or meaning, where vectors are given) *and* hold on the same bars:
neither is enough alone, since texts cannot tell RSI 28 from RSI 72. The better of the two, by the lower
bound of its reliability, gives the typed part; the other's executions are added where it had none for
the decision, so no decision counts twice. Order of work: write the merged version, check it, archive the sources.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from agent.errors import ConfigError
from agent.guard.principals import Principal, require
from agent.market.features import FeatureFrame
from agent.settings import Growing
from memory_db.writer import Writer
from skills.admit import Admission, admit
from skills.breakdown import executions_of
from skills.catalogue import Catalogue
from skills.conditions import overlap
from skills.lifecycle import MODES, SIZED, UNSOUND, Mode, Transition
from skills.meaning import pairs_above, telling
from skills.priors import prior_of
from skills.records import COUNTS_SPACE, UNKNOWN_REGIME, Record, counts_key
from skills.reliability import lower_bound
from skills.schema import Skill, parse_draft
from skills.staged import Staged
from skills.tree import leaves

SPACE = "skill_merges"
_WORDS_MOST = 12
Likeness = Callable[[Sequence[Skill], float], Iterable[tuple[int, int, float]]]
"""Takes skills, yields each two (as places among them) that are at least so alike in their texts, with the cosine."""


@dataclass(frozen=True, slots=True)
class Twins:
    """Two near-duplicates, the better first: how alike their texts are, and on what share of the bars of either both hold."""

    keep: Skill
    drop: Skill
    similarity: float
    overlap: float | None

    def document(self) -> dict[str, Any]:
        """Return them as JSON data."""
        names = {"keep": self.keep.name, "drop": self.drop.name}
        return {**names, "similarity": self.similarity, "overlap": self.overlap}


def word_likeness(skills: Sequence[Skill], least: float) -> Iterator[tuple[int, int, float]]:
    """Yield the pairs alike by cosine of word counts: likeness without a model."""
    texts = [telling(skill) for skill in skills]
    counts = [Counter("".join(c if c.isalnum() else " " for c in text.lower()).split()) for text in texts]
    words = {word: k for k, word in enumerate(sorted({word for count in counts for word in count}))}
    rows = np.zeros((len(texts), max(1, len(words))))
    for k, count in enumerate(counts):
        for word, n in count.items():
            rows[k, words[word]] = n
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    yield from pairs_above(rows, least)


def near_duplicates(
    catalogue: Catalogue, frames: Sequence[FeatureFrame], rules: Growing, likeness: Likeness = word_likeness
) -> list[Twins]:
    """Return near-duplicates among the skills in use, the most alike first; pinned ones and parts of each other are left out."""
    used = [
        skill
        for skill in catalogue.versions()
        if catalogue.standings[skill.key].status not in (*UNSOUND, "candidate") and skill.id not in catalogue.pins
    ]
    parts = {part for skill in used for part in skill.sub_skills}
    found = []
    for i, k, cosine in likeness(used, rules.merge_similarity):
        one, two = used[i], used[k]
        if one.id == two.id or not _comparable(one, two):
            continue
        shared = _overlap(one, two, frames)
        if shared is None or shared >= rules.merge_overlap:
            keep, drop = sorted((one, two), key=lambda skill: (skill.id not in parts, *_worth(catalogue, skill)))
            if drop.id in parts:
                continue  # a composite needs it
            found.append(Twins(keep, drop, cosine, shared))
    return sorted(found, key=lambda twins: (-twins.similarity, twins.keep.name, twins.drop.name))


def _comparable(one: Skill, two: Skill) -> bool:
    related = one.id in two.sub_skills or two.id in one.sub_skills
    side = (one.plan.side if one.plan else None) == (two.plan.side if two.plan else None)
    return one.kind == two.kind and side and not related


def _overlap(one: Skill, two: Skill, frames: Sequence[FeatureFrame]) -> float | None:
    """Return how far they hold on the same bars; None for procedures, 0 where neither ever holds."""
    if one.condition is None or two.condition is None:
        return None
    return overlap(one.condition, two.condition, frames) or 0.0


def _worth(catalogue: Catalogue, skill: Skill) -> tuple[bool, float, int, str]:
    """Order by what to keep first: what trades, the surer record, the shorter condition."""
    sized = catalogue.standings[skill.key].status in SIZED
    return (
        not sized,
        -lower_bound(catalogue.counts(skill), prior=prior_of(catalogue, skill)),
        leaves(skill.when) if skill.when else 0,
        skill.name,
    )


def merge(w: Writer, catalogue: Catalogue, twins: Twins, *, principal: Principal, reason: str, at: datetime) -> Admission:
    """Merge two skills; with a verdict other than accept nothing was archived and both go on as they were."""
    require(principal, "propose")
    staged = catalogue.staged(w)
    keep, drop = twins.keep, twins.drop
    judged = admit(w, catalogue, _merged(keep, drop), principal=principal, at=at)
    if judged.verdict != "accept":
        return judged
    made = staged.skills[f"{judged.id}:{judged.version}"]
    if made.condition != keep.condition or made.plan != keep.plan:
        raise ConfigError(f"the merged {keep.name} would do something else than before; nothing was merged")
    statuses = {skill.key: staged.standings[skill.key].status for skill in (keep, drop)}
    records = {mode: _joined(catalogue, staged, keep, drop, mode) for mode in MODES}
    document = {"merged": made.key, "sources": statuses, "reason": reason, **twins.document()}
    w.add(
        "skill_merge",
        document,
        key=f"skill-merge:{made.key}",
        happened_at=at,
        known_at=at,
        writer=principal,
        sets=[
            (SPACE, made.key, document),
            *(
                (COUNTS_SPACE, counts_key(made.key, mode, regime), counts.document())
                for mode, record in records.items()
                for regime, counts in record.regimes.items()
            ),
        ],
    )
    for mode, record in records.items():
        staged.records[made.key, mode] = record
    # its typed part is the kept one's, which stood there already
    catalogue.change(w, made, Transition(statuses[keep.key], "merged", f"joins {drop.name}: {reason}"), at=at, by=principal)
    archived = Transition("superseded", "merged", f"merged into {made.name} v{made.version}")
    for source in (keep, drop):
        catalogue.change(w, source, archived, at=at, by=principal)
    return judged.model_copy(update={"status": statuses[keep.key]})


def unmerge(w: Writer, catalogue: Catalogue, ident: str, *, principal: Principal, reason: str, at: datetime) -> list[Skill]:
    """Take a merge back: the sources stand as they stood, with their own counts; ConfigError when there is none to take back."""
    require(principal, "restore")
    merged = catalogue.get(ident)
    document = w.state(SPACE).get(merged.key)
    if document is None:
        raise ConfigError(
            f"{merged.name} v{merged.version} was not made by a merge; `skills history {merged.name}` tells how it was"
        )
    staged = catalogue.staged(w)
    catalogue.change(w, merged, Transition("superseded", "unmerged", reason), at=at, by=principal)
    sources = []
    for key, status in sorted(document["sources"].items()):
        source = staged.skills[key]
        catalogue.change(w, source, Transition(status, "unmerged", reason), at=at, by=principal)
        sources.append(source)
    w.add(
        "skill_unmerge",
        {"merged": merged.key, "reason": reason},
        key=f"skill-unmerge:{merged.key}:{at.isoformat()}",
        happened_at=at,
        known_at=at,
        writer=principal,
        sets=[(SPACE, merged.key, None)],
    )
    return sources


def _merged(keep: Skill, drop: Skill) -> Any:
    """Return the kept skill's next version: its typed part, and the tags and preconditions of both."""
    tags = list(dict.fromkeys((*keep.tags, *drop.tags)))[:_WORDS_MOST]
    preconditions = list(dict.fromkeys((*keep.preconditions, *drop.preconditions)))[:_WORDS_MOST]
    changed = {"tags": tags, "preconditions": preconditions, "parents": [keep.id, drop.id]}
    return parse_draft(keep.document() | changed)


def _joined(catalogue: Catalogue, staged: Staged, keep: Skill, drop: Skill, mode: Mode) -> Record:
    """Return the kept record with the other's executions for decisions that the kept one has none for."""
    own = {execution.decision for execution in executions_of(catalogue, keep, mode)}
    record = staged.record(keep.key, mode)
    for execution in executions_of(catalogue, drop, mode):
        if execution.decision not in own:
            record = record.plus(execution.regime or UNKNOWN_REGIME, execution.outcome, execution.r, execution.at)
    return record
