"""The ways in which one text can be read: folded, stripped of marks, and decoded up to two layers.

Each view is lower case, composed (NFKC), with one space between words and without hidden
characters, so that a rule is written once. Decoders look only at what is long enough to hold a
sentence; what they give back is kept when most of it is readable.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import html
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from agent.guard.characters import is_hidden, latinised, layout, mixed_word

MAX_LAYERS = 2
MAX_VIEWS = 24
_SPACES = re.compile(r"\s+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX = re.compile(r"(?:(?:0x|\\x)?[0-9a-fA-F]{2}[ :,]?){12,}")
_PERCENT = re.compile(r"%[0-9a-fA-F]{2}")
_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}")
_ENTITY = re.compile(r"&(?:#\d{2,6}|#x[0-9a-fA-F]{2,6}|lt|gt|quot|apos|sol|lbrack|colon);")
_LEET_WORD = re.compile(r"\b(?=\w*[a-z])[a-z]*[013457@$!|][\w@$!|]*", re.IGNORECASE)
_LEET = str.maketrans("01345@$!|78", "oieasasiltb")
_LEET_L = str.maketrans("01345@$!|78", "oleasasiltb")
_LEET_DENSE = 3  # from so many such words on, bare digits are letters too
_SPACED = re.compile(r"\b(?:\w[ ._*-]){5,}\w\b")
_TAGS = re.compile(r"<!--|-->|</?[a-zA-Z][^<>]{0,80}>")
_MARKS = str.maketrans("", "", "*_`~\\")
_SHORT_CIPHER = 300  # below it a text may lack the commonest words by chance
_TAG_BLOCK = range(0xE0020, 0xE007F)


@dataclass(frozen=True, slots=True)
class View:
    """A reading of the text: how it came about ("" as written) and the folded words."""

    how: str
    text: str


class _Fold(dict[int, str | None]):
    """Translates a code point to what rules read; worked out once each."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        if is_hidden(character) and not layout(character):
            kept = None
        else:
            base = "".join(c for c in unicodedata.normalize("NFD", character) if unicodedata.category(c) != "Mn")
            kept = unicodedata.normalize("NFC", base) or None
        self[code] = kept
        return kept


_FOLD = _Fold({ord("’"): "'", ord("‘"): "'", ord("“"): '"', ord("”"): '"'})


