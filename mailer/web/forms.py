"""What all forms share: a base that keeps what was typed, and checks of shape (rules check meaning)."""

import json
import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from flask import Response, make_response, render_template
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import Field, Form, HiddenField, StringField, TextAreaField, ValidationError
from wtforms.validators import Length

Check = Callable[[Form, Field], None]

# bidirectional overrides can make a name or an address read as another one
INVISIBLE = "\u202a-\u202e\u2066-\u2069\ufeff"
# Unicode's Cc and Cs; expressions, because a field may hold megabytes
NOT_IN_A_LINE = re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff{INVISIBLE}]")
NOT_IN_A_TEXT = re.compile("[\x00\ud800-\udfff]")


class BaseForm(FlaskForm):
    """Parent of every form of the site."""


class SharedForm(BaseForm):
    """A form of something that may be changed while it is open: whoever saves later is told first."""

    # names what the form was made from; a program that sends none overwrites unasked
    seen = HiddenField()

    def is_newest(self, seen: str, sentence: str) -> bool:
        """Whether that is still `seen`; if not, the form comes back with all that was typed and `sentence` above it."""
        if not self.seen.raw_data or self.seen.data == seen:
            return True
        self.ask_again(seen, sentence)
        return False

    def ask_again(self, seen: str, sentence: str) -> None:
        """Say what happened; to save the form from here is to overwrite `seen` knowingly."""
        self.seen.data = seen
        self.form_errors = [sentence]


def with_seen(shown: Mapping[str, object]) -> dict[str, Any]:
    """What a form shows at first, and as `seen` a name of just that: only a change of it makes another name."""
    written = json.dumps(shown, default=str, sort_keys=True)
    return {**shown, "seen": sha256(written.encode()).hexdigest()}


def render_form(template: str, form: FlaskForm, **context: object) -> Response:
    """The page with its form: 200 when asked for, 422 when what was posted cannot be used."""
    status = 422 if form.is_submitted() and form.errors else 200
    return make_response(render_template(template, form=form, **context), status)


def one_line(_form: Form, field: Field) -> None:
    """Refuse line breaks, NUL and other control characters in a one-line field."""
    if NOT_IN_A_LINE.search(field.data or ""):
        raise ValidationError(_l("This field holds characters that cannot be used here, such as line breaks."))


def no_nul(_form: Form, field: Field) -> None:
    """Refuse NUL and lone surrogates, which no database column and no letter can carry."""
    if NOT_IN_A_TEXT.search(field.data or ""):
        raise ValidationError(_l("This field holds characters that cannot be used here."))


def stripped(value: str | None) -> str | None:
    """A filter: the text without spaces around it."""
    return value.strip() if isinstance(value, str) else value


def line(label: object, *checks: Check, most: int, **options: object) -> StringField:
    """A one-line text field of at most `most` characters, spaces around it dropped."""
    return StringField(label, filters=[stripped], validators=[*checks, one_line, Length(max=most)], **options)


def text(label: object, *checks: Check, most: int, **options: object) -> TextAreaField:
    """A text area of at most `most` characters."""
    return TextAreaField(label, validators=[*checks, no_nul, Length(max=most)], **options)
