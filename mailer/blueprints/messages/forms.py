"""The form of a message: shape here, placeholders by rules/placeholders.py."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, Form, ValidationError
from wtforms.validators import DataRequired

from mailer.models import Message
from mailer.rules.placeholders import Problem, ProblemKind, check
from mailer.services.messages import MessageFacts
from mailer.web.forms import SharedForm, line, with_seen
from mailer.web.forms import text as text_area

MOST_TEXT = 500_000


def fillable(_form: Form, field: Field) -> None:
    """Refuse placeholders that no letter can fill, with a sentence that names them."""
    if problems := check(field.data or ""):
        raise ValidationError(sentence(problems[0]))


def sentence(problem: Problem) -> str:
    """What is wrong with a placeholder, for people."""
    if problem.kind is ProblemKind.UNKNOWN:
        return _(
            "“%(found)s” is not a placeholder. Known ones: {{ name }}, {{ email }}, {{ unsubscribe_url }}.",
            found=problem.found,
        )
    if problem.kind is ProblemKind.UNCLOSED:
        return _("“%(found)s” is opened with {{ but never closed with }}.", found=problem.found)
    return _("“%(found)s” cannot be understood. Write {{ name }} or {{ name | friend }}.", found=problem.found)


def stored(message: Message) -> dict[str, str]:
    """A saved message as its form shows it."""
    return with_seen({"subject": message.subject, "text": message.text, "html": message.html})


class MessageForm(SharedForm):
    """Subject, text and, if wanted, HTML."""

    subject = line(
        _l("Subject"),
        DataRequired(_l("A letter without a subject looks like spam. Please write one.")),
        fillable,
        most=255,
    )
    text = text_area(_l("Text"), fillable, most=MOST_TEXT)
    html = text_area(_l("HTML"), fillable, most=MOST_TEXT)

    def validate_text(self, field: Field) -> None:
        """A letter needs something to read."""
        if not (field.data or "").strip() and not (self.html.data or "").strip():
            raise ValidationError(_("Write the text, the HTML, or both."))

    def facts(self) -> MessageFacts:
        """What the form says, as the service wants it."""
        return MessageFacts(self.subject.data or "", self.text.data or "", (self.html.data or "").strip())
