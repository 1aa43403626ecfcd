"""Questions about how things stand, the run itself, what words mean; and what no record can say."""

# ruff: noqa: E501 - what belongs together reads best on one line

from __future__ import annotations

import re

from agent.chat.local.reading import Question
from agent.chat.local.route import Make, Route, Step, intent, one
from agent.chat.tools.terms import FIGURES, TERMS
from agent.chat.view import View

HELP = (
    "Ask in plain words: why it bought, sold or held on a day; what it thought, how large, with what stop; how trades went (best, worst, "
    "win rate by regime, symbol, month); returns, drawdown, costs; which skills win or lose; who is believed; what followed situations "
    "like one day's; what changed since a day; what would have been without a skill. /help shows the commands."
)
HELLO = "Hello. Ask why a trade was made, how it went, what the skills have earned; /help shows the commands."


def _secret(q: Question, view: View) -> Route | None:
    return Route(
        words="I do not know any key or password: keys are never in the record, and nothing here shows them.", unknown=True
    )


def _future(q: Question, view: View) -> Route | None:
    end = view.today.isoformat()
    text = f"I do not know: the record ends on {end} and says nothing of what comes after [run:{view.run}]."
    return Route(words=text, unknown=True).telling("@symbol @period")


def _elsewhere(q: Question, view: View) -> Route | None:
    what = " ".join(t.text for t in q.tokens if "elsewhere" in t.concepts)
    text = (
        f"I do not know: the record holds prices, decisions, trades, skills and memories of this run, and nothing of {what!r} "
        f"[run:{view.run}]."
    )
    return Route(words=text, unknown=True).telling("@symbol @period @regime @feature @amount @bound " + " ".join(q.concepts))


def _clock(q: Question, view: View) -> Route | None:
    first = view.tables.rows[0] if view.tables.rows else None
    interval = view.record(first).get("interval", "?") if first else "?"
    if interval.endswith(("m", "h")):
        return None
    text = f"I do not know: the record holds {interval} bars and no time within them [run:{view.run}]."
    return Route(words=text, unknown=True).telling("@symbol @period")


def stranger(q: Question, view: View) -> Route | None:
    """A symbol that this run does not hold."""
    if not q.strangers or q.symbols:
        return None
    held = " and ".join(view.tables.symbols) or "nothing"
    return Route(words=f"I do not know: {q.strangers[0]} is not in this run: it holds {held} [run:{view.run}].", unknown=True)


def _said(words: str) -> Make:
    return lambda q, view: Route(words=words)


def _hello(q: Question, view: View) -> Route | None:
    return Route(words=HELLO) if len(q.said.split()) <= 4 else None


def _help(q: Question, view: View) -> Route | None:
    """What can be asked; "did it help" asks something else."""
    return Route(words=HELP) if len(q.tokens) <= 3 or q.concepts & {"help"} and _ASKS_HELP.search(q.text) else None


_ASKS_HELP = re.compile(
    r"\b(?:what|how|which|who) .*\b(?:i|you|commands|questions)\b|\bhelp me\b|\bnew here\b|\bcommands\b|\blook up\b"
)


def _to_halt(q: Question, view: View) -> Route | None:
    words = "/halt REASON halts trading, /stopentry REASON stops new entries, /resume REASON lets it go on; each asks for a yes."
    return Route(words=words) if re.search(r"\bhow (?:do|can|could|would) (?:i|we)\b", q.text) else None


def _real(q: Question, view: View) -> Route | None:
    """Whether money is at stake."""
    if not re.search(r"\b(?:real|paper|fake|play|simulated) (?:money|trading|trades?)\b|\blive (?:money|trading)\b", q.text):
        return None
    told = "real orders are sent" if view.live else "it is recorded on paper and no real order is sent"
    return Route(words=f"This is the run {view.run}: {told} [run:{view.run}].").telling(" ".join(q.concepts))


def _standing(of: str) -> Make:
    return lambda q, view: one("standing", of=of)


def _limit(q: Question, view: View) -> Route | None:
    return Route(tuple(Step("standing", {"limit": name}) for name in q.values("limit")))


