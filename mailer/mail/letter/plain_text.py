"""A text part made from HTML, for messages whose author wrote none. Placeholders pass through untouched."""

import re
from html.parser import HTMLParser
from typing import Final

_UNSEEN: Final = frozenset({"script", "style", "title"})
_LISTS: Final = frozenset({"ul", "ol"})
_LINES: Final = frozenset({"div", "tr", "li", "dt", "dd", "section", "article", "header", "footer", "center"})
_PARAGRAPHS: Final = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "blockquote", "pre", "hr"})
_GAPS: Final = dict.fromkeys(_LINES, 1) | dict.fromkeys(_PARAGRAPHS, 2)
_BLANKS: Final = re.compile(r"[ \t\r\n\f\xa0]+")
_LAST_BLANKS: Final = re.compile(r"[ \t]+(?=\n)")


def text_from_html(html: str) -> str:
    """What a person would read: links as `text (url)`, lists as `- item`; no line end after the last line."""
    reader = _Reader()
    reader.feed(html)
    # a tag or a comment that never ends is no text; to read on behind each `<` in it would take hours
    if reader.rawdata == "<" or not reader.rawdata.startswith("<"):
        reader.close()
    return _LAST_BLANKS.sub("", "".join(reader.said)).rstrip()


class _Reader(HTMLParser):
    """Walks over the tags; a gap is written only when text follows it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._gap = 0
        self._sign = ""
        self._unseen = 0
        self._verbatim = 0
        self._links: list[tuple[str, int]] = []
        self._lists: list[int | None] = []

    def parse_html_declaration(self, i: int) -> int:
        """`<![…` is a comment, as in a browser: the parser's own way of reading it raises at words it does not know."""
        return self.parse_bogus_comment(i) if self.rawdata.startswith("<![", i) else super().parse_html_declaration(i)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a gap, a list, a link …; void tags speak at once."""
        self._leave(_GAPS.get(tag, 0))
        given = {name: value or "" for name, value in attrs}
        if tag in _LISTS:
            self._leave(1 if self._lists else 2)
            self._lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._sign = self._next_sign()
        elif tag == "a":
            self._links.append((given.get("href", "").strip(), len(self.said)))
        elif tag == "br":
            self._gap = min(self._gap + 1, 2)
        else:
            self._say({"img": given.get("alt", ""), "hr": "---"}.get(tag, ""))
        self._count(tag, 1)
        self._leave(_GAPS.get(tag, 0) if tag == "hr" else 0)

    def handle_endtag(self, tag: str) -> None:
        """Close what the tag opened; an end without a beginning is ignored."""
        if tag == "a" and self._links:
            self._close_link(*self._links.pop())
        elif tag in _LISTS and self._lists:
            self._lists.pop()
            self._leave(1 if self._lists else 2)
        elif tag in {"td", "th"}:
            self._say(" ")
        self._count(tag, -1)
        self._leave(_GAPS.get(tag, 0))

    def handle_data(self, data: str) -> None:
        """Text as it is in <pre>, with blanks run together elsewhere."""
        if not self._unseen:
            self._say(data if self._verbatim else _BLANKS.sub(" ", data))

    def _say(self, text: str) -> None:
        fresh = bool(self._gap) or not self.said
        if self._verbatim:
            text = text.lstrip("\n") if fresh else text
        elif fresh or self.said[-1].endswith(" "):
            text = text.lstrip(" ")
        if text:
            gap = "\n" * self._gap if self.said else ""
            self.said.append(gap + self._sign + text)
            self._gap, self._sign = 0, ""

    def _leave(self, lines: int) -> None:
        """Ask for line ends before the next words; paragraphs in a list item stay close to its sign."""
        if not self._sign:
            self._gap = max(self._gap, min(lines, 1) if self._lists else lines)

    def _count(self, tag: str, step: int) -> None:
        if tag in _UNSEEN:
            self._unseen = max(0, self._unseen + step)
        elif tag == "pre":
            self._verbatim = max(0, self._verbatim + step)

    def _next_sign(self) -> str:
        indent = "  " * (len(self._lists) - 1)
        number = self._lists[-1] if self._lists else None
        if number is None:
            return indent + "- "
        self._lists[-1] = number + 1
        return f"{indent}{number + 1}. "

    def _close_link(self, href: str, start: int) -> None:
        """The target after the words, unless it is what they say or leads nowhere."""
        target = re.sub(r"^(?:mailto|tel):", "", href)
        words = "".join(self.said[start:]).strip()
        if target and not target.startswith("#") and target != words:
            self._say(f" ({target})" if words else target)
