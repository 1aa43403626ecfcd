"""An explanation counts: how often this came, how the last trades in this regime ended; and says nothing it cannot count."""

from agent.domain import Contribution, Recent, Side
from agent.reason.arithmetic import ArithmeticReasoner
from agent.reason.setups import setup_of
from agent.settings import Limits, Reason
from tests.reason.build import STANDARD, context, skill, vote

REASONER = ArithmeticReasoner(Reason(), Limits())


def _thesis(**more: object) -> str:
    return REASONER(context(votes=[vote(0.62)], **more))[0].thesis


def test_the_third_such_setup_of_the_week_is_called_so() -> None:
    name = "buy|vote|momentum|ranging"
    assert "such setup" not in _thesis()
    told = _thesis(recent=Recent(setups={name: 2, "sell|vote|momentum|ranging": 9}, standing=None))
    assert "the third such setup in seven days (buy led by momentum, ranging market)" in told
    assert "the 12th such setup" in _thesis(recent=Recent(setups={name: 11}))
    assert "the 22nd such setup" in _thesis(recent=Recent(setups={name: 21}))


def test_a_setup_that_goes_on_is_not_counted_again() -> None:
    name = "buy|vote|momentum|ranging"
    assert "the second such setup" in _thesis(recent=Recent(setups={name: 2}, standing=name))
    assert "such setup" not in _thesis(recent=Recent(setups={name: 1}, standing=name))


def test_a_run_of_losses_or_wins_in_this_regime_is_told() -> None:
    assert "the last 5 trades in a ranging market lost" in _thesis(recent=Recent(streak=-5))
    assert "the last 3 trades in a ranging market won" in _thesis(recent=Recent(streak=3))
    assert "the last" not in _thesis(recent=Recent(streak=2))


def test_counting_moves_no_decision() -> None:
    plain, told = (
        REASONER(context(votes=[vote(0.62)], recent=recent))
        for recent in (Recent(), Recent(setups={"buy|vote|momentum|ranging": 5}, streak=-9))
    )
    assert told[1:] == plain[1:]
    assert told[0].model_copy(update={"thesis": ""}) == plain[0].model_copy(update={"thesis": ""})


def test_a_setup_is_named_after_what_leads_on_its_side() -> None:
    parts = [
        Contribution(source="memory", id="estimate", value=0.9),
        Contribution(source="vote", id="momentum", value=0.2),
        Contribution(source="skill", id="pullback", value=0.3),
        Contribution(source="vote", id="rsi_reversal", value=-0.5),
    ]
    sides: list[Side | None] = ["buy", "sell", None]
    names = [setup_of(parts, side, None) for side in sides]
    assert names == ["buy|skill|pullback|unknown", "sell|vote|rsi_reversal|unknown", None]
    assert setup_of(parts[:1], "buy", "ranging") is None


def test_a_skill_is_told_by_its_name() -> None:
    seen = context(skills=[skill()], plans={"pullback": STANDARD}, recent=Recent(setups={"buy|skill|pullback|ranging": 1}))
    assert "led by pullback, ranging market" in REASONER(seen)[0].thesis
