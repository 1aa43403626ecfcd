"""Every suite and every gate, in one place: what is asked, what is run for it, and what counts as passed.

A suite is a list of independent tasks (a function of plain arguments that returns plain data) and a
function from their results to gates. Gates are pure, so a run that was killed and resumed ends as
one that was not. A gate without a threshold is a figure that is reported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from agent.errors import ConfigError
from agent.statistics import wilson
from evals import edges, growing, leaks, learning, minds, mutation, null, promotion, worth
from evals.mutants import MUTANTS

Json = dict[str, Any]
Results = dict[str, Json]
Profile = Literal["ci", "full"]
PROFILES: tuple[Profile, ...] = ("ci", "full")


@dataclass(frozen=True)
class Task:
    """One piece of work; ``name`` is unique in its suite and is the name of its file."""

    name: str
    call: Callable[..., Json]
    arguments: dict[str, Any]


@dataclass(frozen=True)
class Gate:
    """A figure with its interval and what it must keep to; ``why`` says it in words."""

    name: str
    value: float
    low: float | None
    high: float | None
    threshold: float | None
    passed: bool
    why: str

    def row(self) -> Json:
        """As the command line's document has it."""
        interval = None if self.low is None or self.high is None else [self.low, self.high]
        return {
            "name": self.name,
            "value": self.value,
            "interval": interval,
            "threshold": self.threshold,
            "passed": self.passed,
            "why": self.why,
        }


@dataclass(frozen=True)
class Suite:
    """A question, the work that answers it, and the gates."""

    name: str
    question: str
    tasks: Callable[[Profile, int], list[Task]]
    gates: Callable[[Results], list[Gate]]


# --- leaks ---------------------------------------------------------------------------------


def _leak_tasks(profile: Profile, seed: int) -> list[Task]:
    bars = 600 if profile == "ci" else 1500
    return [Task(name, leaks.task, {"check": name, "seed": seed, "bars": bars}) for name in leaks.CHECKS]


ALLOWED = {"truncated": 0.0, "garbage": 0.0, "masked": 0.0, "perturbed": 0.02, "outcomes-shuffled": 0.0}


def _leak_gates(results: Results) -> list[Gate]:
    gates = []
    for name, found in results.items():
        share, allowed = found["differences"] / found["checked"], ALLOWED[name]
        why = f"{found['differences']} of {found['checked']} differ"
        gates.append(Gate(name, share, None, None, allowed, share <= allowed, why))
    return gates


# --- mutation ------------------------------------------------------------------------------


def _mutation_tasks(profile: Profile, seed: int) -> list[Task]:
    names = ["none", *(mutant.name for mutant in MUTANTS)]
    return [Task(name, mutation.task, {"mutant": name, "seed": seed}) for name in names]


def _mutation_gates(results: Results) -> list[Gate]:
    clean = sum(results["none"]["fired"].values())
    gates = [Gate("clean build", clean, None, None, 0.0, clean == 0, "gates that fire on the honest build")]
    for mutant in MUTANTS:
        count = results[mutant.name]["fired"][mutant.gate]
        gates.append(
            Gate(mutant.name, count, None, None, 1.0, count >= 1, f"violations that {mutant.gate} found; it must find any")
        )
    return gates


# --- learning ------------------------------------------------------------------------------


def _learning_tasks(profile: Profile, seed: int) -> list[Task]:
    if profile == "ci":
        return [Task(f"voter-{n}", learning.task, {"market": "voter", "seed": seed + n, "opportunities": 300}) for n in (1, 2)]
    seeds = range(1, 21)
    tasks = [Task(f"voter-{n}", learning.task, {"market": "voter", "seed": seed + n}) for n in seeds]
    return tasks + [Task(f"memory-{n}", learning.task, {"market": "memory", "seed": seed + n}) for n in seeds]


FEW = 10  # seeds below which a capture is reported and not judged
CAPTURE = 0.80


def _learning_gates(results: Results) -> list[Gate]:
    gates = []
    for market in ("voter", "memory"):
        rows = [found for name, found in results.items() if name.startswith(market)]
        if rows:
            gates += _market_gates(market, rows)
    return gates


