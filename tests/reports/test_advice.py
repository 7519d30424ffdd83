"""What a reply means in plain language."""

import pytest
from flask import Flask

from mailer.blueprints.reports.advice import advised, kind_of, reason_words
from mailer.rules.outcome import Outcome, SkipReason
from mailer.services.troubles import Trouble


@pytest.mark.parametrize(
    ("code", "enhanced", "kind"),
    [
        (550, "5.1.1", "dead"),
        (550, "5.1.10", "dead"),
        (556, "", "dead"),
        (552, "5.2.2", "full"),
        (452, "4.2.2", "full"),
        (552, "", "full"),
        (550, "5.2.1", "switched_off"),
        (552, "5.3.4", "too_big"),
        (550, "5.7.1", "policy"),
        (550, "5.7.515", "policy"),
        (554, "", "policy"),
        (451, "4.7.1", "greylisted"),
        (450, "4.4.2", "network"),
        (550, "5.6.0", "content"),
        (553, "5.1.8", "sender"),
        (451, "", "later"),
        (421, "4.3.2", "later"),
        (550, "", "refused"),
        (None, "", "refused"),
    ],
)
def test_a_reply_is_put_into_plain_language(code: int | None, enhanced: str, kind: str) -> None:
    assert kind_of(code, enhanced) == kind


def test_every_way_to_fail_has_its_words(app: Flask) -> None:
    groups = [Trouble(Outcome.SKIPPED, reason, None, "") for reason in SkipReason]
    groups += [Trouble(outcome, None, 550, "5.1.1") for outcome in (Outcome.REFUSED, Outcome.UNANSWERED)]
    with app.test_request_context():
        found = advised(groups)
        assert all(one.title and one.text for one in found)
        assert all(reason_words(reason) for reason in SkipReason)
        assert reason_words(None) == ""
    assert len({one.title for one in found}) == len(found)
