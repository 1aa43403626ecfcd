"""Questions about skills: what each has earned, how it has stood, where it comes from, what it says."""

# ruff: noqa: E501 - what belongs together reads best on one line

from __future__ import annotations

import re

from agent.chat.local.reading import Question
from agent.chat.local.route import Make, Route, Step, clean, days_of, intent, one, scope
from agent.chat.view import View

STANDINGS = ("retired", "probation", "stale", "suspended", "quarantined", "candidate", "watch", "untried", "active")


def _standing(name: str) -> Make:
    def make(q: Question, view: View) -> Route | None:
        if q.skills:
            return None
        steps = [Step("skills", clean({"which": name, "regime": q.regime}))]
        if q.any("why", "when", "history", "happened"):
            inside = [row["name"] for row in view.catalogue.rows() if row["status"] == name]
            steps += [Step("skill", {"name": n, "aspect": "history"}) for n in inside[:6]]
        return Route(tuple(steps))

    return make


# which skill stood behind a single trade is asked of that trade
_ONE_TRADE = re.compile(
    r"\b(?:best|worst|biggest|largest|last|first|longest) (?:\w+ )?(?:trade|winner|loser|win|loss|position|deal)\b"
)


def _ranked(rank: str, *, least: bool | None = None) -> Make:
    def make(q: Question, view: View) -> Route | None:
        if q.skills or q.voters or _standing_meant(q, rank) or _ONE_TRADE.search(q.text):
            return None
        low = q.any("least", "worst") or q.has("lose") and q.has("most") if least is None else least
        counts = tuple(b.model_copy(update={"feature": "executions"}) for b in q.bounds if b.feature == "count")
        n = q.top if q.top > 1 else 20 if q.has("rank") or counts else 3
        bounds = (*(b for b in q.bounds if b.feature == "reliability"), *counts)
        if rank in ("mean_r", "reliability") and re.search(r"\b(?:money|profits?|cash|p&l|pnl|dollars?|earn\w*)\b", q.text):
            return None  # in money, not in R
        if rank == "mean_r" and least is False and q.has("reliability"):
            return None  # ranked by what is named
        ended = re.search(r"\b(?:(failures|failed)|successes)\b", q.text) if q.any("most", "least") else None
        if ended:
            return one("skills", rank="failure" if ended.group(1) else "success", least=q.has("least"), regime=q.regime, n=n)
        return one("skills", rank=rank, least=low, regime=q.regime, n=20 if bounds else n, bounds=bounds)

    return make


def _origins(q: Question, view: View) -> Route | None:
    """Who made the skills, and which the run found or composed itself."""
    name = q.skills[0] if len(q.skills) == 1 else None
    return one("origins", skill=name, **days_of(q)).telling("@period @skill")


def _standing_meant(q: Question, rank: str) -> bool:
    """Whether "active" is said of how skills stand, not of how much they are used."""
    return rank == "executions" and q.has("active") and not q.any("most", "least", "best")


def _uncertain(q: Question, view: View) -> Route | None:
    return one("skills", rank="width", n=3) if q.has("uncertain") and not q.skills else None


def _of_kind(which: str) -> Make:
    def make(q: Question, view: View) -> Route | None:
        return one("skills", which=which, regime=q.regime) if not q.skills else None

    return make


def _traded(q: Question, view: View) -> Route | None:
    """What the trades that each skill agreed with came to."""
    if q.skills:
        return None
    low = q.any("least", "worst") or q.has("lose") and not q.has("win")
    rank = "win_rate" if q.has("win_rate") else "mean_r" if q.has("average") else "pnl"
    if q.any("most", "least") and not q.any("win", "lose", "return", "win_rate", "average", "make"):
        rank = "count"
    return one("trades", by="skill", rank=rank if q.any("most", "least", "best", "worst") else None, least=low, **scope(q))


