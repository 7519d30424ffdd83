"""The text part made from HTML reads as a person would read the page."""

import pytest

from mailer.mail.letter.plain_text import text_from_html

CASES = {
    "paragraphs are parted by an empty line": ("<p>One\n two</p><p>Three</p>", "One two\n\nThree"),
    "a link shows where it leads": ('<a href="https://a.b/?c=1&amp;d=2">here</a>.', "here (https://a.b/?c=1&d=2)."),
    "a link that says its address says it once": ('<a href="https://a.b">https://a.b</a>', "https://a.b"),
    "a mail link shows no scheme": (
        '<a href="mailto:a@b.c">Write</a>, <a href="mailto:a@b.c">a@b.c</a>', "Write (a@b.c), a@b.c",
    ),
    "a link without words is its address": ('<a href="https://a.b"><img src="x"></a>', "https://a.b"),
    "links within the page lead nowhere": ('<a href="#top">up</a> <a name="top">here</a>', "up here"),
    "lists have signs": ("Buy:<ul><li>tea<li>jam</li></ul>now", "Buy:\n\n- tea\n- jam\n\nnow"),
    "numbered lists count": ("<ol><li>a</li><li>b</li></ol>", "1. a\n2. b"),
    "lists in lists step in": ("<ul><li>a<ol><li>b</li></ol></li><li>c</li></ul>", "- a\n  1. b\n- c"),
    "a paragraph in an item stays with it": ("<ul><li><p>a</p></li><li><p>b</p></li></ul>", "- a\n- b"),
    "breaks break": ("a<br>b<br/><br>c<br><br><br><br>d", "a\nb\n\nc\n\nd"),
    "script, style and title are not read": ("<head><title>t</title><style>p{}</style>a<script>x<y</script>b", "ab"),
    "comments are not read": ("a<!-- x --><!--[if mso]><p>y</p><![endif]-->b", "ab"),
    "entities are characters": ("&lt;&amp;&nbsp;&copy;&#1078;", "<& ©ж"),
    "rows are lines": ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
    "pictures say their words": ('<img alt="Tea" src="x">', "Tea"),
    "a rule is a line": ("a<hr>b", "a\n\n---\n\nb"),
    "blanks stay in pre": ("x<pre>\n a\n   b</pre>y", "x\n\n a\n   b\n\ny"),
    "placeholders pass": (
        '<p>{{ name | friend }}</p><a href="{{ unsubscribe_url }}">off</a>',
        "{{ name | friend }}\n\noff ({{ unsubscribe_url }})",
    ),
    "words keep their blanks": ("<b>a</b> <i>b</i>c <span> d</span>", "a bc d"),
    "broken markup is read as far as it goes": ("</ul></a></pre></script><li>a<p>b<", "- a\n\nb<"),
    "a tag that never ends is not read": ("<p>a</p>b <love c", "a\n\nb"),
    "a comment that never ends is not read": ("<p>a</p><!-- b", "a"),
    "tags that never end take no time": ("<p>a</p>" + '<a "' * 120_000, "a"),
    "a section of no known kind is not read": ("a<![if !mso]>b<![endif]><![odd[c]]>d<![<![ ]>e", "abde"),
    "nothing gives nothing": ("", ""),
}  # fmt: skip


@pytest.mark.parametrize(("html", "text"), CASES.values(), ids=CASES.keys())
def test_html_becomes_text(html, text):
    assert text_from_html(html) == text
