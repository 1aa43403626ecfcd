"""What has a name of its own: features, limits, regimes, ways a trade ends, and the words people use for symbols."""

# ruff: noqa: E501 - what belongs together reads best on one line

from __future__ import annotations

import re

from agent.chat.local.lexicon import compiled
from agent.domain import ExitReason, RegimeLabel

FEATURE_NAMES: dict[str, str] = {
    "rsi_14": "rsi, rsi 14, rsi_14, rsi14, relative strength index",
    "macd_signal": "macd signal, macd_signal, macd signal line",
    "macd_hist": "macd histogram, macd hist, macd_hist",
    "macd_divergence": "macd divergence, macd_divergence",
    "macd": "macd",
    "rsi_divergence": "rsi divergence, rsi_divergence",
    "sma_5": "sma 5, sma_5, sma5, 5 day (moving/) average, 5 bar (moving/) average, 5 day mean, 5 day ma, 5 day sma",
    "sma_20": "sma 20, sma_20, sma20, 20 day (moving/) average, 20 bar (moving/) average, 20 day mean, 20 bar mean, 20 day ma, 20 day sma",
    "sma_50": "sma 50, sma_50, sma50, 50 day (moving/) average, 50 bar (moving/) average, 50 day mean, 50 bar mean, 50 day ma, 50 day sma",
    "sma_cross": "sma cross, sma_cross, golden cross, death cross",
    "bb_position": "bb position, bb_position, bollinger, bollinger band, bollinger bands, bollinger position, bollinger band position, %b",
    "volume_ratio": "volume ratio, trading volume, volume, volume_ratio, relative volume",
    "hl_range": "high low range, hl range, hl_range, day range",
    "close_position": "close position, close_position",
    "oc_range": "open close range, oc range, oc_range",
    "atr_14": "atr, atr 14, atr_14, atr14, average true range",
    "adx_14": "adx, adx 14, adx_14, adx14, directional index, adx like trend",
    "momentum_10": "momentum_10, momentum 10, 10 day momentum, 10 bar momentum, momentum value, momentum reading, momentum feature",
    "volatility_20": "volatility_20, volatility 20, 20 day volatility, 20 bar volatility, realised vol*, realized vol*, annualised volatility of the market",
    "volatility_z": "volatility_z, volatility z, volatility z score, vol z, standardised volatility, standardized volatility, volatility score",
    "drawdown_60": "drawdown_60, drawdown 60, 60 day drawdown, 60 bar drawdown, below its 60 day high, 60 day high, 60 bar high",
    "trend_strength": "trend strength, trend_strength, strength of the trend, strength of trend, how strong (was/is) the trend",
}  # fmt: skip
FEATURE_WORDS = frozenset(re.findall(r"[a-z]{4,}", " ".join(FEATURE_NAMES.values())))
FEATURES_NAMED = {name: compiled(phrases) for name, phrases in FEATURE_NAMES.items()}

