"""The forms of the address book. They check shape; services check meaning."""

from os import SEEK_END

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import Field, Form, SelectField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired

from mailer.models import Client, SuppressionReason
from mailer.services import addresses, tags
from mailer.services.addresses import Address
from mailer.services.clients import ClientFacts
from mailer.web.forms import BaseForm, SharedForm, line, text, with_seen

MOST_FILE = 30 * 1024 * 1024
MOST_PASTED = 5_000_000
TOO_BIG = _l("This file is larger than 30 MB. Split it into several files.")
NEEDED = DataRequired(_l("Please fill in this field."))


def is_address(_form: Form, field: Field) -> None:
    """Refuse what cannot be an e-mail address."""
    if addresses.read(field.data or "") is None:
        raise ValidationError(_l("This is not an e-mail address. It should look like name@example.org."))


def are_tags(_form: Form, field: Field) -> None:
    """Refuse tags that are too long or too many."""
    names = tags.names_in(field.data or "")
    if len(names) > tags.MAX_PER_CLIENT or any(len(name) > tags.MAX_NAME for name in names):
        raise ValidationError(_l("At most 20 tags, each of at most 50 characters."))


def stored(client: Client) -> dict[str, str]:
    """A saved client as its form shows it: the tags in one line."""
    names = ", ".join(tag.name for tag in client.tags)
    shown = {"email": client.email, "full_name": client.full_name, "comment": client.comment, "tags": names}
    return with_seen(shown)


class ClientForm(SharedForm):
    """One client."""

    email = line(_l("E-mail"), NEEDED, is_address, most=254)
    full_name = line(_l("Full name"), most=200)
    comment = text(_l("Comment"), most=2000)
    tags = line(_l("Tags"), are_tags, most=1100, description=_l("Separated by commas: customers, Moscow"))

    @property
    def address(self) -> Address:
        """The address that was typed; only after the form has been validated."""
        found = addresses.read(self.email.data or "")
        assert found is not None  # noqa: S101 - is_address has looked
        return found

    def facts(self) -> ClientFacts:
        """What the form says, as the service wants it."""
        return ClientFacts(
            address=self.address,
            full_name=self.full_name.data or "",
            comment=self.comment.data or "",
            tag_names=tuple(tags.names_in(self.tags.data or "")),
        )


# the browser says the same before it sends: static/js/uploads.js
FILE_LIMIT = {
    "accept": ".csv,.txt,.tsv,.xlsx,.xlsm",
    "data-most-bytes": MOST_FILE,
    "data-too-big": TOO_BIG,
    "data-wrong-type": _l("Choose a CSV, text or XLSX file."),
}
LIST_LIMIT = {
    "data-most-length": MOST_PASTED,
    "data-too-long": _l("This list is longer than 5 million characters. Put it into a file."),
}


class ImportForm(BaseForm):
    """A file or a pasted list."""

    file = FileField(
        _l("File"), description=_l("CSV, text or XLSX, up to 30 MB; columns: e-mail, name, tags."), render_kw=FILE_LIMIT
    )
    text = text(
        _l("Or paste a list"),
        most=MOST_PASTED,
        description=_l("One client per line: e-mail, name, tags"),
        render_kw=LIST_LIMIT,
    )
    tags = line(_l("Tags for all of them"), are_tags, most=1100)

    def validate_file(self, field: Field) -> None:
        """Of a file that is too big no more came in than tells so (web/uploads.py)."""
        if field.data and field.data.filename and field.data.seek(0, SEEK_END) > MOST_FILE:
            raise ValidationError(TOO_BIG)
        if field.data:
            field.data.seek(0)

    def validate_text(self, field: Field) -> None:
        """Something must have been given, in one of the two ways."""
        has_file = bool(self.file.data and self.file.data.filename)
        if not has_file and not (field.data or "").strip():
            raise ValidationError(_l("Choose a file or paste a list."))


class SuppressionForm(BaseForm):
    """An address to put on the list by hand."""

    address = line(_l("E-mail"), NEEDED, is_address, most=254)
    reason = SelectField(
        _l("Reason"),
        choices=[
            SelectChoice(SuppressionReason.MANUAL.value, _l("Added by hand")),
            SelectChoice(SuppressionReason.UNSUBSCRIBED.value, _l("Asked not to be written to")),
            SelectChoice(SuppressionReason.COMPLAINT.value, _l("Complained")),
            SelectChoice(SuppressionReason.DEAD_ADDRESS.value, _l("The address is dead")),
        ],
    )


class LiftForm(BaseForm):
    """Why an address may be written to again."""

    reason = line(_l("Why may this address be written to again?"), NEEDED, most=500)
