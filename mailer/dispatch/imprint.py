"""Who runs this service: the lines below every letter, a mailing's and our own. Only what the settings give."""

from flask_babel import gettext as _

from mailer.config import Site


def lines(site: Site) -> tuple[str, ...]:
    """The postal address, where to report abuse, and the terms, in the present language."""
    known = (
        site.postal_address,
        site.abuse_contact and _("Report abuse: %(contact)s", contact=site.abuse_contact),
        site.terms_url and _("Terms of use: %(url)s", url=site.terms_url),
    )
    return tuple(filter(None, known))
