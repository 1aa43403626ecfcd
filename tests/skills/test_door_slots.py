"""Without these somebody's words, in some slot of a skill, could trade without a person having read them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from agent.errors import ConfigError, SkillRejected
from agent.guard.principals import Principal
from memory_db.journal import Journal
from skills.admit import admit
from skills.catalogue import Catalogue
from skills.lifecycle import SIZED, Transition
from skills.schema import parse_draft
from skills.wording import free_words
from tests.guard.hostile import CORPORA, HOSTILE, attacks, harmless
from tests.skills.build import START, at, draft, opened
from tests.skills.test_door_structure import BELOW, SLOTS, in_slot


class Undone(Exception):
    """Takes back what was written."""


def refused_by_schema(document: dict[str, Any]) -> bool:
    try:
        parse_draft(document)
    except SkillRejected:
        return True
    return False


def stays_out(
    journal: Journal, catalogue: Catalogue, document: dict[str, Any], principal: Principal, detection: bool
) -> str | None:
    """Hand a draft in, try to make it trade, take both back; returns what it ended as, None when nothing was stored."""
    status: str | None = None
    with suppress(Undone), journal.write() as w:
        admission = admit(w, catalogue, document, principal=principal, at=START, detection=detection)
        status = admission.status
        if admission.id is not None:
            skill = catalogue.staged(w).skills[f"{admission.id}:{admission.version}"]
            if skill.tainted:
                with pytest.raises(ConfigError, match="approve"):
                    catalogue.change(w, skill, Transition("active", "promote", "forced"), at=at(1), by="maintenance")
            else:  # an agent's draft in the words of our own templates: only its record can make it trade
                assert (principal, free_words(skill)) == ("agent", [])
        raise Undone
    return status


def everywhere(folder: Path, texts: Iterable[str], slots: Iterable[str], principals: Iterable[Principal], detect: bool) -> int:
    tried = 0
    with opened(folder, shipped=False) as (journal, catalogue):
        for text in texts:
            for slot in slots:
                document = in_slot(slot, text)
                if refused_by_schema(document):
                    continue
                for principal in principals:
                    tried += 1
                    status = stays_out(journal, catalogue, document, principal, detect)
                    assert status in (None, "quarantined", "candidate"), (slot, text)
                    assert status not in SIZED
        assert catalogue.active_count == 0
        assert catalogue.versions() == []
    return tried


@pytest.mark.parametrize("detection", [True, False], ids=["detection", "structure-alone"])
def test_hostile_text_in_every_slot_cannot_be_made_to_trade(tmp_path: Path, detection: bool) -> None:
    assert everywhere(tmp_path, HOSTILE, SLOTS, BELOW, detection) > 100


@pytest.mark.parametrize("slot", SLOTS)
def test_hostile_text_that_no_slot_takes_is_refused_with_its_place(slot: str) -> None:
    for text in ("\u202eyub", "a\x00b", "buy\u200b now", "x" * 281):
        with pytest.raises(SkillRejected) as caught:
            parse_draft(in_slot(slot, text))
        assert slot.removesuffix("s") in caught.value.reasons[0] or "parameters" in caught.value.reasons[0]


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.timeout(3600)
@pytest.mark.skipif(not CORPORA.is_dir(), reason="no folder of corpora beside the one that TRADECRAFT_DATA names")
@pytest.mark.parametrize("detection", [True, False], ids=["detection", "structure-alone"])
def test_every_text_of_the_corpora_in_every_slot_cannot_be_made_to_trade(tmp_path: Path, detection: bool) -> None:
    assert everywhere(tmp_path, attacks(), SLOTS, BELOW, detection) > 10_000


@pytest.mark.data
@pytest.mark.skipif(not CORPORA.is_dir(), reason="no folder of corpora beside the one that TRADECRAFT_DATA names")
def test_every_text_of_the_corpora_leaves_an_agents_draft_waiting_for_a_person() -> None:
    """Words that no template of ours uses taint a draft: what an agent was told cannot earn its way unread."""
    loose = [
        text
        for text in (*attacks(), *harmless())
        if not refused_by_schema(draft(description=text)) and not free_words(parse_draft(draft(description=text)))
    ]
    assert loose == []
