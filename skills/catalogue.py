"""The catalogue: every skill version of a run, how it stands, what it has earned, and which apply now.

It mirrors the journal in memory. Versions are facts and never change; standings and counts
are state that facts set. What a transaction changes is visible inside it through ``staged``
and becomes the catalogue's own only when the transaction is committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from agent.domain import Grade, RegimeLabel, SkillMatch, Vote
from agent.errors import ConfigError
from agent.guard.keys import Keys, OneKey
from agent.market.features import FeatureFrame
from agent.risk.sizing import Exits
from agent.settings import SkillRules
from memory_db.journal import Journal
from memory_db.writer import Writer
from skills.counts import NONE, Counts
from skills.firing import Checks, checks_of, evidence, exits_of_plan
from skills.lifecycle import SIZED, Mode, Transition
from skills.priors import prior_of
from skills.records import COUNTS_SPACE, EMPTY, Record, RecordKey, counts_key, execution_key, read_records
from skills.rows import Standing, row
from skills.schema import Skill, SkillDraft, SuccessCriteria, canonical, skill_id
from skills.seals import APPROVAL_SPACE, REVOKED_SPACE, STATUS_SPACE, Book, sealed_standing, sealed_version, unsealed
from skills.shipped import shipped as shipped_skills
from skills.staged import Shelves, Staged

PINS_SPACE = "skill_pins"
BASE_SPACE = "skill_base"  # what side and exits of a version earn at any moment


class Catalogue:
    """The skills of one run; open it with ``Catalogue.open``."""

    def __init__(self, journal: Journal, rules: SkillRules, keys: Keys | None = None) -> None:
        """Begin empty; ``load`` reads the journal. Without ``keys`` the journal's own key stands for all."""
        self.rules = rules
        self.keys: Keys = keys or OneKey(journal.signer)
        self.refused: dict[str, str] = {}
        self.approved: dict[str, str] = {}
        self.revoked: frozenset[str] = frozenset()
        self.skills: dict[str, Skill] = {}
        self.standings: dict[str, Standing] = {}
        self.records: dict[RecordKey, Record] = {}
        self.pins: dict[str, str] = {}
        self._journal = journal
        self._staged: Staged | None = None
        self._checks: Checks | None = None

    @classmethod
    def open(
        cls, journal: Journal, rules: SkillRules, *, started: datetime, shipped: bool = True, keys: Keys | None = None
    ) -> Catalogue:
        """Load a run's skills; with ``shipped`` the package's own are added, active since ``started``, where new.

        A version whose signature, standing or approval does not hold is not loaded; that is put on record.
        """
        catalogue = cls(journal, rules, keys)
        outdated = catalogue.load()
        catalogue._record_refusals(started)
        catalogue._supersede(outdated, started)
        if shipped and (new := [draft for draft in shipped_skills() if not catalogue._has(draft)]):
            with journal.write() as w:
                for draft in new:
                    catalogue._seed(w, draft, started)
        return catalogue

    def load(self) -> list[str]:
        """Read versions, standings and counts from the journal; call it again when another process wrote.

        Returns the shipped versions that trade though this package does not ship them.
        """
        held: Book = unsealed(self._journal, self.keys)
        self.skills, self.standings = held.skills, held.standings
        self.refused, self.approved, self.revoked = held.refused, held.approved, held.revoked
        self.records = read_records(self._journal.state(COUNTS_SPACE))
        self.pins = self._journal.state(PINS_SPACE)
        self._staged = self._checks = None
        return sorted(held.outdated)

    def match(
        self, frame: FeatureFrame, votes: Sequence[Vote], regime: RegimeLabel | None, atr: float, w: Writer | None = None
    ) -> tuple[list[SkillMatch], dict[str, Exits]]:
        """Return the skills whose ``when`` holds at the last bar of ``frame``, and the exits of those that trade.

        Those that trade come first, by the lower bound of reliability in this regime; a
        watched skill trades and is matched as active. The others are followed in shadow.
        Inside a transaction give its writer, so that what it has just retired does not trade.
        """
        at, there = len(frame) - 1, self if w is None else self.staged(w)
        fired = self._compiled(there).fired(frame, at, votes)
        matches = [evidence(there, skill, regime, self.rules.regime_backoff) for skill in fired]
        matches.sort(
            key=lambda match: (match.status != "active", -match.interval[0], -match.reliability, match.name, match.version)
        )
        plans = {skill.id: exits_of_plan(skill, atr) for skill in fired if there.standings[skill.key].status in SIZED}
        return matches, plans

    def get(self, ref: str, version: int | None = None) -> Skill:
        """Return a skill by id or name: the version given, else the one that trades, else the newest."""
        versions = [skill for skill in self.skills.values() if ref in (skill.id, skill.name) and version in (None, skill.version)]
        if not versions:
            wanted = ref if version is None else f"{ref} version {version}"
            raise ConfigError(f"no skill {wanted!r}; `skills list` shows those there are")
        return max(versions, key=lambda skill: (self.standings[skill.key].status in SIZED, skill.version))

    def versions(self) -> list[Skill]:
        """Return every version, by name and version."""
        return sorted(self.skills.values(), key=lambda skill: (skill.name, skill.version))

    def counts(self, skill: Skill, mode: Mode = "book", regime: str | None = None) -> Counts:
        """Return a version's counts in a mode, in one regime or in all."""
        record = self.records.get((skill.key, mode), EMPTY)
        return record.total if regime is None else record.regimes.get(regime, NONE)

    def regimes(self, skill: Skill) -> dict[str, Counts]:
        """Return a version's counts in the book, by regime."""
        return dict(sorted(self.records.get((skill.key, "book"), EMPTY).regimes.items()))

    def rows(self) -> list[dict[str, Any]]:
        """Return what ``skills list`` shows."""
        bases = self._journal.state(BASE_SPACE)
        return [
            row(
                skill,
                self.standings[skill.key],
                self.counts(skill, "book"),
                self.counts(skill, "shadow"),
                bases.get(skill.key),
                prior_of(self, skill),
            )
            for skill in self.versions()
        ]

    @property
    def active_count(self) -> int:
        """How many skills trade."""
        return sum(s.status in SIZED and self.skills[key].kind == "strategy" for key, s in self.standings.items())

    def grade(self, r: float) -> Grade:
        """Grade a net R by the settings' criterion."""
        return SuccessCriteria(success_r=self.rules.success_r).grade(r)

    def booked(self, skill: tuple[str, int], decision: str, mode: Mode) -> bool:
        """Say whether the execution of a skill version for a decision is already in the journal."""
        return self._journal.get(execution_key(skill[0], skill[1], decision, mode)) is not None

    def staged(self, w: Writer) -> Staged:
        """Return the catalogue as the transaction sees it; what is put there becomes visible to all on commit."""
        if self._staged is None or self._staged.writer is not w:
            staged = self._staged = Staged(w, self.skills, self.standings, self.records)
            w.after_commit(lambda _: self._committed(staged))
        return self._staged

    @property
    def journal(self) -> Journal:
        """The journal that this mirrors."""
        return self._journal

    def state(self, space: str) -> dict[str, Any]:
        """Return the journal's committed state of a space."""
        return self._journal.state(space)

    def next_version(self, there: Shelves, name: str) -> int:
        """Return the number of the next version of a skill; numbers of versions that were refused are not used again."""
        ident = skill_id(name)
        refused = [int(key.rsplit(":", 1)[1]) for key in self.refused if key.rsplit(":", 1)[0] == ident]
        return 1 + max([*refused, *(skill.version for skill in there.skills.values() if skill.id == ident)], default=0)

    def cleared(self, skill: Skill) -> bool:
        """Say whether a version may trade as far as its sources go: untainted, or approved and none of them revoked."""
        if self.revoked.intersection(skill.sources):
            return False
        return not skill.tainted or self.approved.get(skill.key) == skill.content_hash()

    def permits(self, there: Staged, skill: Skill, transition: Transition) -> bool:
        """Say whether a transition keeps what waits for an operator from trading."""
        return transition.to not in SIZED or self.cleared(skill)

    def clear(self, w: Writer, skill: Skill, *, reviewed: str, reason: str, at: datetime) -> None:
        """Write an operator's approval of a version, signed over its content and what had been shown."""
        document = {"content": skill.content_hash(), "reviewed": reviewed, "reason": reason, "at": at.isoformat()}
        signature = self.keys.sign("operator", "approval", {"skill": skill.key, **document})
        w.add(
            "skill_approval",
            {"skill": skill.id, "version": skill.version, **document},
            key=f"approval:{skill.key}:{at.isoformat()}",
            happened_at=at,
            known_at=at,
            writer="operator",
            trust="operator",
            sets=[(APPROVAL_SPACE, skill.key, {**document, "signature": signature})],
        )
        w.after_commit(lambda _: self.approved.update({skill.key: skill.content_hash()}))

    def revoke(self, w: Writer, source: str, *, reason: str, at: datetime) -> None:
        """Write that nothing from a source is believed any more, signed by the operator."""
        document = {"reason": reason, "at": at.isoformat()}
        signature = self.keys.sign("operator", "revocation", {"source": source, **document})
        w.add(
            "skill_source_revoked",
            {"source": source, **document},
            key=f"source-revoked:{source}:{at.isoformat()}",
            happened_at=at,
            known_at=at,
            writer="operator",
            trust="operator",
            sets=[(REVOKED_SPACE, source, {**document, "signature": signature})],
        )
        self.revoked |= {source}

    def add_version(self, w: Writer, skill: Skill, standing: Standing) -> None:
        """Write a new version with its first standing, both signed."""
        skill = sealed_version(skill, self.keys)
        w.add(
            "skill_version",
            payload(skill),
            key=f"skill:{skill.key}",
            happened_at=skill.created_at,
            known_at=skill.created_at,
            writer=standing.by,
            trust=skill.trust,
            sets=[(STATUS_SPACE, skill.key, sealed_standing(skill.key, standing, self.keys))],
        )
        staged = self.staged(w)
        staged.skills[skill.key], staged.standings[skill.key] = skill, standing

    def change(self, w: Writer, skill: Skill, transition: Transition, *, at: datetime, by: str) -> None:
        """Write a transition: the new standing, and counts that start anew."""
        staged = self.staged(w)
        if not self.permits(staged, skill, transition):
            raise ConfigError(f"{skill.name} v{skill.version} came from outside; `skills approve {skill.name}` first")
        before = staged.standings[skill.key]
        standing = Standing(transition.to, at, transition.rule, transition.reason, by)
        resets = [(key, mode) for key, mode in ((skill.key, mode) for mode in transition.resets) if (key, mode) in staged.records]
        gone = [
            (COUNTS_SPACE, counts_key(key, mode, regime), None)
            for key, mode in resets
            for regime in staged.records[key, mode].regimes
        ]
        w.add(
            "skill_transition",
            {"skill": skill.id, "version": skill.version, "from": before.status, **standing.document()},
            key=f"transition:{skill.key}:{before.status}:{transition.to}:{at.isoformat()}",
            happened_at=at,
            known_at=at,
            writer=by,
            sets=[(STATUS_SPACE, skill.key, sealed_standing(skill.key, standing, self.keys)), *gone],
        )
        staged.standings[skill.key] = standing
        for reset in resets:
            staged.records[reset] = EMPTY

    def _supersede(self, keys: list[str], at: datetime) -> None:
        """Take what an earlier package shipped, and this one does not, out of trading."""
        if keys:
            with self._journal.write() as w:
                for key in keys:
                    transition = Transition("superseded", "package", "a newer package ships a newer version")
                    self.change(w, self.skills[key], transition, at=at, by="package")

    def _record_refusals(self, at: datetime) -> None:
        """Put on record, once each, which versions were not loaded and why."""
        new = [
            (f"skill-not-loaded:{key}:{reason}", {"skill": key, "reason": reason})
            for key, reason in sorted(self.refused.items())
            if self._journal.get(f"skill-not-loaded:{key}:{reason}") is None
        ]
        if new:
            with self._journal.write() as w:
                for name, document in new:
                    w.add("skill_not_loaded", document, key=name, happened_at=at, known_at=at)

    def _committed(self, staged: Staged) -> None:
        self.skills.update(staged.skills.maps[0])
        self.records.update(staged.records.maps[0])
        if staged.standings.maps[0]:
            self.standings.update(staged.standings.maps[0])
            self._checks = None
        self._staged = None

    def _compiled(self, there: Catalogue | Staged) -> Checks:
        if isinstance(there, Staged) and there.standings.maps[0]:
            return checks_of(there)
        if self._checks is None:
            self._checks = checks_of(self)
        return self._checks

    def _has(self, draft: SkillDraft) -> bool:
        return any(skill.name == draft.name and skill.content_hash() == draft.content_hash() for skill in self.skills.values())

    def _seed(self, w: Writer, draft: SkillDraft, started: datetime) -> None:
        """Add a shipped skill."""
        skill = stored(
            draft,
            version=self.next_version(self, draft.name),
            origin="manual",
            trust="operator",
            writer="package",
            at=started,
        )
        self.add_version(w, skill, Standing("active", started, "shipped", "shipped with the package", "package"))


def payload(skill: Skill) -> str:
    """Return the canonical JSON under which a version is kept; there is one way to write it, so every changed byte shows."""
    return canonical(skill.model_dump(mode="json", exclude_defaults=True))


def stored(
    draft: SkillDraft, *, version: int, origin: str, trust: str, writer: str, at: datetime, sources: tuple[str, ...] = ()
) -> Skill:
    """Return a draft as a stored version; where it came from is said by the caller, never by the draft."""
    stamp = {"version": version, "origin": origin, "trust": trust, "writer": writer, "created_at": at, "id": skill_id(draft.name)}
    stamp["sources"] = sources
    return Skill.model_validate({**{name: getattr(draft, name) for name in SkillDraft.model_fields}, **stamp})
