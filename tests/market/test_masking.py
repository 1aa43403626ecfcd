"""A model may know a famous chart by heart; these show that a mask hides it and changes no decision's ground."""

import numpy as np

from agent.market.feed import builtin
from agent.market.instrument import instrument
from agent.market.masking import mask_of
from agent.market.series import prepare
from agent.settings import Market

BARS = builtin("SP500").head(900)


def test_mask_hides_name_dates_and_level() -> None:
    masked = mask_of(BARS, 7).bars(BARS)
    assert masked.symbol == "ASSET1"
    assert not np.isin(masked.start, BARS.start).all()
    assert 40 <= masked.close[0] <= 160
    assert len(np.unique((masked.start - BARS.start).astype("timedelta64[D]") % np.timedelta64(7, "D"))) == 1


def test_mask_keeps_situations_regimes_and_terms() -> None:
    mask, market = mask_of(BARS, 7), Market()
    plain, masked = prepare(BARS, instrument("SP500", "1d"), market), mask.series(BARS, market)
    np.testing.assert_allclose(masked.situations, plain.situations, atol=1e-4)
    assert (masked.frame.regimes == plain.frame.regimes).all()
    assert masked.ready == plain.ready
    assert masked.instrument.fee_bps == plain.instrument.fee_bps
    assert masked.instrument.asset_class == "index"


def test_mask_turns_time_and_price_back() -> None:
    mask = mask_of(BARS, 3)
    masked = mask.bars(BARS)
    assert mask.true_time(masked.timestamp(5)) == BARS.timestamp(5)
    assert abs(mask.true_price(float(masked.close[5])) - BARS.close[5]) < 1e-6
