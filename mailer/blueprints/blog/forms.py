"""The form of a post. Shape here; what may stand in the text is decided by services/post_content.py."""

import unicodedata

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, Field, Form, StringField, TextAreaField, ValidationError
from wtforms.validators import DataRequired, Length, Optional

from mailer.rules.errors import Invalid
from mailer.services.photos import MOST_BYTES
from mailer.services.post_content import UNWRITABLE
from mailer.web.forms import BaseForm, SharedForm, line

# with pictures in it, as the editor posts them; what is kept is far shorter
MOST_POSTED = 16_000_000
MOST_KEPT = 300_000
# what comes back with a sentence in place of a page that says no more than “too big”
MOST_RETURNED = 40_000_000


# lazy: they are read when the page is made, after the pictures, because the language is asked of the database
SENTENCES = {
    "empty": _l("Write something to read."),
    "too_long": _l("This text is too long. Divide it into several posts."),
    "too_big_together": _l(
        "The text and the pictures in it are larger than 16 MB together. Save it with fewer of them, then add the rest."
    ),
    "too_big": _l("This picture is larger than 10 MB. Make it smaller and try again."),
    "too_many_pixels": _l("This picture has more than 40 megapixels. Make it smaller and try again."),
    "too_many_photos": _l("At most 20 new pictures at once. Save the post and add the others then."),
    "not_a_photo": _l("This is not a picture that can be used. Choose a JPEG, PNG or WebP file."),
}


# the browser says the same before it sends: static/js/uploads.js
PHOTO_LIMIT = {
    "accept": "image/jpeg,image/png,image/webp",
    "data-most-bytes": MOST_BYTES,
    "data-too-big": SENTENCES["too_big"],
    "data-wrong-type": SENTENCES["not_a_photo"],
}
TEXT_LIMIT = {"data-most-length": MOST_POSTED, "data-too-long": SENTENCES["too_big_together"]}
WITHIN = Length(max=MOST_POSTED, message=SENTENCES["too_big_together"])


NO_TITLE = _l("A post needs a title.")
# marks, spaces and signs for machines: a link of these alone is an empty one
UNSEEN = {"Cc", "Cf", "Mn", "Me", "Zs", "Zl", "Zp"}
# letters and a symbol by their category, and yet blank
BLANK = "\u115f\u1160\u2800\u3164\uffa0"


def _visible(_form: Form, field: Field) -> None:
    if all(sign in BLANK or unicodedata.category(sign) in UNSEEN for sign in field.data):
        raise ValidationError(NO_TITLE)


def _writable(value: str | None) -> str:
    return UNWRITABLE.sub("", value or "")


def reason_field() -> StringField:
    """Why a moderator changes or deletes the post of another; one's own post is nobody's business."""
    return line(_l("Reason"), DataRequired(_l("Give a reason.")), most=500)


class ReasonForm(BaseForm):
    """The reason alone: deleting."""

    reason = reason_field()


class PostForm(ReasonForm, SharedForm):
    """Title, text, cover, whether readers see it, and at the end the reason; `seen` is the post's last change."""

    title = line(_l("Headline"), DataRequired(NO_TITLE), _visible, most=200)
    # every page has an element "content" already: the one that "skip to the content" leads to
    content = TextAreaField(_l("Text"), id="post-text", filters=[_writable], validators=[WITHIN], render_kw=TEXT_LIMIT)
    photo = FileField(
        _l("Cover photo"), description=_l("JPEG, PNG or WebP, up to 10 MB and 40 megapixels."), render_kw=PHOTO_LIMIT
    )
    photo_alt = line(_l("What the photo shows"), Optional(), most=300, description=_l("For those who cannot see it."))
    drop_photo = BooleanField(_l("Remove the photo"))
    is_published = BooleanField(_l("Published"))
    reason = reason_field()

    def blame(self, trouble: Invalid) -> None:
        """Say beside its field what cannot be taken."""
        field = self[trouble.field]
        field.errors = [*field.errors, SENTENCES[trouble.code]]
