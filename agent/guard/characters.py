"""What characters a text may hold: what a person reads must be what a model or a program reads.

``hidden`` names the first character that is not shown as itself (control, zero-width, direction
mark, tag, variation selector, private use, unassigned, lone surrogate); ``mixed_word`` names the
first word that borrows letters from another script to look like something it is not.
"""

from __future__ import annotations

import re
import unicodedata

_REFUSED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# letters shown as nothing, and selectors that change the character before them
_BLANKS = frozenset({0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0})
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU", "GEORGIAN", "HEBREW", "ARABIC")
_LAYOUT = frozenset("\n\r\t")
# blocks whose letters are mistaken for Latin ones
_BORROWED = re.compile("[\u0370-\u058f\u05d0-\u06ff\u10a0-\u10ff\u13a0-\u13ff\u2c80-\u2cff\ua4d0-\ua4ff\U00010280-\U000102df]")

# letters of other scripts that are read as Latin ones
_ALIKE = str.maketrans(
    "аеорсухѕіјԁһԛԝьвнкмтгпиАВЕКМНОРСТУХІЈЅԌΑΒΕΖΗΙΚΜΝΟΡΤΥΧαορνικτυγεχժոսցհ",
    "aeopcyxsijdhqwbbhkmtrnnABEKMHOPCTYXIJSGABEZHIKMNOPTYXaopviktuyexdnugh",
)


def is_variation(code: int) -> bool:
    """Say whether a code point only selects how the one before it is drawn."""
    return 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF or 0x180B <= code <= 0x180F


def is_hidden(character: str) -> bool:
    """Say whether a character is not shown as itself."""
    code = ord(character)
    return unicodedata.category(character) in _REFUSED or code in _BLANKS or is_variation(code)


def hidden(text: str) -> tuple[int, str] | None:
    """Return place and character of the first hidden one, None when all are shown; line breaks and tabs are hidden too."""
    if text.isascii() and text.isprintable():
        return None
    return next(((place, character) for place, character in enumerate(text) if is_hidden(character)), None)


def script(character: str) -> str | None:
    """Return the script of a letter among those that are confused with each other; None for anything else."""
    if character.isascii():
        return "LATIN" if character.isalpha() else None
    if not character.isalpha():
        return None
    name = unicodedata.name(character, "")
    return next((known for known in _SCRIPTS if name.startswith(known)), None)


def mixed_word(text: str) -> str | None:
    """Return the first word whose letters come from more than one script; None when there is none.

    A single Greek letter beside Latin ones is notation, as in sigma or beta of a formula.
    """
    if _BORROWED.search(text) is None:
        return None
    for word in text.split():
        found = {script(character) for character in word} - {None}
        if len(found) > 1 and not (found == {"LATIN", "GREEK"} and sum(script(c) == "GREEK" for c in word) == 1):
            return word
    return None


def latinised(text: str) -> str:
    """Return the text with letters that look Latin replaced by the Latin ones."""
    return text.translate(_ALIKE)


def refusal(text: str) -> str | None:
    """Return why a one-line text is refused, raw or in its compatibility form (NFKC); None when it may stand."""
    for form in (text, unicodedata.normalize("NFKC", text)):
        found = hidden(form)
        if found is not None:
            return f"character U+{ord(found[1]):04X} at position {found[0]} is not plain text; remove it"
        word = mixed_word(form)
        if word is not None:
            return f"the word {word[:40]!r} mixes letters of several scripts; write it in one"
    return None


def layout(character: str) -> bool:
    """Say whether a hidden character only lays out text: line breaks and tabs."""
    return character in _LAYOUT
