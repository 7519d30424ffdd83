"""The forms of the account pages. They check shape, and ask the services what a password or a name may be."""

from collections.abc import Iterable
from zoneinfo import available_timezones

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from wtforms import BooleanField, Field, Form, HiddenField, PasswordField, SelectField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired

from mailer.extensions import db
from mailer.models import User
from mailer.services import accounts, addresses, passwords
from mailer.services.addresses import Address
from mailer.web.forms import BaseForm, line, no_nul
from mailer.web.locales import LOCALES, chosen_zone

NEEDED = DataRequired(_l("Please fill in this field."))
LANGUAGES = {"ru": "Русский", "en": "English"}
USERNAME_MARKS = frozenset("._-")
USERNAME_LEAST, USERNAME_MOST = 3, 40


def is_address(_form: Form, field: Field) -> None:
    """Refuse what cannot be an e-mail address."""
    if addresses.read(field.data or "") is None:
        raise ValidationError(_l("This is not an e-mail address. It should look like name@example.org."))


def password_field(label: object, *, is_new: bool = False) -> PasswordField:
    """A password as it was typed, spaces and all; one to be chosen shows its strength."""
    if not is_new:
        asked = InputRequired(_l("Please fill in this field."))
        return PasswordField(label, validators=[asked], render_kw={"autocomplete": "current-password"})
    hint = _l("At least %(least)s characters; a few words in a row are good.", least=passwords.LEAST)
    kw = {"autocomplete": "new-password", "minlength": passwords.LEAST, "maxlength": passwords.MOST}
    return PasswordField(label, validators=[no_nul], render_kw=kw, description=hint)


def repeated_field() -> PasswordField:
    """The same password once more."""
    return PasswordField(_l("The password again"), render_kw={"autocomplete": "off"})


class AddressForm(BaseForm):
    """One e-mail address: resend, reset."""

    email = line(_l("E-mail"), NEEDED, is_address, most=254, render_kw={"type": "email", "autocomplete": "email"})

    @property
    def address(self) -> Address:
        """What was typed; only after the form has been validated."""
        found = addresses.read(self.email.data or "")
        assert found is not None  # noqa: S101 - is_address has looked
        return found


class NewPasswordForm(BaseForm):
    """A password to be chosen, typed twice."""

    password = password_field(_l("New password"), is_new=True)
    password2 = repeated_field()

    def own_words(self) -> Iterable[str]:
        """Words that this person's password must not be."""
        return words_of(current_user if current_user.is_authenticated else None)

    def validate_password(self, field: Field) -> None:
        """Ask what a password may be."""
        if trouble := passwords.trouble_with(field.data or "", self.own_words()):
            raise ValidationError(password_sentence(trouble))

    def validate_password2(self, field: Field) -> None:
        """Both must be the same."""
        if field.data != self.password.data:
            raise ValidationError(_("The two passwords are not the same."))


class RegisterForm(AddressForm, NewPasswordForm):
    """Sign-up. The zone is the browser's guess; a wrong one is quietly replaced."""

    password = password_field(_l("Password"), is_new=True)
    password2 = repeated_field()
    time_zone = HiddenField(render_kw={"data-guess": ""})

    def own_words(self) -> Iterable[str]:
        """The address stands for the person."""
        typed = self.email.data or ""
        return (*words_of(None), typed, typed.partition("@")[0])

    @property
    def zone(self) -> str:
        """A zone that exists."""
        return self.time_zone.data if self.time_zone.data in available_timezones() else chosen_zone()


class LoginForm(BaseForm):
    """Sign-in by e-mail or user name."""

    login = line(_l("E-mail or user name"), NEEDED, most=254, render_kw={"autocomplete": "username"})
    password = password_field(_l("Password"))
    remember = BooleanField(_l("Keep me signed in on this device"), default=True)


class PasswordForm(NewPasswordForm):
    """Change of password. The new one is asked for after the present one, and errors follow this order."""

    current_password = password_field(_l("Present password"))
    password = password_field(_l("New password"), is_new=True)
    password2 = repeated_field()


class EmailForm(AddressForm):
    """Change of address."""

    current_password = password_field(_l("Present password"))


class DeleteForm(BaseForm):
    """Leaving."""

    current_password = password_field(_l("Present password"))


class ProfileForm(BaseForm):
    """Who one is, where and in which language."""

    first_name = line(_l("First name"), most=100, render_kw={"autocomplete": "given-name"})
    last_name = line(_l("Last name"), most=100, render_kw={"autocomplete": "family-name"})
    username = line(
        _l("User name"),
        most=USERNAME_MOST,
        description=_l("Letters, digits, dots, dashes; may be used to sign in."),
        render_kw={"autocomplete": "username"},
    )
    time_zone = SelectField(_l("Time zone"), choices=lambda: sorted(available_timezones()))
    locale = SelectField(_l("Language"), choices=[SelectChoice(code, LANGUAGES[code]) for code in LOCALES])
    wants_notices = BooleanField(_l("Write to me when something is wrong with a mailing"))

    def validate_username(self, field: Field) -> None:
        """Nothing, or a name that can neither be read as an address nor belongs to another."""
        name = field.data or ""
        if not name:
            return
        # folded it may grow: some letters stand for whole words
        is_long = len(accounts.username_key(name)) > USERNAME_MOST
        is_plain = all(char.isalnum() or char in USERNAME_MARKS for char in name)
        if len(name) < USERNAME_LEAST or is_long or not is_plain:
            raise ValidationError(_("3 to 40 letters, digits, dots, dashes or underscores."))
        if not accounts.is_username_free(db.session(), name, person=current_user):
            raise ValidationError(_("This user name is taken."))


def words_of(user: User | None) -> tuple[str, ...]:
    """The service's own words, and this person's."""
    service: tuple[str, ...] = current_app.config["MAILER"].site.own_words
    if user is None:
        return service
    own = (user.email, user.email.partition("@")[0], user.username or "", user.first_name, user.last_name)
    return (*service, *own, user.display_name)


def password_sentence(trouble: str) -> str:
    """Why a password cannot be chosen, in the reader's language."""
    return {
        "too_short": _("At least %(least)s characters, please.", least=passwords.LEAST),
        "too_long": _("At most %(most)s characters, please.", most=passwords.MOST),
        "common": _("This is one of the most common passwords: it would be guessed first. Choose another."),
        "own_words": _("This is your own name or address, or ours: it would be guessed first. Choose another."),
    }[trouble]