def _transitions(q: Question, view: View) -> Route | None:
    """The changes of standing in order, the first or the last of them."""
    to = next((s for s in STANDINGS if q.has(s) and s != "untried"), None)
    if q.skills:
        return None
    if to is not None and q.has("how_many") and not q.period and not q.any("history", "change"):
        return None  # how many stand so now
    down = to is None and "demot" in q.text
    to = "active" if to is None and "promot" in q.text else to
    return one("transitions", to=to, down=down or None, order="last" if q.has("last") else "first", **days_of(q)).telling(
        to or ""
    )


def _of_status(q: Question, view: View) -> Route | None:
    said = re.search(r"\b(?:status|standing) changes?\b|\bchanges? (?:of|in) (?:status|standing)\b", q.text)
    return _transitions(q, view) if said else None


def _histories(q: Question, view: View) -> Route | None:
    """How every strategy has stood."""
    names = [row["name"] for row in view.catalogue.rows()]
    kinds = {skill.name: skill.kind for skill in view.catalogue.versions()}
    steps = tuple(Step("skill", {"name": n, "aspect": "history"}) for n in dict.fromkeys(names) if kinds[n] == "strategy")
    return Route(steps) if steps and not q.skills and q.period is None else None


_KNOWN = re.compile(r"\b(?:know|known|learnt|learned)\b")  # of it, not only what it is


def _one(aspect: str) -> Make:
    def make(q: Question, view: View) -> Route | None:
        told = "all" if aspect == "what" and _KNOWN.search(q.text) else aspect
        steps = [Step("skill", {"name": name, "aspect": told}) for name in q.skills]
        return Route(tuple(steps)) if steps and q.period is None else None

    return make


def _conditions(q: Question, view: View) -> Route | None:
    """When a skill applies, by its own rules."""
    return _one("what")(q, view) if _ASKS_CONDITIONS.search(q.text) else None


_ASKS_CONDITIONS = re.compile(
    r"\b(?:conditions?|appl(?:y|ies)|criteria|rules?)\b|\bwhen (?:does|do|would|will|should)\b|\bwhat (?:makes|triggers)\b|\b(?:needs?|requires?)\b"
)


def _plan(q: Question, view: View) -> Route | None:
    """What a skill's plan says: its stop, target, size or longest holding."""
    return _one("what")(q, view) if re.search(r"\b(?:stops?|targets?|siz\w+|how (?:long|big|large)|holding)\b", q.text) else None


def _one_in(q: Question, view: View) -> Route | None:
    """A skill over some days: its firings, and the trades it agreed with."""
    if len(q.skills) != 1 or q.period is None:
        return None
    days = days_of(q)
    return Route(
        (Step("backtest_skill", clean({"skill": q.skills[0], **days})), Step("trades", clean({"skill": q.skills[0], **days})))
    )


def _one_symbol(q: Question, view: View) -> Route | None:
    if len(q.skills) != 1 or not q.symbols:
        return None
    by = "symbol" if len(q.symbols) > 1 else None
    return one("trades", skill=q.skills[0], by=by, **scope(q)).telling("@symbol")


def _skill_trades(q: Question, view: View) -> Route | None:
    if len(q.skills) != 1:
        return None
    return Route(
        (Step("skill", {"name": q.skills[0], "aspect": "trades"}), Step("trades", clean({"skill": q.skills[0], **scope(q)})))
    )


def _procedure(q: Question, view: View) -> Route | None:
    if q.period or re.search(r"\b(?:did|has|have|was|were)\b", q.text):
        return None  # what was done, not what is to be done
    return one("procedures", task=q.said).telling("@skill")


_SKILL = "skill when how_many list describe overall now"


