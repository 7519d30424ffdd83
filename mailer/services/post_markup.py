"""Where elements may stand in a post: what the cleaner lets through is safe and well nested, yet an item may be without
its list, a link without its address. Reads what nh3 wrote, where neither words nor attributes hold `<` or `>`."""

import re

LISTS = frozenset({"ul", "ol"})
BLOCKS = LISTS | {"li", "p", "h2", "h3", "h4", "blockquote", "pre"}
INLINE = frozenset({"strong", "b", "em", "i", "u", "s", "sub", "sup", "code", "a"})
VOID = frozenset({"br", "hr", "img"})
TAG = re.compile(r"<(/?)(\w+)[^<>]*>")
EMPTY = re.compile(rf"<({'|'.join(sorted(INLINE))})\b[^<>]*></\1>")


class _Mender:
    """Called with one tag after another, says what stands in its place."""

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._inline: dict[str, str] = {}
        self._ends: list[str] = []  # of all elements that are open; nothing for one that was left out

    def __call__(self, found: re.Match[str]) -> str:
        is_end, tag = found.groups()
        if tag in VOID:
            return found[0]
        if tag in BLOCKS:
            return self._across(self._end_block() if is_end else self._begin_block(tag, found[0]))
        return self._end_inline(tag) if is_end else self._begin_inline(tag, found[0])

    def _begin_block(self, tag: str, text: str) -> str:
        is_in_list = self._blocks[-1:] in (["ul"], ["ol"])
        missing = "" if is_in_list == (tag == "li") else "li" if is_in_list else "ul"
        self._blocks.append(tag)
        self._ends.append(f"</{tag}></{missing}>" if missing else f"</{tag}>")
        return f"<{missing}>{text}" if missing else text

    def _end_block(self) -> str:
        self._blocks.pop()
        return self._ends.pop()

    def _begin_inline(self, tag: str, text: str) -> str:
        is_left_out = tag in self._inline or (tag == "a" and " href=" not in text)
        self._ends.append("" if is_left_out else f"</{tag}>")
        if is_left_out:
            return ""
        self._inline[tag] = text
        return text

    def _end_inline(self, tag: str) -> str:
        end = self._ends.pop()
        if end:
            del self._inline[tag]
        return end

    def _across(self, edge: str) -> str:
        """Inline elements end before a block's edge and begin again behind it."""
        return "".join([*(f"</{tag}>" for tag in reversed(self._inline)), edge, *self._inline.values()])


def mended(html: str) -> str:
    """The same words with items in lists, no block in an inline element, and no link without an address."""
    html = TAG.sub(_Mender(), html)
    while (fuller := EMPTY.sub("", html)) != html:
        html = fuller
    return html
