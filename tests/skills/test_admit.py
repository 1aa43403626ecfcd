from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.errors import ConfigError
from agent.guard.principals import Principal
from skills.admit import admit, check, order
from skills.maintain import maintain
from skills.shipped import shipped
from tests.skills.build import START, at, draft, frame_with, live, opened

_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(), lambda i: st.lists(i) | st.dictionaries(st.text(), i), max_leaves=8
)


def admitted(folder: Path, document: Any, principal: Principal = "operator", **more: Any) -> Any:
    with opened(folder) as (journal, catalogue), journal.write() as w:
        return admit(w, catalogue, document, principal=principal, at=START, **more)


@pytest.mark.parametrize(
    ("principal", "status", "origin", "trust"),
    [
        ("operator", "candidate", "manual", "operator"),
        ("agent", "candidate", "learned", "model"),
        ("importer", "candidate", "imported", "imported"),
        ("outside", "quarantined", "imported", "outside"),
    ],
)
def test_admit_origin_and_trust_follow_from_the_principal(
    tmp_path: Path, principal: Principal, status: str, origin: str, trust: str
) -> None:
    with opened(tmp_path) as (journal, catalogue):
        with journal.write() as w:
            admission = admit(w, catalogue, draft(), principal=principal, at=START)
        skill = catalogue.get("weak-rsi")
        assert (admission.status, skill.origin, skill.trust, skill.version) == (status, origin, trust, 1)
        assert journal.get(f"skill:{skill.id}:1") is not None


def test_admit_new_skill_is_neither_sized_nor_followed_before_probation(tmp_path: Path) -> None:
    weak = frame_with(rsi_14=[25.0, 50.0, 50.0, 50.0, 25.0])
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        with journal.write() as w:
            admit(w, catalogue, draft(), principal="operator", at=START)
        assert catalogue.match(weak, [], None, 1.0) == ([], {})
        with journal.write() as w:
            changes = maintain(w, catalogue, at(1), [weak])
        assert [change.transition.to for change in changes] == ["probation"]
        matches, plans = catalogue.match(weak, [], None, 1.0)
        assert ([match.status for match in matches], plans) == (["probation"], {})
        live(journal, catalogue, "weak-rsi", [1.5, 1.4, -1.0] * 10, first_day=2, mode="shadow")
        assert set(catalogue.match(weak, [], None, 1.0)[1]) == {catalogue.get("weak-rsi").id}


def test_admit_rejected_draft_is_not_stored_but_its_rejection_is(tmp_path: Path) -> None:
    with opened(tmp_path) as (journal, catalogue):
        with journal.write() as w:
            admission = admit(w, catalogue, draft(trust="operator"), principal="outside", at=START)
        assert (admission.verdict, admission.id, admission.status) == ("reject", None, None)
        assert [reason.where for reason in admission.reasons] == ["trust"]
        assert len(catalogue.versions()) == len(shipped())
        assert [fact.data["verdict"] for fact in journal.facts(kinds=("skill_rejected",))] == ["reject"]


def test_admit_copy_under_another_name_is_a_duplicate(tmp_path: Path) -> None:
    strategy = next(skill for skill in shipped() if skill.kind == "strategy")
    copy = {**strategy.document(), "name": "my-own-idea"}
    admission = admitted(tmp_path, copy)
    assert (admission.verdict, admission.reasons[0].rule) == ("reject", "duplicate")


def test_admit_what_outside_handed_in_keeps_no_trusted_rule_out(tmp_path: Path) -> None:
    hands: tuple[tuple[str, Principal], ...] = (("squatter", "outside"), ("again", "outside"), ("mine", "operator"))
    with opened(tmp_path, shipped=False) as (journal, catalogue):
        verdicts = []
        for name, principal in hands:
            with journal.write() as w:
                verdicts.append(admit(w, catalogue, draft(name), principal=principal, at=START).verdict)
    assert verdicts == ["quarantine", "reject", "accept"]


