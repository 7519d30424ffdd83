"""Which language and which zone a page is shown in: the profile's, the switch's, the browser's, the default."""

from zoneinfo import ZoneInfo

from flask import Flask, Response, current_app, g, make_response, redirect, request, session
from flask_babel import get_locale
from flask_login import current_user

from mailer.extensions import babel, db
from mailer.web.targets import safe_target

LOCALES = ("ru", "en")


def install(app: Flask) -> None:
    """Bind Babel and the language switch."""
    babel.init_app(app, locale_selector=chosen_locale, timezone_selector=chosen_zone)
    app.add_url_rule("/language", "web.language", switch_language, methods=["POST"])
    app.context_processor(lambda: {"locale": str(get_locale() or "ru"), "locales": LOCALES})


def chosen_locale() -> str:
    """One of LOCALES. A signed-in person's profile decides; else the switch, the browser, the setting."""
    if forced := g.get("locale"):
        return str(forced)
    if current_user.is_authenticated:
        return str(current_user.locale)
    if session.get("locale") in LOCALES:
        return str(session["locale"])
    default = str(current_app.config["MAILER"].default_locale)
    return request.accept_languages.best_match(LOCALES, default) or default


def chosen_zone() -> str:
    """The zone in which times are shown."""
    if current_user.is_authenticated:
        return str(current_user.time_zone)
    return str(current_app.config["MAILER"].time_zone)


def zone() -> ZoneInfo:
    """The same, as tzinfo."""
    return ZoneInfo(chosen_zone())


def switch_language() -> Response:
    """POST /language: remember the language in the session and, when signed in, in the profile."""
    locale = request.form.get("locale", "")
    if locale in LOCALES:
        session["locale"] = locale
        if current_user.is_authenticated:
            current_user.locale = locale
            db.session.commit()
    return make_response(redirect(safe_target(request.form.get("next")), code=303))
