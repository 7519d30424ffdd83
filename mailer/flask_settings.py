"""Our settings as the names that Flask and its extensions want."""

from datetime import timedelta
from typing import Any

from mailer.config import Config
from mailer.orm import connect_args

MEGABYTE = 1024 * 1024
WITHOUT_CACHE = {"CACHE_TYPE": "NullCache", "CACHE_NO_NULL_WARNING": True}
CACHE_PATIENCE_S = 0.5  # a Redis that is silent must not hold a page; without it the page is made anew


def flask_settings(config: Config) -> dict[str, Any]:
    """`app.config` of an app that runs with `config`; `app.config["MAILER"]` is `config` itself."""
    return {
        "MAILER": config,
        "TESTING": config.testing,
        "SECRET_KEY": config.secret_key,
        "SQLALCHEMY_DATABASE_URI": config.database_url,
        # an error's words end in the log: what people typed, and hashes of passwords, are not among them
        "SQLALCHEMY_ENGINE_OPTIONS": {
            "hide_parameters": True,
            "pool_pre_ping": not config.is_sqlite,
            "pool_use_lifo": True,  # the connection used last knows most: pages of a file, statements of a server
            "connect_args": connect_args(config.database_url),
        },
        "MAX_CONTENT_LENGTH": 32 * MEGABYTE,
        "MAX_FORM_MEMORY_SIZE": 16 * MEGABYTE,
        **_cookies(config),
        **_cache(config),
        "WTF_CSRF_TIME_LIMIT": None,  # the token lives as long as the session: a letter typed for an hour is kept
        "WTF_CSRF_SSL_STRICT": False,  # SameSite cookies and the token protect; strict referrers break proxies
        "BABEL_DEFAULT_LOCALE": config.default_locale,
        "BABEL_DEFAULT_TIMEZONE": config.time_zone,
    }


def _cookies(config: Config) -> dict[str, Any]:
    return {
        # __Host- binds the cookie to this host and to TLS (RFC 6265bis)
        "SESSION_COOKIE_NAME": "__Host-session" if config.is_https else "mailer_session",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": config.is_https,
        "SESSION_COOKIE_PATH": "/",
        "PERMANENT_SESSION_LIFETIME": timedelta(minutes=config.session_max_minutes),
    }


def _cache(config: Config) -> dict[str, Any]:
    if not config.cache_enabled:
        return WITHOUT_CACHE
    if config.redis_url:
        return {
            "CACHE_TYPE": "RedisCache",
            "CACHE_REDIS_URL": config.redis_url,
            "CACHE_KEY_PREFIX": "mailer:",
            "CACHE_OPTIONS": {"socket_timeout": CACHE_PATIENCE_S, "socket_connect_timeout": CACHE_PATIENCE_S},
        }
    return {"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": str(config.var_dir / "cache")}