def _market_gates(market: str, rows: list[Json]) -> list[Gate]:
    """Capture of each arm; what memory adds is judged where there is something to add, else that it takes nothing away."""
    judged = len(rows) >= FEW
    gates = []
    for arm in learning.ARMS_OF[market]:
        for window in ("early", "late"):
            found = learning.capture(rows, arm, window)
            aim = CAPTURE if judged and (arm, window) == ("full", "late") else None
            passed = aim is None or found.value >= aim
            name, why = f"{market}: {arm}, {window} half", f"share of the achievable over {len(rows)} markets"
            gates.append(Gate(name, found.value, _finite(found.low), _finite(found.high), aim, passed, why))
    return gates + [_beyond(market, arm, rows, judged) for arm in learning.ARMS_OF[market] if arm != "no-memory"]


def _beyond(market: str, arm: str, rows: list[Json], judged: bool) -> Gate:
    gap = learning.advantage(rows, arm, "no-memory")
    why = "more of the achievable than no-memory, 99 % interval "
    if arm == "shuffled-memory":
        good, why = gap.low <= 0, why + "not above 0"
    elif market == "voter":
        good, why = gap.high >= 0, why + "not below 0: there is nothing here for memory to add"
    else:
        good, why = gap.low > 0, why + "above 0"
    name = f"{market}: {arm} beyond no-memory"
    return Gate(name, gap.value, _finite(gap.low), _finite(gap.high), 0.0 if judged else None, good or not judged, why)


def _finite(value: float) -> float | None:
    return value if abs(value) != float("inf") else None


def _rate(count: float, of: float) -> tuple[float | None, float | None]:
    """The Wilson interval of a share."""
    return wilson(count, of) or (None, None)


# --- null ----------------------------------------------------------------------------------


def _null_tasks(profile: Profile, seed: int) -> list[Task]:
    runs = 6 if profile == "ci" else 100
    tasks = [Task(f"run-{n}", null.task, {"seed": seed + n}) for n in range(1, runs + 1)]
    return [*tasks, Task("coverage", null.coverage, {"markets": 200, "seed": seed})]


def _null_gates(results: Results) -> list[Gate]:
    runs = [found for name, found in results.items() if name.startswith("run-")]
    false = sum(found["reported"] for found in runs)
    low, high = _rate(false, len(runs))
    why = f"{false} of {len(runs)} runs without signal report an arm as better at nominal 1 %"
    gates = [Gate("false alarms", false / len(runs), low, high, 0.05, false <= 0.05 * len(runs), why)]
    covered = results["coverage"]
    share = covered["held"] / covered["markets"]
    low, high = _rate(covered["held"], covered["markets"])
    why = f"{covered['held']} of {covered['markets']} 95 % intervals hold the known difference; 91-98 % is honest"
    gates.append(Gate("coverage", share, low, high, 0.91, 0.91 <= share <= 0.98, why))
    level = covered["rejected_at_5_pct"] / covered["markets"]
    low, high = _rate(covered["rejected_at_5_pct"], covered["markets"])
    gates.append(Gate("level of the 5 % test", level, low, high, 0.09, level <= 0.09, "of true null hypotheses rejected"))
    return gates


# --- memory-worth --------------------------------------------------------------------------

WORTH_ARMS = ("full", "no-memory", "shuffled-memory", "stale-memory")


def _worth_tasks(profile: Profile, seed: int) -> list[Task]:
    timerange, arms = ("20140101-20141231", WORTH_ARMS[:2]) if profile == "ci" else ("20140101-20181231", WORTH_ARMS)
    return [Task(arm, worth.task, {"arm": arm, "timerange": timerange, "seed": seed}) for arm in arms]


def _worth_gates(results: Results) -> list[Gate]:
    gates = []
    for other in (name for name in results if name != "full"):
        found = worth.compare(results["full"], results[other], 0)
        for name, claimed in worth.CLAIMED.items():
            if found[name] is not None:
                low, high = found["Sharpe interval"] or (None, None) if name == "Sharpe" else (None, None)
                gates.append(Gate(f"vs {other}: {name}", found[name], low, high, None, True, f"others claim {claimed}"))
        mean = found["return, per cent a year"]
        if mean is not None:
            why = f"detectable from {mean['mde_pct']:.2f}; p = {found['p']:.3f}"
            low, high = mean["interval"]
            gates.append(Gate(f"vs {other}: return, per cent a year", mean["difference_pct"], low, high, None, True, why))
    return gates


