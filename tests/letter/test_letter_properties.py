"""Random letters: whatever people write, it is read back as the standard library would have sent it."""

import re
import unicodedata
from itertools import groupby

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.mail.letter import Addressee, Addressees, Slot, compile_letter
from tests.letter.reading import DATE, OWN_HEADERS, assert_fit_for_the_wire, built_plainly, draft, read

NASTY = "\r\n\t\0 ..==%%??__--<>&\"',;:@{}()\\/aZжЩé中😀👩‍🚀e\u0301\x85\u2028\xa0\x1b\x7f"
texts = st.one_of(
    st.text(max_size=60),
    st.text(alphabet=NASTY, max_size=200),
    st.builds(lambda unit, times: unit * times, st.text(alphabet=NASTY, min_size=1, max_size=7), st.integers(1, 800)),
)
slots = st.builds(Slot, st.sampled_from(["name", "email", "unsubscribe_url"]), st.text(alphabet=NASTY, max_size=30))
written = st.lists(st.one_of(texts, slots), max_size=6).map(tuple)
addresses = st.from_regex(r"[a-z0-9!#%&'*+/=^_.-]{1,30}@[a-z0-9-]{1,20}\.example", fullmatch=True)
links = st.from_regex(r"https://[a-z.]{1,20}/[A-Za-z0-9_%&=?'-]{1,300}", fullmatch=True)
people = st.builds(Addressee, addresses, texts, st.just("<a.b@example.org>"), links)
lean = settings(max_examples=120, deadline=None, derandomize=True)


def cleaned(value: str) -> str:
    """Line ends and tabs become blanks, other controls vanish: written anew, from Unicode's categories."""
    value = value.replace("\r\n", "\n")
    value = re.sub("[\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029]", " ", value)
    return "".join(c for c in value if unicodedata.category(c) != "Cc")


def name_of(person: Addressee) -> str:
    name = cleaned(person.name)
    return name if name.strip() else ""


def filled(pieces, person, *, literal=str, value=str) -> str:
    """The pieces as one text, values in place."""
    values = {"name": name_of(person), "email": person.address, "unsubscribe_url": person.unsubscribe_url}
    return "".join(literal(p) if isinstance(p, str) else value(values[p.name] or cleaned(p.fallback)) for p in pieces)


def runs_joined(pieces):
    """Neighbouring literals as one: a line end may begin in one and end in the next."""
    runs = [list(run) for _, run in groupby(pieces, key=type)]
    return [piece for run in runs for piece in (["".join(run)] if isinstance(run[0], str) else run)]


def escaped(value: str) -> str:
    for plain, entity in ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#x27;"):
        value = value.replace(plain, entity)
    return value


def line_ends(text: str) -> str:
    return re.sub("\r\n|\r|\n", "\n", text)


def tidy(literal: str) -> str:
    return line_ends(literal.replace("\0", ""))


@given(pieces=written, person=people)
@lean
def test_any_text_and_html_are_read_back_as_emailmessage_would_send_them(pieces, person):
    letter = compile_letter(draft(text=pieces, html=pieces)).fill(person, date=DATE)
    end = "\n" if pieces and isinstance(pieces[-1], Slot) else ""  # stands there even if the slot stays empty
    runs = runs_joined(pieces)
    plain = built_plainly(
        text=filled(runs, person, literal=tidy) + end,
        html=filled(runs, person, literal=tidy, value=escaped) + end,
    )
    got = read(letter)
    assert line_ends(got.text) == line_ends(plain.get_body(("plain",)).get_content())
    assert line_ends(got.html) == line_ends(plain.get_body(("html",)).get_content())
    assert_fit_for_the_wire(letter, widest=max(78, len(person.unsubscribe_url) + 3))


@given(pieces=written, person=people)
@lean
def test_any_subject_is_read_back_and_adds_no_header(pieces, person):
    letter = compile_letter(draft(subject=pieces)).fill(person, date=DATE)
    got = read(letter)
    assert got.subject == filled(runs_joined(pieces), person, literal=cleaned)
    assert got.header_names == [*OWN_HEADERS, "Content-Transfer-Encoding"]
    assert_fit_for_the_wire(letter, widest=max(78, len(person.unsubscribe_url) + 3))


@given(name=texts, person=people)
@lean
def test_any_names_and_addresses_are_read_back(name, person):
    letter = compile_letter(draft(from_name=name)).fill(person, date=DATE)
    got = read(letter)
    assert got.to == (name_of(person), person.address)
    assert got.from_ == (name_of(person._replace(name=name)), "news@example.org")
    assert_fit_for_the_wire(letter, widest=max(78, len(person.unsubscribe_url) + 3))


@given(pieces=written, subject=written, several=st.lists(people, min_size=1, max_size=6))
@lean
def test_letters_filled_together_are_those_filled_one_by_one(pieces, subject, several):
    letter = compile_letter(draft(subject=subject, text=pieces, html=pieces))
    addresses, names, ids, urls = zip(*several, strict=True)
    columns = Addressees(addresses, names, [one.encode() for one in ids], [one.encode() for one in urls])
    together = [b"".join(one) for one in letter.lay(columns, date=DATE).letters]
    assert together == [letter.fill(one, date=DATE) for one in several]
    assert max(map(len, together)) <= letter.lay(columns, date=DATE).size


@given(pieces=written, subject=written, person=people)
@lean
def test_the_size_of_one_letter_is_exact(pieces, subject, person):
    letter = compile_letter(draft(subject=subject, text=pieces, html=pieces))
    ids, urls = [person.message_id.encode()], [person.unsubscribe_url.encode()]
    copies = letter.lay(Addressees([person.address], [person.name], ids, urls), date=DATE)
    assert copies.size == len(letter.fill(person, date=DATE))


@pytest.mark.parametrize("unfit", ["a@b.example\nc@d.example", "a@b.example\n", "\na@b.example", "", "a b@c.example"])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_that_is_unfit_among_others_is_refused_and_shifts_nobody(unfit, place):
    addresses = ["a@b.example", "c@d.example", "e@f.example"]
    fit = Addressees(addresses, ["A", "B", "C"], [b"<a@b>", b"<c@d>", b"<e@f>"], [b"https://x/"] * 3)
    letter = compile_letter(draft())
    assert [read(b"".join(one)).to[1] for one in letter.lay(fit, date=DATE).letters] == addresses
    for field in "addresses", "message_ids", "unsubscribe_urls":
        column = list(getattr(fit, field))
        column[place] = unfit if field == "addresses" else column[place] + unfit[:1].encode() + b" \n" + column[0]
        with pytest.raises(ValueError, match="not a"):
            letter.lay(fit._replace(**{field: column}), date=DATE)


@given(text=st.text(), at=st.integers(0, 20), lone=st.characters(categories=["Cs"]))
@lean
def test_a_lone_surrogate_is_refused_wherever_it_stands(text, at, lone):
    broken = text[:at] + lone + text[at:]
    for change in {"subject": (broken,)}, {"text": (broken,)}, {"text": (Slot("name", broken),)}, {"from_name": broken}:
        with pytest.raises(ValueError, match="surrogates"):
            compile_letter(draft(**change))
    with pytest.raises(ValueError, match="surrogates"):
        compile_letter(draft()).fill(Addressee("a@b.example", broken, "<a@b>", "https://x/"), date=DATE)
