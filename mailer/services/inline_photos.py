"""Pictures inside a post's text. The editor posts them as data: addresses; they are developed like any upload, and
nothing but the post's own pictures stays: no other site's, no other post's."""

import base64
import binascii
import io
import re

from mailer.rules.errors import Invalid
from mailer.services import photos
from mailer.services.photos import Album

EMBEDDED = re.compile(r"data:image/[\w.+-]+;base64,(.*)", re.DOTALL | re.IGNORECASE)
SHOWN = re.compile(r"(?:https?://[^/]+)?/media/(([0-9a-f]{32})-[sml]\.(?:webp|jpg))")
# of a text that was cleaned: no words and no attribute hold `<` or `>`
IMAGE = re.compile(r'<img\b[^<>]*?\ssrc="/media/([0-9a-f]{32})-([sml])\.\w+"[^<>]*>')
# as wide as a telephone: there the middle size is sharp
NARROW = "(max-width: 30em)"
MOST_AT_ONCE = 20


def names_in(html: str) -> set[str]:
    """The pictures that a cleaned text shows."""
    return {found[1] for found in IMAGE.finditer(html)}


def for_screens(html: str) -> str:
    """A cleaned text whose large pictures are smaller files on a narrow screen.

    Not by `srcset` with widths: a picture may be narrower than its size's name says, and would be drawn too small.
    """
    return IMAGE.sub(_for_screens, html)


def _for_screens(found: re.Match[str]) -> str:
    if found[2] != "l":
        return found[0]
    return f'<picture><source media="{NARROW}" srcset="/media/{found[1]}-m.webp">{found[0]}</picture>'


class InlinePhotos:
    """Decides about each picture of one text: call it with an address, get the address to show or None.

    What cannot be taken is kept in `trouble`, not raised: the caller is a parser that would swallow it.
    """

    def __init__(self, album: Album, own: set[str]) -> None:
        """`own` are the names of the pictures the post already has."""
        self.album, self.own = album, own
        self.trouble: Invalid | None = None
        self._left = MOST_AT_ONCE

    def __call__(self, address: str) -> str | None:
        """As `post_content.clean` wants it."""
        if embedded := EMBEDDED.match(address.strip()):
            return self._developed(embedded[1])
        shown = SHOWN.fullmatch(address.strip())
        return f"/media/{shown[1]}" if shown and shown[2] in self.own else None

    def _developed(self, encoded: str) -> str | None:
        self._left -= 1
        try:
            if self._left < 0:
                raise Invalid("content", "too_many_photos")
            raw = base64.b64decode(encoded, validate=True)
            name = self.album.add(photos.develop(io.BytesIO(raw), "content"))
        except binascii.Error:
            self.trouble = Invalid("content", "not_a_photo")
        except Invalid as trouble:
            self.trouble = trouble
        else:
            return f"/media/{name}-l.webp"
        return None