def test_admit_two_equal_drafts_in_one_transaction_are_one_skill(tmp_path: Path) -> None:
    with opened(tmp_path) as (journal, catalogue), journal.write() as w:
        assert admit(w, catalogue, draft(), principal="operator", at=START).verdict == "accept"
        assert admit(w, catalogue, draft(), principal="operator", at=START).verdict == "reject"


def test_admit_change_of_a_skill_is_a_new_version_that_starts_from_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as (journal, catalogue):
        live(journal, catalogue, "trend-pullback", [1.0] * 5)
        shown = catalogue.get("trend-pullback").document()
        assert check(catalogue, shown, principal="operator").verdict == "reject"
        changed = {**shown, "plan": {**shown["plan"], "max_bars": 8}}
        with journal.write() as w:
            admission = admit(w, catalogue, changed, principal="operator", at=at(5))
        assert (admission.version, admission.status) == (2, "candidate")
        assert catalogue.get("trend-pullback").version == 1, "the old version goes on trading"
        assert catalogue.counts(catalogue.get("trend-pullback", 2)).total == 0


@pytest.mark.parametrize("principal", ["agent", "importer", "outside"])
def test_admit_name_of_a_trusted_skill_is_quarantined_from_anyone_less_trusted(tmp_path: Path, principal: Principal) -> None:
    changed = {**draft("trend-pullback"), "description": "Now by someone else."}
    admission = admitted(tmp_path, changed, principal)
    assert (admission.status, admission.reasons[0].rule) == ("quarantined", "authority")


def test_admit_claimed_prior_counts_only_from_an_operator(tmp_path: Path) -> None:
    with opened(tmp_path) as (journal, catalogue):
        with journal.write() as w:
            admission = admit(w, catalogue, draft(prior=0.99), principal="agent", at=START)
        assert catalogue.get("weak-rsi").prior == 0.5
        assert [reason.rule for reason in admission.reasons] == ["prior"]
        with journal.write() as w:
            admit(
                w,
                catalogue,
                draft("other-rsi", prior=0.8, when={"feature": "rsi_14", "op": "<", "value": 29}),
                principal="operator",
                at=START,
            )
        assert catalogue.get("other-rsi").prior == 0.8


@pytest.mark.parametrize(("value", "verdict"), [(101.0, "quarantine"), (-1.0, "quarantine"), (30.0, "accept")])
def test_admit_skill_that_always_or_never_fires_is_doubted(tmp_path: Path, value: float, verdict: str) -> None:
    frame = frame_with(rsi_14=list(np.linspace(1, 99, 200)))
    admission = admitted(tmp_path, draft(when={"feature": "rsi_14", "op": "<", "value": value}), frame=frame)
    assert admission.verdict == verdict


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text() | _JSON.map(json.dumps))
def test_admit_any_text_gets_a_verdict_and_nothing_else(tmp_path: Path, text: str) -> None:
    with opened(tmp_path) as (_, catalogue):
        assert check(catalogue, text, principal="outside").verdict == "reject"


def test_order_only_an_operator_makes_the_agent_bolder(tmp_path: Path) -> None:
    with opened(tmp_path) as (journal, catalogue):
        skill = catalogue.get("gap-fade")
        with pytest.raises(ConfigError, match="importer may not retire"), journal.write() as w:
            order(w, catalogue, skill, "retire", principal="importer", reason="dislike", at=START)
        with journal.write() as w:
            assert order(w, catalogue, skill, "retire", principal="agent", reason="losing", at=at(1)) == "retired"
        with pytest.raises(ConfigError, match="agent may not restore"), journal.write() as w:
            order(w, catalogue, skill, "restore", principal="agent", reason="better", at=at(2))
        with journal.write() as w:
            assert order(w, catalogue, skill, "restore", principal="operator", reason="better", at=at(2)) == "active"
        with pytest.raises(ConfigError, match="is active"), journal.write() as w:
            order(w, catalogue, skill, "restore", principal="operator", reason="again", at=at(3))
