"""What the service's own letters say, and how they look: plain words in the reader's language, one link at most.

Links are made from PUBLIC_URL only; a Host header never gets into a letter.
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import gettext as _

from mailer.config import Config
from mailer.dispatch import imprint
from mailer.mail.account import Letter


@dataclass(frozen=True, slots=True)
class Note:
    """A letter's words. `link` is shown as a button labelled `label`; `after` stands below it."""

    subject: str
    paragraphs: tuple[str, ...]
    link: str = ""
    label: str = ""
    after: tuple[str, ...] = ()


def confirm(token: str) -> Note:
    """To a new address: prove it."""
    return Note(
        _("Confirm your address"),
        (_("Somebody, most likely you, has signed up with this address. Confirm it to begin."),),
        public_link("auth.confirm", token=token),
        _("Confirm the address"),
        (
            _("The link works once, for three days."),
            _("If it was not you, do nothing: without this link nothing begins."),
        ),
    )


def first_password(token: str) -> Note:
    """To an address that was signed up with twice, with two passwords: its reader decides."""
    return Note(
        _("Choose a password for your account"),
        (
            _("This address was used to sign up more than once, with different passwords."),
            _("So that nobody else decides for you, none of them counts. Choose your password to begin."),
        ),
        public_link("auth.choose", token=token),
        _("Choose a password"),
        (
            _("The link works once, for one hour; the sign-in page sends you a new one."),
            _("If it was not you, do nothing: without this link nothing begins."),
        ),
    )


def known() -> Note:
    """To an address that was used to sign up again."""
    return Note(
        _("You already have an account"),
        (
            _("Somebody, most likely you, has tried to sign up with this address or to move an account to it."),
            _("There is an account with this address already, and nothing has changed. Just sign in."),
        ),
        public_link("auth.login"),
        _("Sign in"),
        (_("If the password is forgotten, choose a new one on the sign-in page."),),
    )


def reset(token: str) -> Note:
    """To an owner who forgot the password."""
    return Note(
        _("Choose a new password"),
        (_("Somebody, most likely you, has asked for a new password for your account."),),
        public_link("auth.choose", token=token),
        _("Choose a new password"),
        (_("The link works once, for one hour."), _("If it was not you, do nothing: your password stays as it is.")),
    )


def change_email(token: str) -> Note:
    """To a new address of a known person."""
    return Note(
        _("Confirm your new address"),
        (_("You have asked to move your account to this address."),),
        public_link("auth.prove_email", token=token),
        _("Confirm the new address"),
        (_("The link works once, for three days."), _("If it was not you, do nothing: the account stays where it is.")),
    )


def email_changed(email: str) -> Note:
    """To the old address."""
    return Note(
        _("The address of your account has changed"),
        (
            _("Your account now belongs to the address %(email)s.", email=email),
            _("If it was not you, write to the people who run this service at once."),
        ),
    )


def password_changed() -> Note:
    """To the owner, after the fact."""
    return Note(
        _("Your password has changed"),
        (
            _("The password of your account has just been changed, and all other devices are signed out."),
            _("If it was not you, choose a new password at once and write to the people who run this service."),
        ),
        public_link("auth.reset"),
        _("Choose a new password"),
    )


def post_read(title: str, slug: str, views: int) -> Note:
    """To the author of a post, and to the site."""
    return Note(
        _("A post has its hundredth reader"),
        (_("“%(title)s” has been read %(views)s times.", title=title, views=views),),
        public_link("blog.view", slug=slug),
        _("Open the post"),
    )


def trial() -> Note:
    """From `flask mail test`."""
    return Note(_("A test letter"), (_("This is a test. The service can send letters to you."),))


def public_link(endpoint: str, **values: str) -> str:
    """The address of a page as people outside reach it."""
    base = urlsplit(_config().public_url)
    place = current_app.url_map.bind(base.netloc, script_name=base.path or "/", url_scheme=base.scheme)
    return place.build(endpoint, values, force_external=True)


def written(note: Note, *, to: str, locale: str) -> Letter:
    """The letter around these words; call it, and make the note, inside `force_locale(locale)`."""
    site = _config().site
    facts = {"note": note, "site": site, "imprint": imprint.lines(site), "locale": locale}
    facts["home"] = public_link("auth.login")
    # not render_template: the pages' context asks who reads, and here nobody does
    text = current_app.jinja_env.get_template("mail/letter.txt").render(facts)
    html = current_app.jinja_env.get_template("mail/letter.html").render(facts)
    return Letter(to=to, subject=f"{note.subject} · {site.name}", text=text, html=html)


def _config() -> Config:
    config: Config = current_app.config["MAILER"]
    return config
