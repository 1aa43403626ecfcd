"""Is an answer made of what was looked up? Figures and ids in it are compared with the sources. Pure.

A figure counts as grounded when a source holds it, as it is or rounded, as a share or as its percentage. An id must have been
shown. An answer with figures and without any id is not grounded either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_NUMBER = re.compile(r"(?<![\w.])[-+\u2212]?\d[\d,]*(?:\.\d+)?")
_CITED = re.compile(r"\[(?P<kind>[a-z]+):(?P<ident>[^\]\s]+)\]")
_HEX = re.compile(r"\b(?=[0-9a-f-]*\d)(?=[0-9a-f-]*[a-f])[0-9a-f]{8}(?:-[0-9a-f]{4}){0,3}(?:-[0-9a-f]{12})?\b")
_DATE = re.compile(r"\b\d{4}-\d\d(?:-\d\d)?(?:[T ]\d\d:\d\d(?::\d\d)?(?:Z|\+00:00)?)?\b|\b\d{4}Q[1-4]\b")
_LIST = re.compile(r"^\s*\d+[.)]\s", re.MULTILINE)
_NAMES = re.compile(r"\b[a-z]+_\d+\b|\b[A-Z]+\d+\b|\bv\d+\b|\bQ[1-4]\b|\bm\d+\b")
SMALL = 3.0  # one, two, three: counting what stands in the answer itself


def problems(text: str, sources: Iterable[str]) -> list[str]:
    """What in an answer no source holds; empty when it is grounded."""
    shown = "\n".join(sources)
    found = [f"id {ident} was not shown" for ident in _idents(text) if ident not in shown]
    dates = set(_DATE.findall(shown))
    found += [f"date {d} is in no source" for d in _DATE.findall(text) if not any(d[:10] in s or s in d for s in dates)]
    bare = _stripped(text)
    figures = [(m.group(0), _value(m.group(0))) for m in _NUMBER.finditer(bare)]
    known = [_value(m.group(0)) for m in _NUMBER.finditer(_stripped(shown))]
    missing = [said for said, value in figures if abs(value) > SMALL and not _held(said, value, known)]
    missing += [said for said, value in figures if abs(value) <= SMALL and "." in said and not _held(said, value, known)]
    found += [f"figure {said} is in no source" for said in dict.fromkeys(missing)]
    if figures and not _CITED.search(text) and not _HEX.search(text):
        found.append("figures are given without the id they come from")
    return found


def _idents(text: str) -> list[str]:
    cited = [m.group("ident") for m in _CITED.finditer(text)]
    loose = [m.group(0) for m in _HEX.finditer(_CITED.sub(" ", text))]
    return list(dict.fromkeys([*cited, *loose]))


def cited(text: str) -> tuple[str, ...]:
    """The ids an answer names, in order."""
    return tuple(_idents(text))


def _stripped(text: str) -> str:
    """The text without what looks like a figure and is none: ids, dates, names, numbers of a list."""
    for pattern in (_CITED, _HEX, _DATE, _LIST, _NAMES):
        text = pattern.sub(" ", text)
    return text


def _value(said: str) -> float:
    return float(said.replace(",", "").replace("\u2212", "-"))


def _held(said: str, value: float, known: list[float]) -> bool:
    """Whether a source's figure is this one, as far as it was written out."""
    digits = len(said.partition(".")[2])
    reach = 0.5 * 10.0**-digits + 1e-9
    return any(abs(abs(value) - abs(scale * other)) <= reach for other in known for scale in (1.0, 100.0, 0.01))