def _positions(q: Question, view: View) -> Route | None:
    if q.day is not None or (q.period is not None and not q.has("now")):
        return None
    return one("positions", symbol=q.symbol).telling("@period" if q.has("now") else "")


_STANDS = re.compile(r"\b(?:status|standing|stands?|situation|things|everything|state of (?:affairs|play)|overview)\b")


def _status(q: Question, view: View) -> Route | None:
    if not _STANDS.search(q.text):
        return None
    return Route((Step("standing"), Step("positions")))


def _run(of: str) -> Make:
    return lambda q, view: one("run", of=of)


_WHICH_SYMBOLS = re.compile(
    r"\b(?:which|what) (?:are the )?(?:markets?|symbols?|instruments?|tickers?|assets?|ind(?:ices|exes)|securities)\b"
)


def _length(q: Question, view: View) -> Route | None:
    asked = re.search(r"\bhow long (?:is|was) (?:the |this |your |our )?(?:backtest|run|record|data|test|history)\b", q.text)
    return one("run", of="period") if asked else None


def _symbols(q: Question, view: View) -> Route | None:
    """What is traded at all; which of them did best is another question."""
    if q.any("best", "worst", "most", "least", "win", "lose", "return", "compare") or q.day:
        return None
    return one("run", of="symbols") if _WHICH_SYMBOLS.search(q.text) else None


def _settings(q: Question, view: View) -> Route | None:
    return Route((Step("run", {"of": "settings"}), Step("standing", {"of": "limits"}), Step("standing", {"of": "parameters"})))


def _horizon(q: Question, view: View) -> Route | None:
    """For how many bars a position is planned."""
    if not re.search(r"\bhorizons?\b", q.text) or q.skills:
        return None
    return Route((Step("run", {"of": "settings", "setting": "plan.horizon"}), Step("trades", {"measure": "holding"})))


def _threshold(q: Question, view: View) -> Route | None:
    return Route((Step("run", {"of": "settings", "setting": "reason.min_confidence"}), Step("standing", {"of": "parameters"})))


_MEANS = (
    re.compile(
        r"\b(?:what|how) (?:is|are) (?:an? )?[\"']?(?P<t>[\w% -]{1,30}?)[\"']?(?: again| exactly| here| actually| supposed to (?:be|mean)| in (?:plain|simple) (?:words|english|terms)|(?: to you)?)*\s*[?.]*$"
    ),
    re.compile(
        r"\bwhat (?:does|do|is) (?:an? |the (?:word |term )?)?[\"']?(?P<t>[\w% -]{1,30}?)[\"']? (?:mean|stand for|meant)\b"
    ),
    re.compile(
        r"\bhow (?:is|are|do you|does one) (?:an? )?[\"']?(?P<t>[\w% -]{1,30}?)[\"']? (?:calculated|computed|measured|defined|worked out)\b"
    ),
    re.compile(r"\bwhat [\"']?(?P<t>[\w% -]{1,30}?)[\"']? (?:means|stands for|is)\b"),
    re.compile(
        r"\b(?:define|definition of|meaning of|meant by|mean by|explain (?:the (?:word|term) )?)(?: an?| the)? ?[\"']?(?P<t>[\w% -]{1,30}?)[\"']?(?: to me| please| in (?:plain|simple) (?:words|english|terms))*\s*[?.]*$"
    ),
)
_OF_THE_RUN = re.compile(r"^(?:the|our|your|my|its|total|this)\b")


def _term(q: Question, view: View) -> Route | None:
    """What a word of this program means; "the drawdown" is asked of the run, "a drawdown" or "drawdown" of the language."""
    if q.periods or q.symbols or q.idents:
        return None
    for pattern in _MEANS:
        match = pattern.search(q.text)
        word = match.group("t").strip() if match else ""
        if (
            match
            and word in FIGURES
            and pattern is _MEANS[0]
            and not re.search(r"\b(?:an?|again|exactly|plain)\b", match.group(0))
        ):
            continue
        alone = re.sub(r" (?:skill|trade|regime|market|decision|voter|ratio|score)s?$", "", word)
        name = next((t for t in (word, word.removesuffix("s"), alone) if t in TERMS), None)
        if name is not None and not _OF_THE_RUN.match(word):
            return one("term", name=name).telling("@exit @feature @regime @limit term describe " + " ".join(q.concepts))
    return None


