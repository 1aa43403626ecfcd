"""What a skill may be expected to do before it has done anything: from where it came and what it descends from.

With parents (its own earlier versions, what it was merged from, the components of a composite) the prior is centred
on the mean of their posteriors. Without, a skill that a person wrote is centred on the confidence that person
gave it, and every other one on one half, whatever its text claims. Either way it is worth four trades, and soon outweighed.
"""

from __future__ import annotations

from skills.counts import Counts
from skills.records import EMPTY
from skills.reliability import EVEN, Prior, centred, posterior
from skills.schema import Skill
from skills.staged import Shelves


def prior_of(there: Shelves, skill: Skill) -> Prior:
    """Return the prior of a version."""
    known = [counts for ident in dict.fromkeys((*skill.parents, *skill.sub_skills)) if (counts := _latest(there, ident, skill))]
    if known:
        return centred(sum(posterior(counts).mean for counts in known) / len(known))
    return centred(skill.prior) if skill.origin == "manual" else EVEN


def _latest(there: Shelves, ident: str, heir: Skill) -> Counts | None:
    """Return the book's counts of the newest version of a skill that has any, of an earlier one than the heir itself."""
    found, version = None, 1
    while (key := f"{ident}:{version}") in there.skills and key != heir.key:
        counts = there.records.get((key, "book"), EMPTY).total
        found = counts if counts.total else found
        version += 1
    return found
