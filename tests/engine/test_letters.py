"""From what an owner wrote to what recipients read: footers, styles, fallbacks."""

import email
import email.policy
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from mailer.dispatch.letters import Footer, draft
from mailer.dispatch.markup import mail_ready
from mailer.mail.letter import Addressee, compile_letter, date_header

LINK = "https://mailer.example.org/unsubscribe/abc"
TO = Addressee("anna@example.org", "Анна & Co", "<1@example.org>", LINK)


@dataclass(frozen=True)
class Content:
    """What a message version holds."""

    subject: str = "News"
    text: str = ""
    html: str = ""
    from_name: str = "Olga"
    reply_to: str = "olga@example.org"


def read(content: Content, address: str = "") -> EmailMessage:
    letter = compile_letter(draft(content, "news@example.org", Footer("Отписаться", (address,) if address else ())))
    raw = letter.fill(TO, date=date_header(datetime(2026, 3, 2, tzinfo=UTC)))
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def part(letter: EmailMessage, kind: str) -> str:
    body = letter.get_body((kind,))
    assert body is not None
    return str(body.get_content())


def test_a_letter_without_a_link_gets_one_in_its_language_in_both_parts() -> None:
    letter = read(Content(text="Hello", html="<body><p>Hello</p></body>"), "Main street 1")
    assert f"Отписаться: {LINK}" in part(letter, "plain")
    assert "Main street 1" in part(letter, "plain")
    html = part(letter, "html")
    assert f'<a href="{LINK}">Отписаться</a><br>Main street 1</p></body>' in html


def test_a_letter_with_its_own_link_gets_no_second_one_but_the_address() -> None:
    own = Content(text="Bye: {{ unsubscribe_url }}", html='<a href="{{ unsubscribe_url }}">bye</a>')
    letter = read(own, "Main street <1>")
    assert part(letter, "plain").count(LINK) == 1
    assert "Main street <1>" in part(letter, "plain")
    assert part(letter, "html").count(LINK) == 1
    assert "Main street &lt;1&gt;" in part(letter, "html")


def test_nothing_is_added_where_nothing_is_missing() -> None:
    letter = read(Content(text="Bye: {{ unsubscribe_url }}"))
    assert part(letter, "plain").strip() == f"Bye: {LINK}"


def test_a_missing_text_is_made_from_the_html() -> None:
    assert "Hello, Анна & Co" in part(read(Content(html="<p>Hello, <b>{{ name }}</b></p>")), "plain")


def test_a_fallback_of_the_html_is_escaped_once() -> None:
    nameless = TO._replace(name="")
    content = Content(text="x", html="<p>Dear {{ name | friends &amp; family }}</p>")
    letter = compile_letter(draft(content, "news@example.org", Footer("Unsubscribe")))
    raw = letter.fill(nameless, date=date_header(datetime(2026, 3, 2, tzinfo=UTC)))
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    assert "Dear friends &amp; family<" in part(parsed, "html")


@pytest.mark.parametrize(
    ("html", "wanted"),
    [
        ("<style>p{color:red}</style><p>x</p>", '<p style="color: red;">x</p>'),
        ('<p class="ql-align-center">x</p>', 'style="text-align: center;"'),
        ("<style>@media (max-width:1px){p{color:red}}</style><p>x</p>", "@media (max-width:1px)"),
        ('<style>a{color:red}</style><a href="{{ unsubscribe_url }}">x</a>', 'href="{{ unsubscribe_url }}"'),
    ],
)
def test_styles_reach_programs_that_drop_style_sheets(html: str, wanted: str) -> None:
    assert wanted in mail_ready(html)


def test_markup_without_styles_is_left_to_the_letter() -> None:
    assert mail_ready("<P>as written & so on") == "<P>as written & so on"
