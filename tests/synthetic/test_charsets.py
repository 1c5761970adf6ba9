"""Text becomes the bytes that PS3.5 prints, and nothing is ever replaced."""

from __future__ import annotations

import pytest

from stepwedge.errors import UsageError
from stepwedge.synthetic import people
from stepwedge.synthetic.charsets import CannotEncode, CharacterSet

# The examples of PS3.5 Annexes H (Japanese), I (Korean), J (Chinese in UTF-8 and GB18030) and K
# (Chinese with code extensions): terms, text, bytes.
EXAMPLES = [
    (
        ("", "ISO 2022 IR 87"),
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
    ),
    (
        ("ISO 2022 IR 13", "ISO 2022 IR 87"),
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
        b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J"
        b"=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
    ),
    (
        ("", "ISO 2022 IR 149"),
        "Hong^Gildong=洪^吉洞=홍^길동",
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7"
        b"=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
    ),
    (
        ("ISO_IR 192",),
        "Wang^XiaoDong=王^小東",
        b"Wang^XiaoDong=\xe7\x8e\x8b^\xe5\xb0\x8f\xe6\x9d\xb1",
    ),
    (("GB18030",), "Wang^XiaoDong=王^小东", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab"),
    (
        ("", "ISO 2022 IR 58"),
        "Zhang^XiaoDong=张^小东",
        b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab",
    ),
    (("ISO_IR 100",), "Buc^Jérôme", b"Buc^J\xe9r\xf4me"),
    (("ISO_IR 126",), "Διονυσιος", b"\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2"),
    (("ISO_IR 144",), "Люкceмбypг", b"\xbb\xee\xdace\xdc\xd1yp\xd3"),
    (("ISO_IR 127",), "قباني^لنزار", b"\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1"),
    (("ISO_IR 138",), "שרון^דבורה", b"\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4"),
]


@pytest.mark.parametrize(("terms", "text", "raw"), EXAMPLES, ids=lambda v: str(v)[:20])
def test_examples_of_the_standard(terms: tuple[str, ...], text: str, raw: bytes) -> None:
    """The examples that PS3.5 prints are reproduced byte for byte."""
    assert CharacterSet(*terms).encode(text, name=True) == raw


def test_value_one_is_active_again_before_a_line_ends() -> None:
    """Text goes back to the initial sets before control characters and the end of the value."""
    charset = CharacterSet("", "ISO 2022 IR 87")
    assert charset.encode("山\r\n田") == b"\x1b$B;3\x1b(B\r\n\x1b$BED\x1b(B"
    # A caret delimits nothing outside of a Person Name, but it needs ISO 646 in G0 all the same.
    assert charset.encode("山^田") == b"\x1b$B;3\x1b(B^\x1b$BED\x1b(B"


@pytest.mark.parametrize(
    ("terms", "text"),
    [(("",), "é"), (("ISO_IR 100",), "Ł"), (("", "ISO 2022 IR 87"), "한"), (("GBK",), "😀")],
)
def test_what_cannot_be_said_is_an_error(terms: tuple[str, ...], text: str) -> None:
    """A character outside the repertoire raises, and the message names it."""
    with pytest.raises(CannotEncode, match=text):
        CharacterSet(*terms).encode(text)


@pytest.mark.parametrize("terms", [("UTF-8",), ("ISO_IR 100", "ISO 2022 IR 87"), ("", "")])
def test_unknown_terms_are_refused(terms: tuple[str, ...]) -> None:
    """A term that PS3.3 does not define, or not in that place, is wrong usage."""
    with pytest.raises(UsageError, match="not a defined term"):
        CharacterSet(*terms)


@pytest.mark.parametrize("key", people.LOCALES)
def test_every_locale_fits_each_of_its_character_sets(key: str) -> None:
    """Names of all locales can be said in all of their character sets, at most 64 characters."""
    where = people.locale(key)
    for charset in where.character_sets:
        for number in range(20):
            name = people.person_name(people.draw(number, key), where, "FM"[number % 2], charset)
            assert len(charset.encode(name, name=True)) <= people.NAME_LENGTH
