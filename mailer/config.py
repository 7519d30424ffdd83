"""Every setting, read once from the environment by one class that refuses to start half-set.

The truth about names and defaults is the `SETTINGS` of this file; `.env.example` repeats it for people,
and a test holds the two together.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from itertools import pairwise
from pathlib import Path
from zoneinfo import available_timezones

from mailer import environment as env

ROOT = Path(__file__).resolve().parent.parent
MINUTES_PER_DAY = 24 * 60
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
# a host, perhaps a port and a path; nothing that would tear a link in a letter
SITE_ADDRESS = re.compile(r"https?://([\w-]+(\.[\w-]+)*|\[[\da-f:.]+\])(:\d{1,5})?(/[^\s?#]*)?", re.IGNORECASE)
# a window is twice as many recipients, 500 at most: further connections would stand idle
MOST_CONNECTIONS = 250
PLACEHOLDER = re.compile("change|secret|example", re.IGNORECASE)


class ConfigError(Exception):
    """A setting that cannot be used; the message is one line for the person at the terminal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where letters go: the same server for mailings and for the service's own letters.

    `look_ahead`: the next letter's envelope may travel behind a body, where the server offers PIPELINING.
    """

    host: str = ""
    port: int = 25
    username: str = ""
    password: str = ""
    use_tls: bool = False
    use_ssl: bool = False
    sender: str = "mailer@localhost"
    look_ahead: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """How fast the engine may go. `rate_per_minute` 0 means no limit; `refused_brake_percent` 0 means off."""

    connections: int = 50
    window: int = 500
    rate_per_minute: int = 0
    new_user_daily_limit: int = 500
    refused_brake_percent: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What the public pages and the letters say about who runs this service."""

    name: str = "Mailer"
    terms_url: str = ""
    abuse_contact: str = ""
    postal_address: str = ""
    everyone_may_publish: bool = False

    @property
    def own_words(self) -> tuple[str, ...]:
        """What would be guessed first here, so nobody's password may be it."""
        return self.name, "mailer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings of one process. Immutable; tests build it by hand, processes through `from_env`."""

    development: bool = False
    testing: bool = False
    secret_key: str
    database_url: str
    redis_url: str = ""
    cache_enabled: bool = True
    public_url: str = "http://127.0.0.1:5000"
    trusted_proxies: int = 0
    mail: MailServer = MailServer()
    sending: Sending = Sending()
    site: Site = Site()
    time_zone: str = "Europe/Moscow"
    default_locale: str = "ru"
    log_level: str = "INFO"
    session_idle_minutes: int = 14 * MINUTES_PER_DAY
    session_max_minutes: int = 30 * MINUTES_PER_DAY
    instance_dir: Path = ROOT / "instance"
    media_dir: Path = ROOT / "var" / "media"
    var_dir: Path = ROOT / "var"
    # Werkzeug's name of the hash and its cost; tests take a cheap one, nobody else should
    password_method: str = "scrypt:131072:8:1"  # noqa: S105 - a method, no password

    def __post_init__(self) -> None:
        check(self)

    @property
    def is_sqlite(self) -> bool:
        """True when the whole service lives in one file: then exactly one process sends."""
        return self.database_url.startswith("sqlite")

    @property
    def is_https(self) -> bool:
        """True when people reach the site over TLS: cookies are then Secure and HSTS is sent."""
        return self.public_url.startswith("https://")

    @property
    def mail_domain(self) -> str:
        """The right-hand side of Message-IDs: the domain letters are sent from."""
        return self.mail.sender.rpartition("@")[2].rstrip("> ")

    @property
    def contact(self) -> str:
        """Whom an owner may ask about a moderator's act: the abuse contact, else the address letters come from."""
        return self.site.abuse_contact or parseaddr(self.mail.sender)[1]

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Config":
        """Read every setting from `environ`; raise ConfigError with one line when it cannot be used."""
        try:
            return _read(cls, environ)
        except ValueError as error:
            raise ConfigError(str(error)) from None


def _read(cls: type[Config], environ: Mapping[str, str]) -> Config:
    word, number, flag = env.reader(environ)
    app_env = word("APP_ENV", "production")
    if app_env not in {"production", "development"}:
        raise ValueError(f"APP_ENV is “{app_env}”; it must be production or development.")
    instance = Path(word("INSTANCE_DIR", str(ROOT / "instance")))
    var = Path(word("VAR_DIR", str(ROOT / "var")))
    return cls(
        development=app_env == "development",
        secret_key=word("SECRET_KEY", ""),
        database_url=env.database_url(word("DATABASE_URL", ""), instance),
        redis_url=word("REDIS_URL", ""),
        cache_enabled=flag("CACHE_ENABLED", default=True),
        public_url=word("PUBLIC_URL", "http://127.0.0.1:5000").rstrip("/"),
        trusted_proxies=number("TRUSTED_PROXIES", 0, 0, 10),
        mail=_mail(environ),
        sending=_sending(environ),
        site=_site(environ),
        time_zone=word("TIME_ZONE", "Europe/Moscow"),
        default_locale=word("DEFAULT_LOCALE", "ru"),
        log_level=word("LOG_LEVEL", "INFO").upper(),
        session_idle_minutes=number("SESSION_IDLE_DAYS", 14, 1, 365) * MINUTES_PER_DAY,
        session_max_minutes=number("SESSION_MAX_DAYS", 30, 1, 365) * MINUTES_PER_DAY,
        instance_dir=instance,
        media_dir=Path(word("MEDIA_DIR", str(var / "media"))),
        var_dir=var,
    )


