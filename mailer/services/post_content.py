"""What may stand in a post: the HTML cleaned, its pictures handed over, its words for lists, search and slugs.
Whatever is not on the list here is dropped; no database."""

import html as markup
import math
import re
import unicodedata
from collections.abc import Callable

import nh3
from slugify import slugify

from mailer.services.post_markup import BLOCKS, INLINE, VOID, mended

ALIGNED = {"ql-align-center", "ql-align-right", "ql-align-justify"}
LINK = re.compile(r"https?://|mailto:|tel:|/(?!/)|#", re.IGNORECASE)
# as people type an address: www.example.org, example.org/page
BARE_HOST = re.compile(r"(?:[\w-]+\.)+[^\W\d_]{2,}(?:[/?#]\S*)?")
# what neither an XML feed nor a page can carry (XML 1.0 §2.2)
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
NO_SOURCE = re.compile(r'<img(?:\s+(?!src=)[\w-]+="[^"]*")*\s*>')
NO_ALT = re.compile(r'<img((?:\s+(?!alt=)[\w-]+="[^"]*")*)\s*>')
BLOCK_END = re.compile(r"(</(?:p|h[2-4]|li|blockquote|pre)>|<br>|<hr>)")
# scripts without spaces between words: two signs are about one word
UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
WORDS_PER_MINUTE = 180
EXCERPT = 280
LONGEST_SLUG = 100

EMBEDDED = re.compile("data:image/[\\w.+-]+;base64,[A-Za-z0-9+/=]*", re.IGNORECASE)
# the cleaner's work grows with the square of these: text with its tags, pictures apart, and elements in one another
MOST_BARE = 600_000
MOST_TAGS = 20_000
# in each paragraph it opens those anew that were never closed, all that differ; no attribute of theirs is kept
FORMAT = re.compile("<(b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\\s/][^>]*", re.IGNORECASE)

# the address of a picture in the text -> the address to show, or None to drop it
Picture = Callable[[str], str | None]


def is_cleanable(html: str) -> bool:
    """Whether `clean` will be done with it in a few seconds."""
    bare = EMBEDDED.sub("", html)
    return len(bare) <= MOST_BARE and bare.count("<") <= MOST_TAGS


def alike(html: str) -> str:
    """The same with formats of one kind that do not differ."""
    return FORMAT.sub(r"<\1", html)


def clean(html: str, picture: Picture) -> str:
    """HTML that may be shown as it is; each picture goes through `picture`. Links open without a referrer's power."""

    def allowed(tag: str, attribute: str, value: str) -> str | None:
        if tag == "img" and attribute == "src":
            return picture(value)
        if tag == "a" and attribute == "href":
            return _link(value.strip())
        return value

    cleaned = nh3.clean(
        alike(UNWRITABLE.sub("", html)),
        tags=set(BLOCKS | INLINE | VOID),
        attributes={"a": {"href"}, "img": {"src", "alt"}},
        allowed_classes=dict.fromkeys(BLOCKS, ALIGNED),
        attribute_filter=allowed,
        set_tag_attribute_values={"img": {"loading": "lazy"}},
        url_schemes={"http", "https", "mailto", "tel", "data"},  # data: only for pictures, which `picture` replaces
        link_rel="noopener nofollow",
    )
    return mended(NO_ALT.sub(r'<img alt=""\1>', NO_SOURCE.sub("", cleaned))).strip()


def _link(address: str) -> str | None:
    if BARE_HOST.fullmatch(address):
        return f"https://{address}"
    return address if LINK.match(address) else None


def text_of(html: str) -> str:
    """The words of cleaned HTML on one line."""
    return " ".join(markup.unescape(nh3.clean(BLOCK_END.sub(r"\1 ", html), tags=set())).split())


def excerpt_of(text: str) -> str:
    """The beginning, cut between words."""
    if len(text) <= EXCERPT:
        return text
    head = text[: EXCERPT - 1]
    return (head.rpartition(" ")[0] or head).rstrip(" ,.;:—-") + "…"


def word_count(text: str) -> int:
    """How many words there are to read, in any script."""
    return len(re.findall(r"\w+", UNSPACED.sub("", text))) + math.ceil(len(UNSPACED.findall(text)) / 2)


def reading_minutes(words: int) -> int:
    """At least one."""
    return max(1, math.ceil(words / WORDS_PER_MINUTE))


def search_key(text: str) -> str:
    """What is searched, and what is searched for: one case of letters, one way to write an accent, ё as е."""
    return unicodedata.normalize("NFC", text).casefold().replace("ё", "е")


def slug_of(title: str) -> str:
    """Latin letters, digits and hyphens; "post" when the title has nothing that can be spelled so."""
    return slugify(title, max_length=LONGEST_SLUG, word_boundary=True) or "post"
