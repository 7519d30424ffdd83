"""A browser's own long introduction, shortened to what a person would call it."""

from flask_babel import gettext as _

# the first mark that is found names it: most browsers also claim to be the ones below them
BROWSERS = (
    ("YaBrowser/", "Yandex"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def short_name(user_agent: str) -> str:
    """Such as "Firefox on Linux"; a hint for the eye, trusted by nothing."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), _("Unknown browser"))
    system = next((name for mark, name in SYSTEMS if mark in user_agent), _("an unknown system"))
    return _("%(browser)s on %(system)s", browser=browser, system=system)