def _mail(environ: Mapping[str, str]) -> MailServer:
    word, number, flag = env.reader(environ)
    return MailServer(
        host=word("MAIL_SERVER", ""),
        port=number("MAIL_PORT", 25, 1, 65535),
        username=word("MAIL_USERNAME", ""),
        password=word("MAIL_PASSWORD", ""),
        use_tls=flag("MAIL_USE_TLS", default=False),
        use_ssl=flag("MAIL_USE_SSL", default=False),
        sender=word("MAIL_DEFAULT_SENDER", "mailer@localhost"),
        look_ahead=flag("MAIL_LOOK_AHEAD", default=True),
    )


def _sending(environ: Mapping[str, str]) -> Sending:
    _word, number, _flag = env.reader(environ)
    return Sending(
        connections=number("SEND_CONNECTIONS", 50, 1, MOST_CONNECTIONS),
        window=number("SEND_WINDOW", 500, 100, 500),
        rate_per_minute=number("SEND_RATE_PER_MINUTE", 0, 0, 10_000_000),
        new_user_daily_limit=number("NEW_USER_DAILY_LIMIT", 500, 0, 10_000_000),
        refused_brake_percent=number("REFUSED_SHARE_BRAKE", 20, 0, 100),
    )


def _site(environ: Mapping[str, str]) -> Site:
    word, _number, flag = env.reader(environ)
    return Site(
        name=word("SITE_NAME", "Mailer"),
        terms_url=word("TERMS_URL", ""),
        abuse_contact=word("ABUSE_CONTACT", ""),
        postal_address=word("POSTAL_ADDRESS", ""),
        everyone_may_publish=flag("EVERYONE_MAY_PUBLISH", default=False),
    )


def check(config: Config) -> None:
    """Raise ConfigError for settings that contradict one another or are unsafe in production."""
    for is_wrong, sentence in (*_contradictions(config), *_dangers(config)):
        if is_wrong:
            raise ConfigError(sentence)


def _contradictions(config: Config) -> tuple[tuple[bool, str], ...]:
    mail = config.mail
    return (
        (not config.secret_key, "SECRET_KEY is missing. Put 32 or more random characters into .env."),
        (bool(mail.username) != bool(mail.password), "MAIL_USERNAME and MAIL_PASSWORD go together; one is missing."),
        (
            bool(mail.username) and not (mail.use_tls or mail.use_ssl),
            "MAIL_USERNAME needs MAIL_USE_TLS or MAIL_USE_SSL: the password is never sent in the clear.",
        ),
        (mail.use_tls and mail.use_ssl, "MAIL_USE_TLS and MAIL_USE_SSL exclude each other; choose one."),
        ("@" not in mail.sender, f"MAIL_DEFAULT_SENDER is “{mail.sender}”; it must be an e-mail address."),
        (config.time_zone not in available_timezones(), f"TIME_ZONE “{config.time_zone}” is not known."),
        (config.default_locale not in {"ru", "en"}, "DEFAULT_LOCALE must be ru or en."),
        (config.log_level not in LOG_LEVELS, f"LOG_LEVEL must be one of {', '.join(LOG_LEVELS)}."),
        (not config.public_url.startswith(("http://", "https://")), "PUBLIC_URL must begin with http:// or https://."),
        (
            not SITE_ADDRESS.fullmatch(config.public_url),
            f"PUBLIC_URL is “{config.public_url}”; it must name a host, as in https://mailer.example.org.",
        ),
    )


def _dangers(config: Config) -> tuple[tuple[bool, str], ...]:
    if config.development or config.testing:
        return ()
    return (
        (
            _is_weak(config.secret_key),
            "SECRET_KEY is too short or too simple for production. Use 32 or more random characters.",
        ),
        (not config.is_https, "PUBLIC_URL must begin with https:// in production: sign-in cookies need TLS."),
        (not config.mail.host, "MAIL_SERVER is missing: without it no letter can leave."),
    )


def _is_weak(key: str) -> bool:
    steps = {ord(after) - ord(before) for before, after in pairwise(key)}  # few in 1234567890… and abcdef…
    return len(key) < 32 or len(set(key)) < 10 or len(steps) < 8 or bool(PLACEHOLDER.search(key))
