"""Bytes become replies, whatever the server sends and however the network cuts it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.mail.smtp.replies import LINE_LIMIT, TEXT_LIMIT, Replies, readable
from tests.smtp.cuts import cut_at, pieces

pytestmark = pytest.mark.usefixtures("cut")
SAID = b"250 ok\r\n250-two\r\n250-lines\r\n250 here\r\n354\r\n421 4.3.0 bye\n"
MEANT = [(250, "ok"), (250, "two\nlines\nhere"), (354, ""), (421, "4.3.0 bye")]


def read(*chunks: bytes) -> tuple[list[tuple[int, str]], str]:
    replies = Replies()
    got = [reply for chunk in chunks for piece in pieces(chunk) for reply in replies.feed(piece)]
    return [(code, readable(raw)) for code, raw in got], replies.broken


def test_replies_are_joined_and_told_apart() -> None:
    assert read(SAID) == (MEANT, "")


@given(st.lists(st.integers(0, len(SAID)), max_size=8))
def test_any_cut_is_the_same(cuts: list[int]) -> None:
    assert read(*cut_at(SAID, cuts)) == (MEANT, "")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"hello\r\n", "not an SMTP reply: hello"),
        (b"99 too low\r\n", "not an SMTP reply"),
        (b"600 too high\r\n", "not an SMTP reply"),
        (b"250x\r\n", "not an SMTP reply"),
        (b"\r\n", "not an SMTP reply"),
        (b"250-a\r\n550 b\r\n", "one reply with two codes"),
        (b"2" * (LINE_LIMIT + 1), "a reply line without end"),
        (b"250-more\r\n" * 10_000, "a reply without end"),
        (b"\xff\xfe\x00\n", "not an SMTP reply"),
    ],
)
def test_nonsense_ends_the_reading(said: bytes, why: str) -> None:
    replies, broken = read(said, b"250 ok\r\n")
    assert replies == []
    assert why in broken


def test_what_was_said_before_the_nonsense_still_counts() -> None:
    assert read(b"250 kept\r\nGET / HTTP/1.1\r\n")[0] == [(250, "kept")]


@given(st.binary(max_size=300))
def test_no_bytes_raise(data: bytes) -> None:
    replies, _ = read(data, b"\r\n")
    assert all(200 <= code < 600 and "\0" not in text for code, text in replies)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("принято".encode(), "принято"),
        (b"accept\xe9", "accepté"),
        (b"nul \x00 bell \x07", "nul \ufffd bell \ufffd"),
        (b"x" * 5000, "x" * TEXT_LIMIT),
        (b"ends \r", "ends"),
    ],
)
def test_words_are_readable_and_bounded(raw: bytes, text: str) -> None:
    assert readable(raw) == text
