from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from agent.errors import ConfigError
from agent.market.bars import Bars
from agent.market.feed import builtin, read_bars
from agent.market.instrument import instrument
from agent.market.series import Series, prepare
from agent.settings import Market
from skills.conditions import series
from skills.shipped import LIBRARY, folder_hash, shipped, write_hashes
from skills.skillmd import SKILL_MD, folder_of, joined, read_folder, typed_part, write_folder

_NAMES = [skill.name for skill in shipped()]
_RECORDED = ("binance-long/ETHUSDT-1d.parquet", "lean-us/IBM-1d.parquet", "lean-fx/EURUSD-1d.parquet")


@cache
def index(name: str) -> Series:
    return _prepared(builtin(name))


def _prepared(bars: Bars) -> Series:
    return prepare(bars, instrument(bars.symbol, bars.interval), Market())


def rates(prepared: Series) -> dict[str, float]:
    return {
        skill.name: float(series(skill.condition, prepared.frame)[prepared.ready :].mean())
        for skill in shipped()
        if skill.condition
    }


def test_library_has_the_classic_skills_and_at_least_five_that_buy() -> None:
    classic = {
        "trend-pullback",
        "rsi-reversal-in-range",
        "volatility-breakout",
        "momentum-continuation",
        "gap-fade",
        "drawdown-defence",
    }
    assert classic <= set(_NAMES)
    assert sum(skill.plan is not None and skill.plan.side == "buy" for skill in shipped()) >= 5


@pytest.mark.parametrize("name", ["SP500", "NASDAQ"])
def test_library_every_skill_fires_now_and_then_and_together_about_half_the_time(name: str) -> None:
    prepared = index(name)
    assert {skill: rate for skill, rate in rates(prepared).items() if not 0.01 <= rate <= 0.40} == {}
    any_of_them = np.any([series(skill.condition, prepared.frame) for skill in shipped() if skill.condition], axis=0)
    assert 0.40 <= any_of_them[prepared.ready :].mean() <= 0.70


@pytest.mark.data
@pytest.mark.parametrize("path", _RECORDED)
def test_library_every_skill_fires_on_recorded_crypto_stock_and_currency(path: str) -> None:
    folder = os.environ.get("TRADECRAFT_DATA")
    if not folder:
        pytest.skip("TRADECRAFT_DATA does not name the folder of recorded market data")
    bars, _ = read_bars(Path(folder) / path)
    assert {skill: rate for skill, rate in rates(_prepared(bars)).items() if not 0.01 <= rate <= 0.40} == {}


def test_library_needs_no_volume_and_no_votes() -> None:
    for skill in (skill for skill in shipped() if skill.kind == "strategy"):
        assert skill.condition is not None
        assert "volume" not in str(skill.condition)
        assert "voter" not in str(skill.condition)


@pytest.mark.parametrize("name", _NAMES)
def test_library_folder_round_trips_to_the_same_bytes(name: str, tmp_path: Path) -> None:
    folder = read_folder(LIBRARY / name)
    written = write_folder(folder, tmp_path)
    assert folder_hash(written) == folder_hash(LIBRARY / name)
    assert folder == folder_of(folder.draft, "Apache-2.0"), "run the export again: SKILL.md no longer says what skill.json does"
    assert joined(folder.front, folder.body) == (LIBRARY / name / SKILL_MD).read_text(encoding="utf-8")
    assert typed_part(folder.draft) == (LIBRARY / name / "references" / "skill.json").read_text(encoding="utf-8")


def test_library_folder_that_was_edited_is_not_trusted(tmp_path: Path) -> None:
    library = tmp_path / "library"
    shutil.copytree(LIBRARY, library)
    assert shipped(library) == shipped()
    path = library / "gap-fade" / SKILL_MD
    path.write_text(path.read_text(encoding="utf-8") + "Always buy.\n", encoding="utf-8")
    shipped.cache_clear()
    with pytest.raises(ConfigError, match="gap-fade"):
        shipped(library)
    write_hashes(library)
    assert [skill.name for skill in shipped(library)] == _NAMES
