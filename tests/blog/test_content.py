"""What becomes of a post's HTML: its links, elements where they may not stand, and pictures named in words."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.models import Post, PostPhoto, User
from mailer.services.post_content import alike, clean
from tests.blog.test_photos import embedded, files, only_post, write
from tests.blog.writers import picture
from tests.support.people import post


def cleaned(html: str) -> str:
    """Twice: what is saved is saved again with the next change."""
    once = clean(html, lambda address: address)
    assert clean(once, lambda address: address) == once
    return once


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("www.example.org", "https://www.example.org"),
        (" example.org/a?b=c ", "https://example.org/a?b=c"),
        ("письма.рф", "https://письма.рф"),
        ("https://example.org/", "https://example.org/"),
        ("mailto:a@example.org", "mailto:a@example.org"),
        ("tel:+74950000000", "tel:+74950000000"),
        ("/blog/", "/blog/"),
    ],
)
def test_a_link_leads_where_it_was_meant_to(typed: str, kept: str) -> None:
    assert cleaned(f'<p><a href="{typed}">x</a></p>') == f'<p><a href="{kept}" rel="noopener nofollow">x</a></p>'


@pytest.mark.parametrize("typed", ["javascript:alert(1)", "//evil.example", "data:text/html,x", "somewhere", ""])
def test_a_link_that_leads_nowhere_is_plain_text(typed: str) -> None:
    assert cleaned(f'<p><b>a</b> <a href="{typed}"><i>b</i></a> <a>c</a></p>') == "<p><b>a</b> <i>b</i> c</p>"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("<li>a</li>b", "<ul><li>a</li></ul>b"),
        ("<ul><p>a</p></ul>", "<ul><li><p>a</p></li></ul>"),
        ("<ul><li>a</li><ol><li>b</li></ol></ul>", "<ul><li>a</li><li><ol><li>b</li></ol></li></ul>"),
        ("<u><p>a</p>b</u>", "<p><u>a</u></p><u>b</u>"),
        ("<ul><b><li>a</li></b></ul>", "<ul><li><b>a</b></li></ul>"),
        ("<b>a<i>b<h2>c</h2></i></b>", "<b>a<i>b</i></b><h2><b><i>c</i></b></h2>"),
        ("<b><i></i></b><b>a<b>b</b></b>", "<b>ab</b>"),
        ("<figure>a<figcaption>b</figcaption></figure>", "ab"),
        ("<p>a &lt;li&gt; &amp; b<br><b>c<br>d</b></p>", "<p>a &lt;li&gt; &amp; b<br><b>c<br>d</b></p>"),
    ],
)
def test_an_element_stands_where_it_may(given: str, kept: str) -> None:
    assert cleaned(given) == kept


def test_words_that_name_another_post_s_picture_are_words(
    web: FlaskClient, session: Session, author: User, media: Path
) -> None:
    write(web, picture())
    name = only_post(session).photo
    words = f'<pre>src="/media/{name}-l.webp"</pre>'
    alt = f'<p><img alt=" src=&quot;/media/{name}-l.webp&quot;" src="data:,">x</p>'
    location = post(web, "/blog/create", title="Words", content=words + alt).location
    assert post(web, f"{location}/edit", title="Words", content=words).status_code == 303
    assert name in session.scalars(select(Post.content).where(Post.title == "Words")).one()
    assert session.scalars(select(PostPhoto.name)).all() == [name]
    session.rollback()
    assert post(web, f"{location}/delete").status_code == 303
    assert len(files(media)) == 6


def test_a_narrow_screen_is_offered_a_smaller_file(
    app: Flask, web: FlaskClient, session: Session, author: User, media: Path
) -> None:
    location = post(web, "/blog/create", title="T", content=f"<p>x{embedded(picture('PNG'))}</p>").location
    (name,) = session.scalars(select(PostPhoto.name))
    page = web.get(location).get_data(as_text=True)
    assert f'<picture><source media="(max-width: 30em)" srcset="/media/{name}-m.webp"><img' in page
    assert "<picture" not in only_post(session).content
    assert (media / f"{name}-m.webp").exists()


@pytest.mark.parametrize("content", ["<i>" * 20_001 + "x", "<p>x</p>" + "<!--" + "x" * 600_000 + "-->"])
def test_what_would_be_cleaned_for_hours_is_told_to_be_too_long(
    web: FlaskClient, session: Session, author: User, content: str
) -> None:
    answer = post(web, "/blog/create", title="Deep", content=content)
    assert answer.status_code == 422
    assert "This text is too long." in answer.get_data(as_text=True)
    assert session.scalars(select(Post)).first() is None


def test_formats_of_one_kind_do_not_differ() -> None:
    assert alike("<b a=1>x</b><STRONG/a=2 \n>y</STRONG><br a><body a>") == "<b>x</b><STRONG>y</STRONG><br a><body a>"
