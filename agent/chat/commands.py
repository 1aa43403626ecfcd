"""The commands of a conversation: each a word with a slash, answered by the same tools as a question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agent.chat.acting import Request, wish
from agent.chat.answer import Answer
from agent.chat.found import Table, cite
from agent.chat.local.answering import LABEL, looked_up, names_of
from agent.chat.local.reading import read
from agent.chat.local.route import Step
from agent.chat.talk import Talk
from agent.chat.tools import READING
from agent.errors import ConfigError
from prompts import render, tokens

Does = Callable[[Talk, str], Answer]


@dataclass(frozen=True)
class Command:
    """A command: what follows it, what it does."""

    name: str
    takes: str
    says: str
    does: Does


def tool(conversation: Talk, *steps: Step) -> Answer:
    """The answer of tools alone."""
    found = [looked_up(conversation.view, step) for step in steps]
    return Answer(
        text="\n".join(f.text for f in found),
        label=LABEL,
        certainty="unknown" if all(f.empty for f in found) else "sure",
        tools=tuple(dict.fromkeys(step.tool for step in steps)),
        citations=tuple(dict.fromkeys(i for f in found for i in f.ids)),
        table=next((f.table for f in found if f.table), None),
        chart=next((f.chart for f in found if f.chart), None),
    )


def _said(text: str, table: Table | None = None) -> Answer:
    return Answer(text=text, label="", table=table)


def _help(conversation: Talk, rest: str) -> Answer:
    rows = tuple((f"/{c.name} {c.takes}".strip(), c.says) for c in COMMANDS.values())
    text = (
        "Ask in plain words, or with a command. Alt-Enter or a backslash at the end of a line goes on to the next, "
        "Ctrl-R searches "
        "what was said before, Ctrl-C ends the answer, Ctrl-D or /quit the conversation."
    )
    return _said(text, Table(title="commands", columns=("command", "does"), rows=rows))


def _where(conversation: Talk, rest: str) -> dict[str, Any]:
    """The symbol and the day a command names."""
    q = read(rest, names_of(conversation.view), conversation.view.today)
    found: dict[str, Any] = {"symbol": q.symbol, "at": q.day}
    return {k: v for k, v in found.items() if v is not None} | ({"id": q.idents[0]} if q.idents else {})


def _why(conversation: Talk, rest: str) -> Answer:
    where = _where(conversation, rest)
    if not where and (word := rest.strip()):
        where = {"id": word.split()[0]}
    if not where:
        last = conversation.last_decision()
        if last is None:
            raise ConfigError("/why needs an id, or a symbol and a day: /why NASDAQ 2016-02-12")
        where = {"id": last}
    return tool(conversation, Step("why", where))


def _state(conversation: Talk, rest: str) -> Answer:
    where = {k: v for k, v in _where(conversation, rest).items() if k in ("symbol", "at")}
    return tool(conversation, Step("market_state", where))


def _recall(conversation: Talk, rest: str) -> Answer:
    if not rest.strip():
        return tool(conversation, Step("memory_stats"), Step("recall", {"n": 5}))
    return tool(conversation, Step("recall", {"query": rest.strip()}))


def _skills(conversation: Talk, rest: str) -> Answer:
    which = rest.strip().lower()
    known = (
        "active",
        "retired",
        "probation",
        "candidate",
        "quarantined",
        "watch",
        "stale",
        "suspended",
        "losing",
        "winning",
        "untried",
    )
    if which and which not in known:
        raise ConfigError(f"/skills {which}: choose one of {', '.join(known)}, or none for all")
    return tool(conversation, Step("skills", {"which": which or "all"}))


def _skill(conversation: Talk, rest: str) -> Answer:
    if not rest.strip():
        raise ConfigError("/skill needs a name; /skills shows them")
    q = read(rest, names_of(conversation.view), conversation.view.today)
    return tool(conversation, Step("skill", {"name": q.skills[0] if q.skills else rest.strip()}))


def _positions(conversation: Talk, rest: str) -> Answer:
    return tool(conversation, Step("positions"))


def _status(conversation: Talk, rest: str) -> Answer:
    return tool(conversation, Step("standing"), Step("positions"))


def _profit(conversation: Talk, rest: str) -> Answer:
    q = read(rest, names_of(conversation.view), conversation.view.today)
    days = {"start": q.period.start, "end": q.period.end} if q.period else {}
    return tool(conversation, Step("result", {"measure": "all", **days}), Step("trades", {"measure": "pnl", **days}))


def _performance(conversation: Talk, rest: str) -> Answer:
    by = rest.strip().lower().rstrip("s")
    steps = {
        "": (Step("regimes", {"measure": "record"}), Step("voters"), Step("skills", {"rank": "reliability"})),
        "voter": (Step("voters", {"by_regime": True}),),
        "regime": (Step("regimes", {"measure": "record"}),),
        "skill": (Step("skills"),),
        "symbol": (Step("trades", {"by": "symbol"}),),
        "quarter": (Step("trades", {"by": "quarter"}),),
        "month": (Step("trades", {"by": "month"}),),
        "parameter": (Step("parameters"),),
    }
    if by not in steps:
        raise ConfigError(f"/performance {rest.strip()}: choose {', '.join(name + 's' for name in steps if name)}")
    return tool(conversation, *steps[by])


def _context(conversation: Talk, rest: str) -> Answer:
    """What a model would see with the next question, part by part, in estimated tokens."""
    words = render("chat", as_of="", run=conversation.view.run, question="", before="", fence=None)
    schemas = sum(tokens(str(t.schema())) for t in READING)
    asking = conversation.asking
    turns = asking.conversation.turns if asking and asking.conversation else ()
    results = sum(
        tokens(str(block.get("content", "")))
        for t in turns
        if not isinstance(t.content, str)
        for block in t.content
        if block.get("type") == "tool_result"
    )
    said = sum(tokens(str(t.content)) for t in turns) - results
    rows = [
        ("system", tokens(words.system), "never changes: cached"),
        ("tools", schemas, f"{len(READING)} read, 8 prepare a change: cached"),
        ("what was said before", tokens(conversation.before()), "shortened, fenced as data"),
        ("this conversation", max(0, said), f"{len(turns)} messages"),
        ("what tools returned", results, "data"),
    ]
    shown = tuple((name, str(n), note) for name, n, note in rows)
    total = sum(n for _, n, _ in rows)
    who = asking.name if asking else "no model; this is what one would see"
    table = Table(title="context", columns=("part", "tokens", ""), rows=(*shown, ("all", str(total), "")), right=(1,))
    return _said(f"What the model sees with the next question ({who}): about {total} tokens.", table)


def _cost(conversation: Talk, rest: str) -> Answer:
    used, spent = conversation.session.usage, conversation.session.cost
    cached = f" ({used.cached_tokens / used.input_tokens:.0%} cached)" if used.input_tokens else ""
    text = (
        f"This conversation: {used.input_tokens} tokens in{cached}, {used.output_tokens} out, {spent:.4f} USD over "
        f"{len(conversation.session.turns)} turns."
    )
    run = tool(conversation, Step("model_cost"))
    return run.model_copy(update={"text": f"{text} The run: {run.text}"})


def _model(conversation: Talk, rest: str) -> Answer:
    if conversation.asking is None:
        return _said("No model answers: set ANTHROPIC_API_KEY (or --llm live). Questions are answered from the record.")
    if rest.strip():
        conversation.asking.use(rest.strip())
        return _said(f"{conversation.asking.name} answers from now on; what was said before is shown to it shortened.")
    return _said(f"{conversation.asking.name} answers.")


def _compact(conversation: Talk, rest: str) -> Answer:
    before = len(conversation.session.turns)
    conversation.compact()
    return _said(
        f"{before} turns are shortened to about {tokens(conversation.session.summary)} tokens; ids, decisions and "
        f"preferences stay."
    )


def _memory(conversation: Talk, rest: str) -> Answer:
    words = rest.split(maxsplit=1)
    if words and words[0] in ("revoke", "forget") and len(words) == 2:
        ident = words[1].strip().removeprefix("memory:")
        return conversation.ask_yes(Request(kind="revoke", what=f"preference {ident} is no longer kept to", given={"id": ident}))
    if words and words[0] in ("add", "prefer") and len(words) == 2:
        return conversation.ask_yes(wish(conversation.view, words[1]))
    held = conversation.preferences()
    told = "\n".join(f"{cite('memory', one.id)} {one.words()}" for one in held)
    lead = (
        "Your preferences in force; /memory revoke ID takes one back:"
        if held
        else "No preference of yours is in force. Say one, for example: never short on Fridays."
    )
    answer = _said(f"{lead}\n{told}".strip())
    return answer.model_copy(update={"citations": tuple(one.id for one in held)})


def _export(conversation: Talk, rest: str) -> Answer:
    path = conversation.export(rest.strip())
    return _said(f"{len(conversation.session.turns)} turns are in {path}")


def _halt(conversation: Talk, rest: str) -> Answer:
    reason = rest.strip() or "halted by hand"
    return conversation.ask_yes(Request(kind="halt", what=f"halt trading: {reason}", given={"reason": reason}))


def _stopentry(conversation: Talk, rest: str) -> Answer:
    reason = rest.strip() or "entries stopped by hand"
    return conversation.ask_yes(Request(kind="stopentry", what=f"stop new entries: {reason}", given={"reason": reason}))


def _resume(conversation: Talk, rest: str) -> Answer:
    if not rest.strip():
        raise ConfigError(
            "/resume lets trading go on and needs a reason: /resume checked the feed (a conversation is reopened with chat -r ID)"
        )
    return conversation.ask_yes(Request(kind="resume", what=f"let trading go on: {rest.strip()}", given={"reason": rest.strip()}))


def _clear(conversation: Talk, rest: str) -> Answer:
    conversation.clear()
    return _said(f"A new conversation begins ({conversation.session.id}); the last one is kept.")


def _quit(conversation: Talk, rest: str) -> Answer:
    conversation.over = True
    return _said(f"`tradecraft chat -r {conversation.session.id}` goes on with this.")


def _whatif(conversation: Talk, rest: str) -> Answer:
    return conversation.locally(f"what if {rest}")


COMMANDS = {
    c.name: c
    for c in (
        Command("help", "", "what can be asked, and the commands", _help),
        Command("why", "[ID | SYMBOL DAY]", "explain a decision", _why),
        Command("state", "[SYMBOL] [DAY]", "the market as it was known", _state),
        Command("recall", "[WORDS]", "text memories by words", _recall),
        Command("skills", "[STATUS]", "skills with their evidence", _skills),
        Command("skill", "NAME", "one skill", _skill),
        Command("positions", "", "what is open now", _positions),
        Command("status", "", "limits, halts, parameters, preferences, positions", _status),
        Command("profit", "[DAYS]", "the result, net of costs", _profit),
        Command("performance", "[voters|regimes|skills|symbols|quarters|parameters]", "who and what earned it", _performance),
        Command("whatif", "...", "a decision with something changed; hypothetical", _whatif),
        Command("memory", "[revoke ID]", "your preferences: see them, take one back", _memory),
        Command("context", "", "what the model sees and what each part costs", _context),
        Command("cost", "", "tokens and money of this conversation and the run", _cost),
        Command("model", "[NAME]", "who answers; ask another", _model),
        Command("compact", "", "shorten what was said; ids and preferences stay", _compact),
        Command("export", "[FILE.md|FILE.json]", "write the conversation to a file", _export),
        Command("halt", "[REASON]", "halt trading, after a yes", _halt),
        Command("stopentry", "[REASON]", "stop new entries, after a yes", _stopentry),
        Command("resume", "REASON", "let trading go on, after a yes", _resume),
        Command("clear", "", "begin a new conversation", _clear),
        Command("quit", "", "end it", _quit),
    )
}


def run_command(conversation: Talk, text: str) -> Answer:
    """Carry a command out; ConfigError for one there is none of."""
    word, _, rest = text[1:].partition(" ")
    name = word.strip().lower()
    if name in ("exit", "q"):
        name = "quit"
    if name not in COMMANDS:
        raise ConfigError(f"/{name} is no command; /help shows them")
    return COMMANDS[name].does(conversation, rest)


__all__ = ["COMMANDS", "Command", "run_command", "tool"]
