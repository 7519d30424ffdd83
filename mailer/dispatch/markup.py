"""HTML made fit for mail programs: styles of its own sheet and of the editor's classes are set into its elements."""

import re
from html import unescape

import css_inline

from mailer.rules.placeholders import Piece, Placeholder, parse

# what static/js/editor.js writes instead of style attributes, which our pages forbid
_EDITOR = "<style>.ql-align-center{text-align:center}.ql-align-right{text-align:right}</style>"
_HAS_SHEET = re.compile(r"<style[\s>]", re.IGNORECASE)
_HAS_CLASSES = re.compile(r"class=[\"']?[^\"'>]*\bql-align-")

_inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=True, keep_at_rules=True)


def mail_ready(html: str) -> str:
    """`html` with its styles inlined where it has any; otherwise as its author wrote it, to the letter."""
    if _HAS_CLASSES.search(html):
        html = _EDITOR + html
    return _inliner.inline(html) if _HAS_SHEET.search(html) else html


def markup_pieces(html: str) -> tuple[Piece, ...]:
    """Placeholders of markup: their fallbacks are escaped already, so they are read as text."""
    return tuple(
        Placeholder(piece.name, unescape(piece.fallback)) if isinstance(piece, Placeholder) else piece
        for piece in parse(html)
    )
