"""Detection rules: read from data, searched together in linear time.

A rule has an id, a family, a verdict, a reason, a pattern, and examples that it must and must
not match. All patterns are compiled into one RE2 set, so a text is read once for all of them;
only the rules that hit are searched again for the place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ValidationError

from agent.domain import Frozen
from agent.errors import ConfigError

RULES = Path(__file__).with_name("rules.yaml")
_WORD = re.compile(r"\{([a-z]+)\}")

Severity = Literal["reject", "quarantine", "weak"]


class Rule(Frozen):
    """One detection rule; ``after`` names the corpora whose texts its writer had read."""

    id: str
    family: str
    verdict: Severity
    reason: str
    pattern: str
    must: tuple[str, ...]
    must_not: tuple[str, ...]
    after: tuple[str, ...] = ()


class Hit(Frozen):
    """Where a rule matched a folded text: from ``start`` up to ``end``."""

    rule: Rule
    start: int
    end: int


class RuleSet:
    """Rules compiled together."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        """Compile the rules; ConfigError names the one whose pattern RE2 does not take."""
        import re2

        self.rules = tuple(rules)
        options = re2.Options()
        options.max_mem = 256 << 20
        options.log_errors = False
        self._set = re2.Set.SearchSet(options)
        self._single = []
        for rule in self.rules:
            try:
                self._set.Add(rule.pattern)
                self._single.append(re2.compile(rule.pattern, options))
            except re2.error as err:
                raise ConfigError(f"rule {rule.id}: {err}; RE2 knows no look-around and no back-references") from None
        self._set.Compile()

    def hits(self, text: str) -> list[Hit]:
        """Return the first match of every rule that matches the folded text, in the order of the rules."""
        found = []
        for index in sorted(self._set.Match(text) or ()):
            match = self._single[index].search(text)
            if match is not None:
                found.append(Hit(rule=self.rules[index], start=match.start(), end=match.end()))
        return found


@lru_cache(maxsize=4)
def read_rules(path: Path = RULES) -> tuple[Rule, ...]:
    """Read the rules of a file, words put in; ConfigError names what is wrong."""
    try:
        data: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        words: dict[str, str] = data["words"]
        rows = [{**row, "pattern": _WORD.sub(lambda m: words[m[1]], row["pattern"])} for row in data["rules"]]
        return tuple(Rule.model_validate(row) for row in rows)
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValidationError) as err:
        raise ConfigError(f"rules {path} cannot be read: {str(err).splitlines()[0]}; install the package again") from None


@lru_cache(maxsize=32)
def rule_set(without: frozenset[str] = frozenset()) -> RuleSet:
    """Return the package's rules, compiled; ``without`` leaves out those written after reading only these corpora."""
    return RuleSet([rule for rule in read_rules() if not rule.after or not set(rule.after) <= without])