LIMIT_NAMES: dict[str, str] = {
    "max_drawdown": """max drawdown limit, max_drawdown, maximum drawdown limit, maximum allowed drawdown, drawdown limit, drawdown allowed, drawdown (is/) permitted, drawdown cap, drawdown halt*, limit on drawdown, limit on the drawdown, limit for drawdown,
        drawdown ... halt*, drawdown ... stop*, drawdown (may/can) we""",
    "max_daily_loss": "daily loss limit, max_daily_loss, daily loss, loss per day, loss in a day, loss in one day, lose in a day, lose in one day, lose per day, lose on a day",
    "max_position": """largest position ... (allowed/permitted/possible), biggest position ... (allowed/permitted/possible), (max/maximum) ... (in/into/on/for) (a/one/any/each/every) (single/) (position/trade), most ... (in/into/on/for) (a/one/any/each/every) (single/) (position/trade), how much ... (put/invest/commit/place) (in/into) (a/one/any/each/every) (single/) (position/trade), how much ... (in/into) (a/one/any/each/every) (single/) (position/trade) at most, max_position, max position, maximum position*, maximum (allowed/) position (size/), position limit, position cap, how big (can/may/could) (a/one/the/any/) position, how large (can/may/could) (a/one/the/any/) position, largest allowed position,
        biggest allowed position, largest position allowed, biggest position allowed, position size limit, limit on position*, limit on a position, max size of a position, maximum size of a position""",
    "max_exposure": "max_exposure, max exposure, maximum exposure, exposure limit, exposure cap, limit on exposure, limit on the exposure, exposure allowed",
    "risk_per_trade": """risk_per_trade, risk per trade, risk a trade, risk on a trade, risk on each trade, risk in a trade, risked per trade, risk ... per trade, risk ... on (a/one/each/every/any) (single/) trade, lose ... on (a/one/each/every/any) (single/) trade,
        risked on (a/one/each/every) trade, lose per trade, how risky (is/was/were/are) (a/each/one/every/the/your/our) (single/) trade*, put at risk""",
    "max_consecutive_losses": "max_consecutive_losses, consecutive losses ... (allowed/pause/limit), losses in a row ... (allowed/pause/limit/before/until/stop), how many losses ... (before/until/pause/stop), losing trades ... (before/until) ... (pause*/stop*)",
    "cooldown_bars": "cooldown*, cool down*, cooling off, cooldown_bars",
    "max_leverage": "leverage limit, max_leverage, max leverage, maximum leverage, use leverage, leverage allowed, leverage (/do/can/may) we, any leverage",
    "max_weekly_loss": "weekly loss limit, max_weekly_loss, weekly loss, loss per week, loss in a week, lose in a week, lose in one week, lose per week",
    "target_volatility": "target volatility, target_volatility, volatility target",
    "drawdown_throttle": "throttl*, drawdown_throttle",
    "allow_short": "allow_short, allow short, short selling allowed, shorts allowed, shorting allowed, allowed to short, allowed to go short, allowed to sell short, may ... short, can ... short, could ... short, able to short, short permitted, shorting permitted, permitted to short, is shorting, permission to short",
    "max_bars": "time limit on (a/) (position/positions/trade/trades), max_bars, max bars, longest allowed holding, maximum holding",
}  # fmt: skip
LIMITS_NAMED = {name: compiled(phrases) for name, phrases in LIMIT_NAMES.items()}

REGIMES_NAMED: dict[RegimeLabel, re.Pattern[str]] = {
    "trending": compiled("trending, trend market*, trend phase*, trend regime, trendy, strong trend*, trends, a trend, directional market*, trend days"),
    "ranging": compiled("(market/markets) (is/was/were/are) (calm/quiet/flat), when it (is/was) (calm/quiet/flat), calm conditions, quiet conditions, calm phase*, quiet phase*, ranging, range bound, rangebound, range market*, sideways, choppy, quiet market*, quiet regime, in a range, in ranges, range regime, re:\\brange\\b(?! of), ranges, flat market*, directionless, trendless, calm market*, sideway"),
    "volatile": compiled("volatility (is/was/gets) (very/) (extreme/high/elevated), extreme volatility, vol (is/was) high, volatile, turbulent, turbulence, wild market*, stormy, high volatility, high vol, nervous market*, choppy and volatile, rough market*, jumpy, panicky"),
}  # fmt: skip

