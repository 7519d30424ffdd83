"""What the engine writes where the server said nothing: English in the log, the reader's language on a page."""

import errno
import os
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import force_locale

from mailer.config import ROOT
from mailer.mail.smtp.events import Step
from mailer.services.silences import OURS, THE_SYSTEMS, in_words


def sources() -> str:
    """All code that may write such sentences."""
    files: list[Path] = []
    for folder in ("mail/smtp", "mail/wire", "dispatch/loop"):
        files += (ROOT / "mailer" / folder).glob("*.py")
    return "".join(path.read_text("utf-8") for path in files)


def test_the_sentences_are_those_that_the_engine_writes() -> None:
    text = sources()
    assert [one for one in OURS if f'"{one}"' not in text] == []
    assert '"taking the body" if self.unsent else f"answering {step}"' in text
    assert 'f"no progress in {doing} for {limit_s:g} s"' in text


@pytest.mark.parametrize("sentence", sorted([*OURS, *THE_SYSTEMS]))
def test_each_is_put_into_russian_and_keeps_its_step(app: Flask, sentence: str) -> None:
    with app.test_request_context(), force_locale("ru"):
        said = in_words(sentence)
        assert said != sentence
        assert not said.isascii()
        assert in_words(f"{Step.CONNECT}: {sentence}") == f"connect: {said}"


def test_the_numbers_of_a_time_limit_are_kept(app: Flask) -> None:
    with app.test_request_context(), force_locale("ru"):
        assert "300" in in_words("no progress in taking the body for 300 s")
        slow = in_words("dot: no progress in answering dot for 600 s")
        assert slow.startswith("dot: ")
        assert "600" in slow
        assert "progress" not in slow


def test_the_systems_number_is_left_out(app: Flask) -> None:
    error = str(OSError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)))
    with app.test_request_context(), force_locale("en"):
        assert in_words(error) == "the connection was cut off"


@pytest.mark.parametrize(
    "text", ["", "5.1.1 <a@example.org>: Recipient address rejected", "250 2.0.0 Ok: queued as 4Z", "rcpt: 450 later"]
)
def test_what_a_server_said_stays_as_it_is(app: Flask, text: str) -> None:
    with app.test_request_context(), force_locale("ru"):
        assert in_words(text) == text
