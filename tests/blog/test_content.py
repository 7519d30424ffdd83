"""What becomes of a post's HTML: its links, and elements where they may not stand."""

import pytest

from mailer.services.post_content import clean


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