EXITS_NAMED: dict[ExitReason, re.Pattern[str]] = {
    "stop": compiled(
        """(trades/trade/positions) (is/are/was/were/got/get) stopped, stopped (trades/trade/positions/position), stopped out, hit the stop, hit its stop, hit their stop, hit stop, hit a stop, hit there stop, at the stop, through the stop, by the stop, by stop, by a stop, at its stop, stop was hit, stops were hit, stop hit, stop got hit, stops got hit, stop triggered, stops triggered,
        stop was triggered, stop loss*, stops, stop out*, stop exit*, exits by stop, it stopped, stop get hit, stops get hit, reached the stop, into the stop, on the stop, on a stop, on stops, get stopped, got stopped, was stopped, were stopped, ended in a stop, stop losses, re:\\b(?:hit|hits|reach(?:ed|es)?|touch(?:ed|es)?) (?:our|my|your|any|its|the) stops?\\b, taken out by the stop"""
    ),
    "target": compiled(
        """hit the target, hit its target, hit their target, hit there target, hit target, hit a target, reached the target, reach the target, reached its target, reached their target, reach their target, reaching the target, at the target, by target, by the target, at target, made the target, made target, target was hit, targets were hit,
        target hit, targets hit, target was reached, targets were reached, target reached, targets reached, by take profit, at take profit, hit take profit, take profit (exit/exits), re:\\b(?:hit|hits|reach(?:ed|es)?|touch(?:ed|es)?|got to) (?:our|my|your|any|its|the) (?:profit )?targets?\\b, profit target*, target exit*, targets, target get hit, on target, on the target, hit profit target, got to the target, got to target, at its target, price target hit"""
    ),
    "time": compiled(
        """timed out, time out*, time limit, by time, time exit*, time stop*, ran out of time, time ran out, run out of time, time was up, expired, expire, holding limit, held to the limit, simply timed, because of time, on time, clock ran out, at the horizon, by the horizon, by the clock, closed on time, end of the holding period"""
    ),
    "signal": compiled("by signal, by a signal, opposite signal, on signal, on a signal, signal exit*, by the signal, exit signal*, reversal signal, closed by signal, signal closed, sell signal"),
    "halt": compiled("by a halt, by halt, halt exit*, closed by the halt"),
}  # fmt: skip

SYMBOL_ALIASES: dict[str, tuple[str, ...]] = {
    "NASDAQ": ("nasdaq", "nasdaq composite", "nasdaq index", "ixic", "nasdaq 100", "ndx", "tech index", "nasdaqs", "naz", "nas"),
    "SP500": ("sp500", "s&p 500", "s&p500", "s&p", "sp 500", "s & p 500", "s & p", "s and p 500", "s and p", "spx", "standard and poors", "standard & poor's", "snp", "snp500", "gspc", "s&ps", "sandp"),
    "SPY": ("spy", "spdr"),
    "IWM": ("iwm", "russell", "russell 2000", "small caps"),
    "QQQ": ("qqq",),
    "BTCUSDT": ("btc", "bitcoin", "btcusdt", "btc/usdt"),
    "BTCUSD": ("btc", "bitcoin", "btcusd", "btc/usd"),
    "ETHUSDT": ("eth", "ethereum", "ethusdt", "ether"),
    "ETHUSD": ("eth", "ethereum", "ethusd", "ether"),
    "BNBUSDT": ("bnb", "binance coin"),
    "XRPUSDT": ("xrp", "ripple"),
    "EURUSD": ("eurusd", "eur/usd", "euro dollar", "euro"),
    "EURGBP": ("eurgbp", "eur/gbp", "euro pound"),
    "GBPUSD": ("gbpusd", "gbp/usd", "cable"),
    "USDJPY": ("usdjpy", "usd/jpy", "yen"),
    "AAPL": ("aapl", "apple"),
    "MSFT": ("msft", "microsoft"),
    "TSLA": ("tsla", "tesla"),
    "NVDA": ("nvda", "nvidia"),
    "GOOG": ("goog", "google", "alphabet"),
    "AMZN": ("amzn", "amazon"),
    "META": ("facebook",),
    "NFLX": ("nflx", "netflix"),
    "IBM": ("ibm",),
    "BAC": ("bank of america",),
    "AIG": ("aig",),
    "DAX": ("dax",),
    "DOW": ("dow jones", "djia", "the dow", "dow"),
    "FTSE": ("ftse",),
    "NIKKEI": ("nikkei",),
    "RUSSELL": ("russell", "russell 2000"),
    "GOLD": ("gold", "xauusd"),
    "SILVER": ("silver",),
    "DOGE": ("dogecoin", "doge"),
    "WTI": ("wti", "crude", "crude oil", "oil"),
    "VIX": ("vix",),
}  # fmt: skip
