"""The parts that pages are put together from: what they say for every state, and what they make of hostile input."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask, render_template_string
from flask_babel import Babel
from flask_sqlalchemy.pagination import Pagination
from flask_wtf import CSRFProtect, FlaskForm
from wtforms import BooleanField, PasswordField, RadioField, SelectChoice, StringField
from wtforms.validators import DataRequired, Optional

from mailer.models.runs import RunState
from mailer.rules.access import Role
from mailer.rules.lifecycle import MailingStatus
from mailer.rules.outcome import Outcome

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def app() -> Iterator[Flask]:
    """Just enough of an app to draw a macro: the real templates, a language, a CSRF token."""
    app = Flask("mailer", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.secret_key = "only for this test"
    Babel(app, locale_selector=lambda: "en")
    CSRFProtect(app)
    with app.test_request_context("/clients/?q=%22%3Eann&tag=a&tag=b&page=3&_external=1&endpoint=x", method="POST"):
        yield app


class Sample(FlaskForm):
    """One field of each kind that is drawn in its own way."""

    email = StringField("E-mail", [DataRequired()], description="We never show it")
    password = PasswordField("Password", [Optional()])
    remember = BooleanField("Keep me signed in")
    often = RadioField("How often", choices=[SelectChoice("once", "Once"), SelectChoice("daily", "Daily")])


class TwoHundred(Pagination):
    """Pages over two hundred numbers."""

    def _query_items(self) -> list[int]:
        return list(range(self._query_offset, self._query_offset + self.per_page))

    def _query_count(self) -> int:
        return 200


def draw(source: str, **context: object) -> str:
    """The macros' answer, with the four files at hand."""
    files = "".join(f"{{% import 'macros/{name}.html' as {name} %}}" for name in ("forms", "lists", "badges", "icons"))
    return render_template_string(files + source, **context)


@pytest.mark.parametrize(
    ("macro", "value"),
    [
        *(pytest.param("mailing_status", one, id=f"mailing {one}") for one in MailingStatus),
        *(pytest.param("outcome", one, id=f"outcome {one}") for one in Outcome),
        *(pytest.param("role", one, id=f"role {one}") for one in Role),
    ],
)
@pytest.mark.usefixtures("app")
def test_every_state_has_words_a_picture_and_a_tone(macro: str, value: StrEnum) -> None:
    badge = draw("{{ badges[macro](value) }}", macro=macro, value=value)
    assert f'data-status="{value}"' in badge
    # an unknown state is shown by its bare value: that must happen to none that we know
    assert f">{value}<" not in badge
    assert f"</svg>{value}<" not in badge


@pytest.mark.parametrize("state", list(RunState))
@pytest.mark.usefixtures("app")
def test_every_state_of_a_run_has_its_badge(state: RunState) -> None:
    badge = draw("{{ badges.run_state(run) }}", run=SimpleNamespace(state=state, held_at=None))
    assert f"</svg>{state}<" not in badge


@pytest.mark.usefixtures("app")
def test_a_held_run_says_that_it_waits() -> None:
    badge = draw("{{ badges.run_state(run) }}", run=SimpleNamespace(state=RunState.OPEN, held_at="now"))
    assert "Held" in badge


@pytest.mark.usefixtures("app")
def test_a_tag_cannot_bring_markup_along() -> None:
    assert "&lt;script&gt;" in draw("{{ badges.tag('<script>') }}")


@pytest.mark.usefixtures("app")
def test_the_pager_keeps_the_query_and_a_hostile_query_stays_a_query() -> None:
    pages = draw("{{ lists.pager(page) }}", page=TwoHundred(page=3, per_page=20))
    assert 'href="?q=%22%3Eann&amp;tag=a&amp;tag=b&amp;_external=1&amp;endpoint=x&amp;page=4"' in pages
    assert pages.count("page=3") == 0
    assert 'aria-current="page">3<' in pages


@pytest.mark.usefixtures("app")
def test_one_page_needs_no_pager() -> None:
    assert "<nav" not in draw("{{ lists.pager(page) }}", page=TwoHundred(page=1, per_page=200, max_per_page=200))


@pytest.mark.usefixtures("app")
def test_a_field_in_error_says_so_to_eyes_and_to_screen_readers() -> None:
    form = Sample()
    form.validate()
    drawn = draw("{{ forms.field(form.email) }}", form=form)
    assert 'aria-describedby="email-help email-error"' in drawn
    assert 'aria-invalid="true"' in drawn
    assert '<label class="form-label" for="email">' in drawn
    assert 'id="email-error"' in drawn
    assert 'id="email-help">We never show it' in drawn
    summary = draw("{{ forms.error_summary(form) }}", form=form)
    assert 'role="alert"' in summary
    assert '<a href="#email">E-mail</a>' in summary


@pytest.mark.usefixtures("app")
def test_each_kind_of_field_has_a_name_that_is_read_aloud() -> None:
    drawn = draw("{% for f in form %}{{ forms.field(f) }}{% endfor %}{{ forms.choices(form.often) }}", form=Sample())
    assert '<label class="form-label" for="password">' in drawn
    assert '<label class="form-check-label" for="remember">' in drawn
    assert '<legend class="form-label">How often' in drawn
    assert '<label class="form-check-label" for="often-1">Daily' in drawn
    assert 'type="hidden"' in drawn


@pytest.mark.usefixtures("app")
def test_a_button_that_changes_something_posts_with_its_token() -> None:
    drawn = draw("{{ forms.post_button('/mailings/1/pause', 'Pause', hidden={'from': '<x>'}) }}")
    assert '<form class="post-button" method="post" action="/mailings/1/pause">' in drawn
    assert 'name="csrf_token" value="' in drawn
    assert 'name="from" value="&lt;x&gt;"' in drawn


@pytest.mark.usefixtures("app")
def test_an_icon_is_decoration_until_it_has_a_label() -> None:
    assert 'aria-hidden="true"' in draw("{{ icons.icon('send') }}")
    assert 'role="img" aria-label="Send"' in draw("{{ icons.icon('send', 'Send') }}")
