"""Hand-picked traps: each has been a bug in somebody's mailer."""

import email
from email import policy

import pytest

from mailer.mail.letter import Addressee, Slot, compile_letter
from tests.letter.reading import ANNA, DATE, OWN_HEADERS, QP, assert_fit_for_the_wire, draft, raw_header, read

INJECTIONS = [
    "\r\nBcc: victim@example.com",
    "\nBcc: victim@example.com\n\nHi",
    "\rBcc: x",
    "\x85Bcc: x",
    "\u2028Bcc: x",
]
NAMES = [
    "Anna", ".", "=", "undisclosed-recipients:;", "a" * 60, "a" * 61, "\xa0no-break",
    "O'Brien", "Smith, Anna", 'Anna "Ann" Smith', "back\\slash",
    "a@b.com", "<script>", "Анна", "Анна, 😀", "(comment)",
    "=?utf-8?q?fake?=", "%s %d %(name)s", " edge ", "two  blanks", "😀" * 75,
    "x" * 300, "Имя " * 75, "e\u0301" * 50, "名" * 22,
]  # fmt: skip
FIRST_ON_LINE = ["...", ".", ".hidden", ".\r\nEND", "." * 200, "a\n.b\r.c\r\n.d", "x" * 75 + ".y", "x" * 74 + "." * 80]


def fill(to=ANNA, **changes):
    return compile_letter(draft(**changes)).fill(to, date=DATE)


@pytest.mark.parametrize("trap", INJECTIONS)
def test_no_value_and_no_literal_becomes_a_header(trap):
    pieces = ("Hello" + trap, Slot("name", "friend" + trap))
    for name in "Anna" + trap, "":
        letter = fill(ANNA._replace(name=name), subject=pieces, text=pieces, from_name="Tea" + trap)
        message = email.message_from_bytes(letter, policy=policy.default)
        assert message.keys() == [*OWN_HEADERS, QP]
        assert_fit_for_the_wire(letter)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_read_back_everywhere_it_stands(name):
    pieces = ("Dear ", Slot("name"), "!")
    letter = fill(ANNA._replace(name=name), subject=pieces, text=pieces, html=pieces, from_name=name)
    got = read(letter)
    assert got.to == (name, "anna@example.com")
    assert got.from_ == (name, "news@example.org")
    assert got.subject == f"Dear {name}!"
    assert got.text == f"Dear {name}!\r\n"
    assert_fit_for_the_wire(letter)


@pytest.mark.parametrize("name", [name for name in NAMES if len(name.encode()) <= 42])
def test_a_name_of_one_word_satisfies_the_newer_parser_too(name):
    to = email.message_from_bytes(fill(ANNA._replace(name=name)), policy=policy.default)["To"]
    assert not to.defects
    [address] = to.addresses
    assert address.addr_spec == "anna@example.com"
    assert address.display_name == name.replace("  ", " ")  # that parser runs blanks in names together


@pytest.mark.parametrize("name", ["", " ", "\t\r\n", "\xa0", "\0"])
def test_a_blank_name_gives_the_fallback_and_a_bare_address(name):
    letter = fill(ANNA._replace(name=name), subject=("Hi ", Slot("name", "друг")), text=(Slot("name", "друг"),))
    assert raw_header(letter, "To") == "anna@example.com"
    assert (read(letter).subject, read(letter).text) == ("Hi друг", "друг\r\n")


def test_without_a_fallback_an_empty_value_leaves_nothing():
    pieces = (Slot("name"),)
    got = read(fill(ANNA._replace(name=""), subject=pieces, text=pieces, html=pieces))
    assert (got.subject, got.text, got.html) == ("", "\r\n", "\r\n")


@pytest.mark.parametrize("text", FIRST_ON_LINE)
def test_a_dot_is_never_first_on_a_line(text):
    for pieces in (text,), (Slot("name"),), ("x", Slot("name"), text), (text, Slot("name")):
        assert_fit_for_the_wire(fill(ANNA._replace(name=text), text=pieces, html=pieces))


def test_markup_in_values_is_text_and_a_link_works_inside_an_attribute():
    url = "https://mail.example.org/u?a=1&b='2'"
    html = (
        '<p title="',
        Slot("name", "<i>"),
        '">',
        Slot("name"),
        '</p><a href="',
        Slot("unsubscribe_url"),
        '">off</a>',
    )
    got = read(fill(Addressee("a@b.example", '"><b>&', "<a@b>", url), html=html)).html
    assert got == (
        '<p title="&quot;&gt;&lt;b&gt;&amp;">&quot;&gt;&lt;b&gt;&amp;</p>'
        '<a href="https://mail.example.org/u?a=1&amp;b=&#x27;2&#x27;">off</a>\r\n'
    )
    assert '<p title="&lt;i&gt;">' in read(fill(Addressee("a@b.example", "", "<a@b>", url), html=html)).html


@pytest.mark.parametrize("value", ["x" * 5000, "я" * 5000, "слово " * 900, "=" * 5000, "." * 5000, "<&>" * 1700])
def test_values_of_five_thousand_characters_work(value):
    pieces = ("До ", Slot("name"), " после")
    letter = fill(ANNA._replace(name=value), subject=pieces, text=pieces)
    assert read(letter).text == f"До {value} после\r\n"
    assert read(letter).subject == f"До {value} после"
    assert_fit_for_the_wire(letter)


def test_line_ends_of_every_kind_become_crlf_and_blanks_at_their_ends_stay():
    got = read(fill(text=("a \nb\t\rc\r", "\nd\0\r\n\n", Slot("name"), "\n e ")))
    assert got.text == "a \r\nb\t\r\nc\r\nd\r\n\r\nАнна\r\n e \r\n"


def test_a_line_of_a_megabyte_is_folded():
    letter = fill(html=("й" * 500_000,))
    assert read(letter).html == "й" * 500_000 + "\r\n"
    assert_fit_for_the_wire(letter)


def test_percent_signs_are_only_percent_signs():
    letter = fill(subject=("100% %b",), text=("%s %%b ", Slot("name")), from_name="50%", headers=(("X-A", "%d"),))
    got = read(letter)
    assert (got.subject, got.text, got.from_[0]) == ("100% %b", "%s %%b Анна\r\n", "50%")
    assert raw_header(letter, "X-A") == "%d"


def test_line_ends_in_values_become_one_blank_and_other_controls_vanish():
    got = read(fill(ANNA._replace(name="Anna\r\nMa\0ria\tSm\x1bith"), text=(Slot("name"),)))
    assert got.to[0] == "Anna Maria Smith"
    assert got.text == "Anna Maria Smith\r\n"


def test_a_slot_with_a_line_to_itself_has_no_soft_breaks():
    letter = fill(ANNA._replace(name="Sam"), text=("Dear\n", Slot("name"), "\nfrom ", Slot("name"), " to you"))
    assert letter.endswith(b"\r\n\r\nDear\r\nSam\r\nfrom=20=\r\nSam=\r\n to you\r\n")
