"""Who runs the service stands below its pages and its letters, once the settings say so."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask_babel import force_locale

from mailer.config import Site
from mailer.dispatch import notes
from mailer.dispatch.letters import footers

SITE = Site(terms_url="https://example.org/terms", abuse_contact="abuse@example.org", postal_address="Улица 1 <a>")
SAID = (SITE.terms_url, SITE.abuse_contact, SITE.postal_address)


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    return make_app(site=SITE)


def test_pages_say_who_runs_the_service(app: Flask) -> None:
    footer = app.test_client().get("/auth/login").text.partition("<footer")[2]
    assert f'href="{SITE.terms_url}"' in footer
    assert f'href="mailto:{SITE.abuse_contact}"' in footer
    assert "Улица 1 &lt;a&gt;" in footer


@pytest.mark.parametrize(
    ("locale", "word"), [("ru", "Сообщить о злоупотреблении: abuse@"), ("en", "Report abuse: abuse@")]
)
@pytest.mark.parametrize("has_link", [True, False])
def test_a_mailings_letter_says_so_in_its_language(app: Flask, locale: str, word: str, *, has_link: bool) -> None:
    footer = footers(app)[locale]
    text, html = ("".join(map(str, part(has_link=has_link))) for part in (footer.text, footer.html))
    assert word in text
    assert word in html
    assert all(line in text for line in SAID)
    assert "Улица 1 &lt;a&gt;" in html


def test_a_letter_of_the_service_itself_says_so_too(app: Flask) -> None:
    with app.app_context(), force_locale("en"):
        letter = notes.written(notes.trial(), to="anna@example.com", locale="en")
    assert all(line in letter.text for line in SAID)
    assert SITE.terms_url in letter.html
    assert "Улица 1 &lt;a&gt;" in letter.html


def test_where_nothing_is_set_nothing_is_added(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    assert "Terms" not in "".join(map(str, footers(app)["en"].text(has_link=False)))
    with app.app_context(), force_locale("en"):
        letter = notes.written(notes.trial(), to="anna@example.com", locale="en")
    assert letter.text.rstrip().endswith("/auth/login")
