"""Text from elsewhere that is to be kept (memories, news, chat): stripped and flagged, never refused.

The same detection as at the skills' door, with its own thresholds. What is not shown as itself is
taken out, markers of dialogue are defused, and a text in doubt keeps its flags: whoever recalls it
can leave it out or show it as doubtful. Nothing is lost: the words a person would read stay.
"""

from __future__ import annotations

import re
import unicodedata

from agent.domain import Frozen
from agent.guard.characters import is_hidden, layout
from agent.guard.detect import Finding, Likeness, Thresholds, Verdict, detect, judge

MEMORY = Thresholds(supported=0.63, quarantine=0.88, reject=0.99)
MAX_CHARS = 32_000
# with a mark between the brackets a dialogue marker is words, not a marker
_MARKER = re.compile(r"<\|([a-z_]{1,24})\|>|\[(/?(?:INST|SYS)[A-Z]{0,8})\]|<<(/?SYS)>>|</?(data) marker=", re.IGNORECASE)


class Kept(Frozen):
    """A text as it may be stored, what was doubtful about it, and whether anything was taken out."""

    text: str
    verdict: Verdict
    flags: tuple[str, ...]
    stripped: bool


def cleaned(text: str, *, likeness: Likeness | None = None) -> Kept:
    """Return a text fit to be stored as data, with the ids of the rules it sets off; longer ones are cut at 32,000 characters."""
    found: list[Finding] = detect(text[:MAX_CHARS], likeness=likeness, limits=MEMORY)
    shown = "".join(c for c in unicodedata.normalize("NFC", text[:MAX_CHARS]) if layout(c) or not is_hidden(c))
    plain = _MARKER.sub(lambda m: "(" + next(group for group in m.groups() if group) + ")", shown)
    return Kept(text=plain, verdict=judge(found), flags=tuple(sorted({f.rule for f in found})), stripped=plain != text)
