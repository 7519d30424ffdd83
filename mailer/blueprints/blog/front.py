"""The first page: for a visitor what the service does, for an owner their own overview."""

from time import perf_counter

from flask import current_app, render_template
from flask_login import current_user

from mailer.blueprints.blog import shelf
from mailer.blueprints.blog.room import blog, config
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.services import front as numbers
from mailer.services import posts
from mailer.services.front import Totals
from mailer.web.locales import zone

POSTS_SHOWN = 3
TOTALS = "front:totals"
# quick to count, they are counted each time and never wrong; else counting may take a hundredth of the time at most
QUICK_S = 0.05
PATIENCE = 100
KEPT_S = 24 * 3600
COUNTING_S = 60


@blog.get("/")
def front() -> str:
    """The public page, or, signed in, the overview."""
    if current_user.is_authenticated:
        return render_template("blog/overview.html", own=numbers.overview(db.session(), current_user.id, now=utcnow()))
    picked = db.session.scalars(posts.at_random(POSTS_SHOWN)).all()
    return render_template("blog/front.html", totals=_totals(), posts=picked, site_name=config().site.name)


def _totals() -> Totals:
    """As fresh as their counting is quick; where it is slow, one visitor at a time pays for it."""
    kept, now = shelf.fetch(TOTALS) or current_app.extensions.get(TOTALS), utcnow()
    if kept and (kept[1] > now.timestamp() or not shelf.is_first(f"{TOTALS}:counting", COUNTING_S)):
        totals: Totals = kept[0]
        return totals
    began = perf_counter()
    counted = numbers.totals(db.session(), today=now.astimezone(zone()).date(), now=now)
    took_s = perf_counter() - began
    if took_s > QUICK_S:
        kept = counted, now.timestamp() + PATIENCE * took_s
        current_app.extensions[TOTALS] = kept  # without a cache each process remembers its own
        shelf.keep(TOTALS, kept, KEPT_S)
    return counted
