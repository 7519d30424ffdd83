"""The headers of a letter: which there are, what may stand in them, what is refused."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from mailer.mail.letter import Addressees, Slot, compile_letter, date_header, is_writable
from tests.letter.reading import ANNA, DATE, OWN_HEADERS, QP, assert_fit_for_the_wire, draft, raw_header, read

BAD_ADDRESSES = [
    "", "a", "@b.example", "a@", "a@b@c", "a b@c.example", "a@b.example\r\nBcc: x@y.example", "a@b.example\n",
    "a@b\x85c", "=?utf-8?q?a=40evil.example?=@b.example", "a@b\u2028c",
    "<a@b.example>", "a,b@c.example", '"a b"@c.example', "a@b.example, c@d.example", "a" * 320 + "@b.example", "\0@b",
]  # fmt: skip


def fill(to=ANNA, **changes):
    return compile_letter(draft(**changes)).fill(to, date=DATE)


def test_a_text_letter_has_exactly_these_headers():
    letter = fill()
    assert read(letter).header_names == [*OWN_HEADERS, QP]
    assert raw_header(letter, "Content-Type") == 'text/plain; charset="utf-8"'
    assert raw_header(letter, "Message-ID") == "<run7.client9@example.org>"
    assert raw_header(letter, "Date") == DATE
    assert raw_header(letter, "Reply-To") == "owner@example.org"
    assert raw_header(letter, "From") == '"Tea & Co" <news@example.org>'


def test_a_letter_with_html_offers_both_parts():
    got = read(fill(html=("<p>Hi</p>",)))
    assert got.header_names == OWN_HEADERS
    assert (got.text, got.html) == ("Hello\r\n", "<p>Hi</p>\r\n")


def test_one_click_unsubscribe_follows_rfc_8058_and_is_never_encoded():
    for url in ANNA.unsubscribe_url, "https://example.org/" + "x" * 600:
        letter = fill(ANNA._replace(unsubscribe_url=url))
        assert raw_header(letter, "List-Unsubscribe") == f"<{url}>"
        assert raw_header(letter, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
        assert f"<{url}>\r\n".encode() in letter


def test_a_letter_without_list_unsubscribe_needs_no_link():
    got = read(fill(ANNA._replace(unsubscribe_url=""), list_unsubscribe=False, text=(Slot("unsubscribe_url", "-"),)))
    assert "List-Unsubscribe" not in got.header_names
    assert "List-Unsubscribe-Post" not in got.header_names
    assert got.text == "-\r\n"


def test_reply_to_may_be_absent():
    assert "Reply-To" not in read(fill(reply_to=None)).header_names


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_an_address_that_is_none_is_refused(address):
    assert not is_writable(address)
    with pytest.raises(ValueError, match="address"):
        fill(ANNA._replace(address=address))
    with pytest.raises(ValueError, match="address"):
        compile_letter(draft(from_address=address))
    if address:
        with pytest.raises(ValueError, match="address"):
            compile_letter(draft(reply_to=address))


@pytest.mark.parametrize(
    "wrong",
    [
        {"message_id": "a@b"},
        {"message_id": "<a@b>\r\nX: y"},
        {"unsubscribe_url": ""},
        {"unsubscribe_url": "https://x/ y"},
        {"unsubscribe_url": "https://x/\r\nX: y"},
        {"unsubscribe_url": "https://пример.рф/"},
        {"unsubscribe_url": "x" * 901},
    ],
    ids=repr,
)
def test_a_message_id_or_link_unfit_for_a_header_is_refused(wrong):
    with pytest.raises(ValueError, match="not a"):
        fill(ANNA._replace(**wrong))


def test_a_date_that_would_end_its_header_is_refused():
    with pytest.raises(ValueError, match="date"):
        compile_letter(draft()).fill(ANNA, date=DATE + "\r\nX: y")


def test_non_ascii_local_parts_go_out_as_they_are_and_need_smtputf8():
    letter = fill(ANNA._replace(address="анна@xn--e1afmkfd.example"))
    assert "<анна@xn--e1afmkfd.example>".encode() in letter
    assert not compile_letter(draft()).needs_smtputf8
    assert not compile_letter(draft(reply_to=None)).needs_smtputf8
    assert compile_letter(draft(reply_to="я@b.example")).needs_smtputf8
    assert compile_letter(draft(from_address="я@b.example")).needs_smtputf8


def test_extra_headers_are_folded_at_blanks_or_encoded():
    long = " ".join(["word"] * 60)
    letter = fill(headers=(("X-Long", long), ("List-Id", "Новости " * 20), ("Precedence", "bulk"), ("X-Empty", "")))
    assert raw_header(letter, "X-Long") == long
    assert raw_header(letter, "Precedence") == "bulk"
    assert raw_header(letter, "X-Empty") == ""
    assert raw_header(letter, "List-Id").startswith("=?utf-8?b?")
    assert_fit_for_the_wire(letter)


@pytest.mark.parametrize(
    "header",
    [("X-A", "b\r\nBcc: c"), ("X-A", "b\n"), ("X-A\r\nBcc", "c"), ("X A", "b"), ("X:A", "b"), ("", "b"), ("Ж", "b"),
     ("To", "b"), ("BCC", "b"), ("Content-Type", "b"), ("Subject", "b"), ("X-A", "b" * 901)],
    ids=repr,
)  # fmt: skip
def test_an_extra_header_that_is_ours_or_unsafe_is_refused(header):
    with pytest.raises(ValueError, match="header"):
        compile_letter(draft(headers=(header,)))


def test_an_extra_header_given_twice_is_refused():
    with pytest.raises(ValueError, match="header"):
        compile_letter(draft(headers=(("X-A", "1"), ("x-a", "2"))))


def test_an_unknown_slot_is_refused():
    with pytest.raises(ValueError, match="unknown slot"):
        Slot("password")


def test_short_ascii_subjects_stay_readable_on_the_wire():
    assert b"\r\nSubject: Hello Sam\r\n" in fill(ANNA._replace(name="Sam"), subject=("Hello ", Slot("name")))
    assert b"\r\nSubject: =?utf-8?b?" in fill(subject=("Hello ", Slot("name")))


@pytest.mark.parametrize("times", [0, 1, 1_000])
def test_a_copy_has_no_more_pieces_than_was_told(times):
    compiled = compile_letter(draft(subject=("For ", Slot("name")), text=("Hello ", Slot("name")) * times))
    to = Addressees([ANNA.address], [ANNA.name], [ANNA.message_id.encode()], [ANNA.unsubscribe_url.encode()])
    pieces = len(compiled.lay(to, date=DATE).letters[0])
    assert pieces <= compiled.pieces <= 2 * pieces + 20


def test_the_date_is_utc_in_rfc_5322_form_and_never_naive():
    east = datetime(2026, 11, 23, 9, 0, 5, tzinfo=timezone(timedelta(hours=3)))
    assert date_header(east) == date_header(east.astimezone(UTC)) == "Mon, 23 Nov 2026 06:00:05 +0000"
    with pytest.raises(ValueError, match="aware"):
        date_header(east.replace(tzinfo=None))
