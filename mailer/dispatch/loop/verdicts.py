"""What a reply means for a recipient, for the log and for the journal. Decides nothing: the rule is `rules.outcome`."""

from functools import lru_cache

from mailer.dispatch.journal import ACCEPTED, DEFERRED, REFUSED, entry
from mailer.mail.smtp.events import Step
from mailer.rules import outcome
from mailer.rules.outcome import Outcome

_MARKS = {Outcome.ACCEPTED: ACCEPTED, Outcome.REFUSED: REFUSED, Outcome.DEFERRED: DEFERRED}


@lru_cache(maxsize=1000)
def verdict_of(step: Step, code: int) -> tuple[Outcome, int]:
    """The rule, asked once per kind of reply, and the journal's entry for it (0: none).

    A reply that speaks of the server is no verdict on a recipient.
    """
    meaning = outcome.meaning(outcome.Step(step), code)
    verdict = meaning if isinstance(meaning, Outcome) else Outcome.DEFERRED
    state = _MARKS.get(verdict)
    return verdict, entry(state, code) if state else 0