def folded(text: str) -> str:
    """Return the text as rules read it: NFKC, no hidden characters, no accents, lower case, single spaces."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_FOLD)
    return _SPACES.sub(" ", text).strip().lower()


def views(text: str) -> list[View]:
    """Return every reading of the text, the folded original first."""
    found: dict[str, str] = {}
    _read(text, "", 0, found)
    return [View(how, words) for words, how in found.items()]


def _read(text: str, how: str, layer: int, found: dict[str, str]) -> None:
    base = folded(text)
    found.setdefault(base, how)
    for name, other in _plain_readings(text, base):
        if len(found) < MAX_VIEWS:
            found.setdefault(other, f"{how}{name} ")
    if layer == MAX_LAYERS:
        return
    for name, other in decoded(text):
        if len(found) < MAX_VIEWS and folded(other) not in found:
            _read(other, f"{how}{name} ", layer + 1, found)


def _plain_readings(text: str, base: str) -> Iterator[tuple[str, str]]:
    """Yield readings that cost nothing to tell apart from the original: they are not decoded further."""
    if mixed_word(text) is not None:
        yield "look-alikes", folded(latinised(text))
    bare = _TAGS.sub(" ", text).translate(_MARKS) if any(mark in text for mark in "*_`~<\\") else text
    if bare != text:
        yield "markup", folded(bare)
    if _SPACED.search(base):
        yield "spaced", folded(_SPACED.sub(lambda m: re.sub(r"[ ._*-]", "", m[0]), re.sub(r"\s{2,}", " \n ", text)))
    if _LEET_WORD.search(base):
        for letters in (_LEET, _LEET_L) if len(_LEET_WORD.findall(base)) >= _LEET_DENSE else ():
            yield "leetspeak", base.translate(letters)
        yield "leetspeak", _LEET_WORD.sub(lambda m: m[0].translate(_LEET), base)


def decoded(text: str) -> Iterator[tuple[str, str]]:
    """Yield what the text says under each decoder that finds something readable."""
    for name, decoder in _DECODERS:
        other = decoder(text)
        if other and other != text:
            yield name, other


def _readable(raw: bytes) -> str | None:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
    shown = sum(c.isprintable() or c in "\n\r\t" for c in text)
    letters = sum(c.isalpha() or c == " " for c in text)
    return text if len(text) >= 8 and shown == len(text) and letters >= 0.6 * len(text) else None


def _base64(text: str) -> str:
    parts = []
    for match in list(_BASE64.finditer(text))[:16]:
        token = match[0].rstrip("=").replace("-", "+").replace("_", "/")
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), validate=True)
        except (binascii.Error, ValueError):
            continue
        if (found := _readable(raw)) is not None:
            parts.append(found)
    return " ".join(parts)


def _hex(text: str) -> str:
    parts = []
    for match in list(_HEX.finditer(text))[:16]:
        digits = re.sub(r"0x|\\x|[^0-9a-fA-F]", "", match[0])
        if len(digits) % 2 == 0 and (found := _readable(bytes.fromhex(digits))) is not None:
            parts.append(found)
    return " ".join(parts)


def _url(text: str) -> str:
    if len(_PERCENT.findall(text)) < 2 and (" " in text or text.count("+") < 2):
        return ""
    return unquote(text.replace("+", " "), errors="ignore")


def _escapes(text: str) -> str:
    if len(_ESCAPE.findall(text)) < 3:
        return ""
    return _ESCAPE.sub(lambda m: chr(int(m[0][2:], 16)) if not 0xD800 <= int(m[0][2:], 16) <= 0xDFFF else "", text)


def _entities(text: str) -> str:
    return html.unescape(text) if _ENTITY.search(text) else ""


def _rot13(text: str) -> str:
    return _plausible(codecs.encode(_odd(text), "rot13"))


def _reversed(text: str) -> str:
    return _plausible(_odd(text)[::-1])


def _plausible(text: str) -> str:
    """Return a deciphered text if it has some of the words that every English text has."""
    return text if len(text) < _SHORT_CIPHER or len(_COMMON.findall(text)) * 20 >= text.count(" ") else ""


def _tags(text: str) -> str:
    return "" if text.isascii() else "".join(chr(ord(c) - 0xE0000) for c in text if ord(c) in _TAG_BLOCK)


_COMMON = re.compile(r"\b(?:the|and|of|to|is|in|a|for|on|it|you|your|when|with)\b", re.IGNORECASE)


def _odd(text: str) -> str:
    """Return the lines of words without common English ones: a simple cipher keeps the spaces and loses those."""
    return "\n".join(line for line in text.split("\n") if _is_odd(line))


def _is_odd(line: str) -> bool:
    spaces = line.count(" ")
    if spaces < 2 or len(_COMMON.findall(line)) * 12 >= spaces + 1:
        return False
    return sum(c.isalpha() for c in line) + spaces >= 0.75 * len(line)


_DECODERS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("tags", _tags),
    ("base64", _base64),
    ("hex", _hex),
    ("url", _url),
    ("escapes", _escapes),
    ("entities", _entities),
    ("rot13", _rot13),
    ("reversed", _reversed),
)
_SURE = frozenset({"tags", "base64", "hex", "url", "escapes", "entities"})  # what these give back was meant
_CIPHERS = frozenset({"rot13", "reversed", "leetspeak"})  # these may be chance: it has to read like language


def meant(text: str, readings: Sequence[View]) -> str:
    """Return what a text says: its deepest decoded reading where all of it was encoded, else the text itself."""
    found, words, whole = text, len(_COMMON.findall(text)), " " not in text.strip()
    for view in readings:
        names = set(view.how.split())
        common = len(_COMMON.findall(view.text))
        spoken = common > max(1, 2 * words) and common * 12 >= view.text.count(" ")  # one may be chance
        if (whole and names and names <= _SURE) or (spoken and names & _CIPHERS and names <= _CIPHERS | _SURE):
            found = view.text
    return found
