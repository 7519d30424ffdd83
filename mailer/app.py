"""The factory: settings in, a whole app out. Nothing here knows what a page or a mailing is."""

import logging
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dotenv import load_dotenv
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from mailer import admin, blueprints, cli, inbox, logs, orm, web
from mailer.config import ROOT, Config, ConfigError
from mailer.dispatch import account_mail, tasks
from mailer.extensions import build_huey, cache, csrf, db, migrate
from mailer.flask_settings import WITHOUT_CACHE, flask_settings
from mailer.web import uploads

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)


def create_app(config: Config | None = None) -> Flask:
    """Build the app from `config`, or from the environment and .env; raise ConfigError when it cannot start."""
    if config is None:
        load_dotenv(ROOT / ".env")
        config = Config.from_env(os.environ)
    logs.install(config.log_level)
    app = Flask(
        "mailer",
        root_path=str(ROOT / "mailer"),
        instance_path=str(config.instance_dir.absolute()),
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
    )
    if app.debug and not (config.development or config.testing):
        raise ConfigError("FLASK_DEBUG is on: in production its error pages would show the code. Switch it off.")
    app.config.from_mapping(flask_settings(config))
    if config.trusted_proxies:
        hops = config.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    app.wsgi_app = _at_home(app.wsgi_app, urlsplit(config.public_url).netloc)  # type: ignore[method-assign, assignment]
    _bind(app, config)
    return app


def _at_home(wsgi_app: "WSGIApplication", host: str) -> "WSGIApplication":
    """The Host header is never trusted: the app sees `host`. From a broken one no page can be made."""

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ["HTTP_HOST"] = host
        return wsgi_app(environ, start_response)

    return answer


def _bind(app: Flask, config: Config) -> None:
    config.instance_dir.mkdir(parents=True, exist_ok=True)
    db.init_app(app)
    with app.app_context():
        orm.prepare(db.engine)
    migrate.init_app(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    uploads.install(app)
    csrf.init_app(app)
    _bind_cache(app)
    app.extensions["huey"] = tasks.register(app, build_huey(config))
    account_mail.register(app)
    web.install(app)
    blueprints.install(app)
    admin.install(app)
    if config.development:
        inbox.install(app)
    cli.install(app)


def _bind_cache(app: Flask) -> None:
    try:
        cache.init_app(app)
    except OSError as error:  # the folder cannot be made; every page can be made without it
        log.warning("nothing is cached: %s", error)
        cache.init_app(app, WITHOUT_CACHE)