# --- model ---------------------------------------------------------------------------------


def _mind_tasks(profile: Profile, seed: int) -> list[Task]:
    seeds, decisions = ((11,), 250) if profile == "ci" else (range(11, 21), 400)
    arguments = [{"stand_in": name, "seed": seed + n, "decisions": decisions} for n in seeds for name in minds.STAND_INS]
    tasks = [Task(f"{a['stand_in']}-{a['seed']}", minds.task, a) for a in arguments]
    return [*tasks, Task("skip", minds.skip_task, {"seed": seed, "bars": 600 if profile == "ci" else 1500})]


def _mind_gates(results: Results) -> list[Gate]:
    by_name = {name: [r for task, r in results.items() if task.startswith(name)] for name in minds.STAND_INS}
    beyond = sum(r["beyond"] for rows in by_name.values() for r in rows)
    rise = [r["last_share"] - r["first_share"] for r in by_name["knowing"]]
    mean = sum(rise) / len(rise)
    why = "how much the share of a model that knows the plant rises from the first tenth to the last"
    gates = [
        Gate(
            "beyond its bound", beyond, None, None, 0.0, beyond == 0, "decisions that a model moved further than its share allows"
        ),
        Gate("share of one that knows", mean, None, None, 0.0, mean > 0, why),
    ]
    for name, rows in by_name.items():
        gain = sum(r["net_r"] - r["arithmetic_r"] for r in rows) / len(rows)
        passed = gain > 0 if name == "knowing" else True
        threshold = 0.0 if name == "knowing" else None
        gates.append(Gate(f"{name}: net R gained", gain, None, None, threshold, passed, "a market, over arithmetic alone"))
    asked, skip = results["skip"]["asked"], results["skip"]["skip"]
    for what, unit in (("calls", "calls"), ("tokens", "tokens"), ("seconds", "seconds inside the stand-in's calls")):
        saved = asked[what] - skip[what]
        gates.append(Gate(f"skip: {what} saved", saved, None, None, None, True, f"of {asked[what]:.6g} {unit}"))
    lost = skip["net_r"] - asked["net_r"]
    why = f"net R with {skip['skipped']} of {skip['decisions']} decisions not asked, less with all asked"
    return [*gates, Gate("skip: net R", lost, None, None, None, True, why)]


# --- skills ----------------------------------------------------------------------------------


def _skill_tasks(profile: Profile, seed: int) -> list[Task]:
    pairs, quiet, plants = (1, 1, 1) if profile == "ci" else (10, 10, 30)
    tasks = [Task(f"pair-{n}", growing.pair, {"seed": seed + n}) for n in range(1, pairs + 1)]
    tasks += [Task(f"quiet-{n}", growing.quiet, {"seed": seed + n}) for n in range(1, quiet + 1)]
    for name, real in (("edge", True), ("none", False)):
        tasks += [Task(f"{name}-{n}", edges.planted_edge, {"seed": seed + 600 + n, "real": real}) for n in range(1, plants + 1)]
    return tasks


def _skill_gates(results: Results) -> list[Gate]:
    of = {kind: [r for name, r in results.items() if name.startswith(kind)] for kind in ("pair", "quiet", "edge", "none")}
    judged = len(of["pair"]) >= FEW
    gates = []
    for name in ("proposed", "active", "sized"):
        count = sum(bool(found[name]) for found in of["pair"])
        aim, why = 0.5 if judged else None, f"planted pairs {name}: {count} of {len(of['pair'])}"
        gates.append(_share(f"composite {name}", count, len(of["pair"]), aim, why))
    joined, tried = sum(found["composites"] for found in of["quiet"]), sum(found["pairs"] for found in of["quiet"])
    allowed = 0.05 * len(of["quiet"])
    why = f"{joined} composites on {len(of['quiet'])} markets without signal, {tried} pairs looked at"
    gates.append(Gate("composites of nothing", joined, None, None, allowed, joined <= allowed, why))
    count = sum(found["found"] for found in of["edge"])
    gates.append(_share("edges found", count, len(of["edge"]), 0.75 if judged else None, "75-80 % against 50 %, support 120-200"))
    count = sum(found["named"] for found in of["edge"])
    gates.append(_share("edges named exactly", count, len(of["edge"]), None, "features and directions as planted"))
    accepted = sum(found["accepted"] for found in of["none"])
    why = f"hypotheses accepted on {len(of['none'])} sets of trades without an edge"
    gates.append(Gate("discoveries of nothing", accepted, None, None, 1.0, accepted <= 1, why))
    return gates


