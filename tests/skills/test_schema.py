from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.errors import SkillRejected
from skills.schema import SkillDraft, parse_draft, skill_id
from tests.skills.build import draft, procedure

_KEYS = st.text() | st.sampled_from(list(SkillDraft.model_fields))
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=6),
    max_leaves=12,
)


def parsed(document: Any) -> SkillDraft | None:
    """The skill, or None when it was rejected with reasons; any other error fails the test."""
    try:
        return parse_draft(document)
    except SkillRejected as err:
        return None if err.reasons else pytest.fail("rejected without a reason")


@given(text=st.text() | _JSON.map(json.dumps))
def test_draft_any_text_is_a_skill_or_rejected_and_nothing_else(text: str) -> None:
    kept = parsed(text)
    assert kept is None or parse_draft(kept.document()) == kept


@given(field=st.sampled_from(list(SkillDraft.model_fields)), value=_JSON)
def test_draft_any_field_replaced_is_a_skill_or_rejected_and_nothing_else(field: str, value: Any) -> None:
    kept = parsed(draft(**{field: value}))
    assert kept is None or parse_draft(kept.document()) == kept


@pytest.mark.parametrize("field", ["origin", "trust", "status", "id", "version", "writer", "signature", "success_count"])
def test_draft_that_says_where_it_comes_from_or_how_it_stands_is_refused(field: str) -> None:
    with pytest.raises(SkillRejected, match=field):
        parse_draft(draft(**{field: "operator"}))


@pytest.mark.parametrize(
    "text",
    ["two\nlines", "zero\u200bwidth", "turned\u202earound", "bell\x07", "tag\U000e0041", "x" * 201, "", "   ", "private\ue000"],
)
def test_draft_step_text_that_hides_something_is_refused(text: str) -> None:
    steps = draft()["steps"]
    steps[0]["text"] = text
    with pytest.raises(SkillRejected, match=r"steps\.0\.text"):
        parse_draft(draft(steps=steps))


@pytest.mark.parametrize("name", ["Trend", "a--b", "-a", "a_b", "a" * 65, "", "ä"])
def test_draft_name_that_is_no_slug_is_refused(name: str) -> None:
    with pytest.raises(SkillRejected, match="name"):
        parse_draft(draft(name))


def test_draft_strategy_without_an_exit_stage_is_refused() -> None:
    with pytest.raises(SkillRejected, match="exit"):
        parse_draft(
            draft(steps=[{"stage": "entry", "text": "a"}, {"stage": "management", "text": "b"}, {"stage": "entry", "text": "c"}])
        )


def test_draft_procedure_has_no_trigger_and_needs_three_steps() -> None:
    assert parse_draft(procedure()).condition is None
    with pytest.raises(SkillRejected, match="procedure"):
        parse_draft(procedure(plan=draft()["plan"]))
    with pytest.raises(SkillRejected, match="steps"):
        parse_draft(procedure(steps=[{"text": "a"}, {"text": "b"}]))


def test_draft_too_deep_or_too_wide_is_refused() -> None:
    leaf = draft()["when"]
    deep = leaf
    for _ in range(6):
        deep = {"not": deep}
    with pytest.raises(SkillRejected, match="levels"):
        parse_draft(draft(when=deep))
    with pytest.raises(SkillRejected, match="leaves"):
        parse_draft(draft(when={"any": [{"all": [leaf] * 13}, {"all": [leaf] * 12}]}))
    bottomless = '{"not":' * 100_000
    with pytest.raises(SkillRejected):
        parse_draft(f'{{"when":{bottomless}')


def test_draft_parameters_fill_condition_and_steps() -> None:
    steps = [{"stage": s, "text": "RSI below {weak}, stop {stop_atr}"} for s in ("entry", "management", "exit")]
    when = {"feature": "rsi_14", "op": "<", "value": "weak"}
    skill = parse_draft(draft(when=when, parameters={"weak": {"value": 28, "low": 20, "high": 35}}, steps=steps))
    assert skill.filled_steps()[0] == "RSI below 28, stop 2"
    assert skill.condition == parse_draft(draft(when={"feature": "rsi_14", "op": "<", "value": 28})).when


@pytest.mark.parametrize("text", ["{weak}", "{stop_atr.__class__}", "{0}", "{", "stop }", "{{stop_atr}}"])
def test_draft_step_with_a_placeholder_nobody_defined_is_refused(text: str) -> None:
    steps = [{"stage": s, "text": text} for s in ("entry", "management", "exit")]
    with pytest.raises(SkillRejected):
        parse_draft(draft(steps=steps))


def test_draft_parameter_outside_its_bounds_or_unlike_the_plan_is_refused() -> None:
    with pytest.raises(SkillRejected, match="bounds"):
        parse_draft(draft(parameters={"weak": {"value": 40, "low": 20, "high": 35}}))
    with pytest.raises(SkillRejected, match="stop_atr"):
        parse_draft(draft(parameters={"stop_atr": {"value": 3, "low": 1, "high": 4}}))


def test_skill_id_is_the_same_for_a_name_everywhere() -> None:
    assert skill_id("trend-pullback") == skill_id("trend-pullback") != skill_id("gap-fade")
    assert skill_id("trend-pullback") == "5ebc67df-40aa-56b6-ab18-26df058b2528"


@pytest.mark.parametrize(
    ("r", "grade"), [(0.5, "success"), (0.49, "partial"), (0.0, "failure"), (-1.0, "failure"), (None, "unknown")]
)
def test_success_criteria_grades_net_r(r: float | None, grade: str) -> None:
    assert parse_draft(draft()).success.grade(r) == grade
