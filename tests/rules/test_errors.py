"""Errors carry facts for the sentence that the web will say, and no sentence of their own."""

import pytest

from mailer.rules.errors import Conflict, Invalid, MailerError, NotAllowed, NotFound, TokenExpired, TooMany


@pytest.mark.parametrize(
    "error", [NotFound(), NotAllowed(), Conflict(), Invalid("email", "taken"), TokenExpired(), TooMany(60)]
)
def test_one_handler_catches_them_all(error: MailerError) -> None:
    with pytest.raises(MailerError):
        raise error


def test_a_conflict_says_what_clashes_and_with_what() -> None:
    error = Conflict("in_use", mailings=[3, 4])

    assert (error.code, error.facts) == ("in_use", {"mailings": [3, 4]})
    assert Conflict().code == "status"


def test_an_invalid_value_names_its_field() -> None:
    error = Invalid("subject", "unknown_placeholder", name="nmae")

    assert (error.field, error.code, error.facts) == ("subject", "unknown_placeholder", {"name": "nmae"})


def test_too_many_says_when_to_come_back() -> None:
    assert TooMany(60).retry_after_s == 60
