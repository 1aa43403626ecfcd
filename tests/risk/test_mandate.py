"""The mandate: a person's bounds over the settings, which nothing but a person loosens."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import ConfigError
from agent.risk.mandate import read_mandate, tightened
from agent.settings import Limits
from agent.wiring.desks import mandate_of


def test_a_mandate_tightens_and_never_loosens() -> None:
    mandate = read_mandate(b"[limits]\nmax_position = 0.2\nmax_exposure = 1.0\nmin_stop_atr = 1.5\nallow_short = true\n", "m")
    found = tightened(Limits(max_position=0.5, max_exposure=0.6), mandate)
    assert (found.max_position, found.max_exposure, found.min_stop_atr, found.allow_short) == (0.2, 0.6, 1.5, False)
    assert tightened(Limits(max_position=0.1), mandate).max_position == 0.1


def test_symbols_are_those_both_allow_and_none_is_not_any() -> None:
    mandate = read_mandate(b'symbols = ["AAA", "BBB"]', "m")
    assert tightened(Limits(), mandate).symbols == ("AAA", "BBB")
    assert tightened(Limits(symbols=("BBB", "CCC")), mandate).symbols == ("BBB",)
    assert "CCC" not in tightened(Limits(symbols=("CCC",)), mandate).symbols
    assert tightened(Limits(symbols=("CCC",)), mandate).symbols != ()


@pytest.mark.parametrize("raw", [b"max_positon = 0.1", b"max_position = 7", b"not toml", b'sessions = ["always"]', b"\xff"])
def test_a_mandate_that_cannot_be_read_is_refused_in_one_line(raw: bytes) -> None:
    with pytest.raises(ConfigError, match=r"^mandate m"):
        read_mandate(raw, "m")


def test_the_home_carries_the_mandate_and_its_hash_changes_with_every_byte(home: Path) -> None:
    home.mkdir()
    assert mandate_of(home) is None
    (home / "mandate.toml").write_text("max_position = 0.2")
    first = mandate_of(home)
    (home / "mandate.toml").write_text("max_position = 0.2 ")
    again = mandate_of(home)
    assert first is not None
    assert again is not None
    assert (first.limits, first.hash == again.hash) == (again.limits, False)
    with pytest.raises(ConfigError, match="--mandate"):
        mandate_of(home, home / "elsewhere.toml")


def test_a_mandates_risk_per_trade_bounds_what_sizing_makes_of_it_afterwards() -> None:
    assert tightened(Limits(), read_mandate(b"risk_per_trade = 0.005", "m")).max_risk == 0.005
    assert tightened(Limits(), read_mandate(b"risk_per_trade = 0.005\nmax_risk = 0.004", "m")).max_risk == 0.004
    assert tightened(Limits(), read_mandate(b"max_position = 0.2", "m")).max_risk == Limits().max_risk