def _share(name: str, count: int, of: int, aim: float | None, why: str) -> Gate:
    low, high = _rate(count, of)
    return Gate(name, count / of, low, high, aim, aim is None or count / of >= aim, why)


# --- forecast ------------------------------------------------------------------------------

GAINS = (5, 10, 15, 20)  # points of accuracy


def _forecast_tasks(profile: Profile, seed: int) -> list[Task]:
    few, many = (40, 60) if profile == "ci" else (200, 400)
    ten = {"rows": 10_000, "points": 0.05, "trials": few, "seed": seed}
    tasks = [Task("shuffled", promotion.shuffled, {"trials": few, "seed": seed})]
    tasks += [Task(f"ten-{overlap}", promotion.power, {**ten, "overlap": overlap}) for overlap in (1, promotion.RULE.horizon)]
    tasks += [
        Task(
            f"default-{gain}",
            promotion.power,
            {"rows": promotion.DEFAULT_ROWS, "points": gain / 100, "trials": many, "seed": seed},
        )
        for gain in GAINS
    ]
    return [*tasks, Task("planted", promotion.planted, {"rows": 12_000, "seed": seed})]


def _forecast_gates(results: Results) -> list[Gate]:
    found = results["shuffled"]
    share, (low, high) = found["promoted"] / found["trials"], _rate(found["promoted"], found["trials"])
    why = f"{found['promoted']} of {found['trials']} retrainings on answers dealt out anew are promoted"
    gates = [Gate("promoted for nothing", share, low, high, 0.05, share <= 0.05, why)]
    for name, one in results.items():
        if name.startswith(("ten-", "default-")):
            alike = "independent rows" if one["overlap"] == 1 else f"labels over {one['overlap']} rows"
            what = f"{100 * one['points']:.0f} points on {one['rows']:,} rows, {alike}"
            aim = 0.80 if name == "ten-1" else None
            gates.append(_share(what, one["promoted"], one["trials"], aim, "candidates so much better that are promoted"))
    planted = results["planted"]
    why = f"Brier skill on rows where {planted['bayes']:.3f} can be reached"
    gates.append(Gate("planted label", planted["skill"], None, None, 0.06, planted["skill"] >= 0.06, why))
    return [*gates, Gate("calibration", planted["ece"], None, None, 0.05, planted["ece"] <= 0.05, "expected calibration error")]


SUITES: dict[str, Suite] = {
    suite.name: suite
    for suite in (
        Suite("learning", "Does it learn what is there?", _learning_tasks, _learning_gates),
        Suite("null", "Does it find what is not there?", _null_tasks, _null_gates),
        Suite("leaks", "Does it use what could not be known?", _leak_tasks, _leak_gates),
        Suite("mutation", "Would the gates notice a lie?", _mutation_tasks, _mutation_gates),
        Suite("skills", "Do skills grow where there is something to grow on, and only there?", _skill_tasks, _skill_gates),
        Suite("forecast", "Does a model have to earn its place?", _forecast_tasks, _forecast_gates),
        Suite("memory-worth", "What is memory worth on real bars?", _worth_tasks, _worth_gates),
        Suite("model", "What does a model add, and what can it spoil?", _mind_tasks, _mind_gates),
    )
}


def named(names: list[str]) -> list[Suite]:
    """The suites of these names, all without any; ConfigError for a name that is none."""
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        raise ConfigError(f"eval suite {unknown[0]!r} is unknown; choose from {', '.join(SUITES)}, or eval compare A B")
    return [SUITES[name] for name in names or SUITES]
