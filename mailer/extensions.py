"""The libraries' objects, made once and bound to an app by the factory. Nothing of ours is decided here."""

from typing import TYPE_CHECKING

from flask_babel import Babel
from flask_caching import Cache
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from huey import Huey, PriorityRedisHuey, SqliteHuey

from mailer.config import Config
from mailer.orm import Base

db = SQLAlchemy(model_class=Base)
migrate = Migrate()
login_manager = LoginManager()
csrf = CSRFProtect()
babel = Babel()
cache = Cache()

if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


def build_huey(config: Config) -> Huey:
    """The queue of this process: Redis when set, else a SQLite file of its own, apart from the app's data."""
    if config.redis_url:
        return PriorityRedisHuey("mailer", url=config.redis_url, results=False)
    config.instance_dir.mkdir(parents=True, exist_ok=True)
    return SqliteHuey("mailer", filename=str(config.instance_dir / "queue.db"), results=False, fsync=False)