INTENTS = (
    *(intent(f"skills {s}", f"{s} skill|{s}", f"{_SKILL} why history status happened reliability last active executions first change", _standing(s), 0.1) for s in STANDINGS),
    intent("skills losing", "skill lose", f"{_SKILL} return trade executions", _of_kind("losing"), 0.4),
    intent("skills winning", "skill win|return", f"{_SKILL} return trade executions best", _of_kind("winning"), 0.05),
    intent("skills ranked", "skill rank", f"{_SKILL} by reliability return win lose executions trade best worst regime average", _ranked("mean_r", least=False), 0.3),
    intent("skills ranked by reliability", "skill rank reliability", f"{_SKILL} by", _ranked("reliability", least=False), 0.5),
    intent("skills by reliability", "skill reliability|best|worst|most|least", f"{_SKILL} share best worst most least believe by reliability return lose win compare", _ranked("reliability"), 0.1),
    intent("skills by mean R", "skill best|worst", f"{_SKILL} best worst by reliability return lose win average", _ranked("mean_r"), 0.25),
    intent("least certain skills", "skill uncertain|confidence|reliability most|least|uncertain", f"{_SKILL} reliability most least uncertain", _uncertain, 0.5),
    intent("skills by use", "skill executions most|least|how_many|by|best", f"{_SKILL} trade executions by most least last", _ranked("executions"), 0.25),
    intent("skills by last use", "skill last_used", f"{_SKILL} trade executions last", _ranked("last_used", least=False), 0.1),
    intent("skills by trades", "skill trade|return|win_rate|win|lose", f"{_SKILL} by most least best worst average how_much", _traded, 0.1),
    intent("skills on paper", "skill", f"{_SKILL} shadow paper follow", _of_kind("shadow"), -0.6),
    intent("changes of status", "change status|history", f"{_SKILL} why first last happened", _of_status, 0.5),
    intent("changes of standing", "first|last|@period|change skill|retired|stale|probation", f"{_SKILL} history happened change status first last why reliability", _transitions, 0.15),
    intent("changes of standing in order", "first|last|how_many history|retired|stale", f"{_SKILL} history happened change status first last why", _transitions, 0.0),
    intent(
        "how skills stood",
        "skill history|happened|change|status",
        f"{_SKILL} history happened change status by retired stale probation why describe active first last",
        _histories, 0.05,
    ),
    intent("where skills come from", "origin|learned skill", f"{_SKILL} by active history status origin learned trade executions negation", _origins, 0.45),
    intent("where a skill comes from", "origin|learned @skill", f"{_SKILL} history status origin learned", _origins, 0.45),
    intent("skills", "skill", f"{_SKILL} status executions reliability by active position_open learned history", _of_kind("all"), 0.0),
    intent("a skill", "@skill", "skill describe why how_much trade overall settings when condition", _one("all"), 0.0),
    intent("a skill told", "describe|why|buy|condition @skill", "skill settings term short when trade", _one("what"), 0.0),
    intent("a skill's conditions", "@skill", "skill regime condition when executions settings describe list limit", _conditions, 0.6),
    intent("a skill's plan", "stop|target|size|holding|levels @skill", "skill settings use executions how_much how_long levels price when buy most", _plan, 0.15),
    intent("a skill's reliability", "reliability|win_rate|believe|confidence @skill", "skill how_much trade win lose sure interval executions how_many describe now size average share why", _one("reliability"), 0.15),
    intent("a skill's use", "last_used|last @skill", "skill when trade executions first", _one("last_used"), 0.15),
    intent("a skill's history", "history|status|retired|stale|probation|watch|suspended|active|change|happened @skill", "skill when why describe first last now return lose reliability trade executions", _one("history"), 0.15),
    intent("a skill by regime", "regime|@regime @skill", "skill best worst most least reliability by trade executions compare return win lose win_rate when average change describe state @regime", _one("regimes"), 0.15),
    intent("a skill's trades", "trade|return|win|lose|how_many|executions|outcome|average|win_rate @skill", "skill how_much list by best worst when reliability last share happened buy entries agree", _skill_trades, 0.1),
    intent("a skill over days", "@skill @period", "skill how_many how_much return win lose trade executions reliability win_rate happened outcome describe list", _one_in, 0.1),
    intent("a skill on a symbol", "@skill @symbol", "skill how_many how_much return win lose trade executions reliability win_rate best worst compare by", _one_symbol, 0.1),
    intent("procedures", "procedure", "skill happened when describe condition list error gap event again negation stop close open", _procedure, 0.3),
    intent("how much is remembered", "memory_size memories|how_many|how_much", "memories how_many how_much list overall now kind describe", lambda q, v: one("memory_stats") if q.has("memories") else None, 0.1),
)  # fmt: skip