_ASK = "when list how_many overall describe why now"
INTENTS = (
    intent("secrets", "secret", "list model settings run believe describe", _secret, 1.0),
    intent("the future", "future", "price buy sell close trade short long win lose return best state outcome forecast happened now market year month week dayunit recommend worth equity benchmark next regime hold condition drawdown skill confidence symbol", _future, 0.6),
    intent("not in the record", "elsewhere", "", _elsewhere, 0.3),
    intent("time of day", "clock", "when price least most trade buy sell close decision happened state", _clock, 0.5),
    intent("help", "help", "describe happened list settings", _help, 0.2),
    intent("how to halt", "halt", f"{_ASK} trade stop", _to_halt, 0.5),
    intent("real or paper", "", "", _real, 0.6),
    intent("greeting", "greeting", "", _hello, 0.0),
    intent("a term", "", "", _term, 1.0),
    intent("limits", "limit", f"{_ASK} status risk size settings halt clamp most least how_much lose protect trade confidence", _standing("limits"), 0.0),
    intent("a limit", "@limit", f"{_ASK} limit exposure executions often status most least how_much lose size settings trade short halt win buy sell now drawdown equity entries position_open happened long clamp", _limit, 0.2),
    intent("a halt", "halt", f"{_ASK} status trade last first happened stop close by negation buy entries again run lose streak risk limit", _standing("halt"), 0.1),
    intent("what would halt", "would_halt halt|trade|stop", f"{_ASK} trade happened stop condition whatif halt", _standing("limits"), 0.3),
    intent("positions", "position_open", f"{_ASK} trade how_many now hold buy long last return win lose how_much symbol outcome status run stop value equity price size", _positions, 0.05),
    intent("status", "status", f"{_ASK} last return position_open regime state trade", _status, -0.2),
    intent("preferences", "preference", f"{_ASK} limit settings risk memories status change trade size stop lesson confidence short long buy notes holding hold memory_size", _standing("preferences"), 0.0),
    intent("a setting", "settings stop|target|holding", f"{_ASK} stop target holding how_much levels executions limit trade price", _settings, 0.2),
    intent("the horizon", "", f"{_ASK} holding settings stop target", _horizon, 0.8),
    intent("how it decides", "how_works", f"{_ASK} size settings limit confidence stop target buy entries decision trade risk exposure how_many short close how_much units", _settings, 0.3),
    intent("settings", "settings", f"{_ASK} run parameter limit how_much buy entries trade confidence stop target condition most least hold sell close decision executions", _settings, 0.0),
    intent("threshold", "parameter|settings|limit|would_halt confidence", f"{_ASK} buy entries trade how_much settings parameter condition least entry limit size confidence @period", _threshold, 0.5),
    intent("seed", "seed", f"{_ASK} run settings executions", _run("seed"), 0.3),
    intent("notes", "notes", f"{_ASK} run return settings believe reliability happened lesson", _run("notes"), 0.15),
    intent("the model", "model|reasoner", f"{_ASK} cost how_much run decision executions settings return happened believe", lambda q, v: one("model_cost"), 0.1),
    intent("length of the record", "period how_long", f"{_ASK} run executions", _length, 0.4),
    intent("the period", "period", f"{_ASK} run first last how_long symbol dayunit executions trade year when start_cash", _run("period"), 0.0),
    intent("symbols traded", "symbol", f"{_ASK} trade run period executions buy position_open regime", _symbols, 0.4),
    intent("which symbols", "symbol", f"{_ASK} trade run period executions price buy position_open", _run("symbols"), 0.0),
    intent("the run", "run", f"{_ASK} settings describe period executions", _run("all"), -0.1),
)  # fmt: skip
