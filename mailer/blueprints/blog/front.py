"""The first page: for a visitor what the service does, for an owner their own overview."""

from datetime import datetime
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
# a figure of a small table is counted each time and never wrong; else counting may take a hundredth of the time,
# and what is shown is never older than a minute
QUICK_S = 0.005
PATIENCE = 100
OLDEST_S = 60
KEPT_S = 600
COUNTING_S = 60  # so long others wait for whoever counts anew, and see the old figure

Kept = dict[str, tuple[int, float]]  # a figure, and the moment (seconds of the epoch) until which it is shown


@blog.get("/")
def front() -> str:
    """The public page, or, signed in, the overview."""
    if current_user.is_authenticated:
        return render_template("blog/overview.html", own=numbers.overview(db.session(), current_user.id, now=utcnow()))
    picked = db.session.scalars(posts.at_random(POSTS_SHOWN)).all()
    return render_template("blog/front.html", totals=_totals(), posts=picked, site_name=config().site.name)


def _totals() -> Totals:
    """Each figure as fresh as its counting is quick; where it is slow, one visitor at a time pays for it."""
    kept: Kept = shelf.fetch(TOTALS) or current_app.extensions.get(TOTALS) or {}
    now, counted = utcnow(), dict(kept)
    shown = {figure: _figure(figure, counted, now) for figure in numbers.FIGURES}
    if counted != kept:
        current_app.extensions[TOTALS] = counted  # without a cache each process remembers its own
        shelf.keep(TOTALS, counted, KEPT_S)
    return Totals(**shown)


def _figure(figure: str, kept: Kept, now: datetime) -> int:
    if figure in kept:
        n, until = kept[figure]
        if until > now.timestamp() or not shelf.is_first(f"{TOTALS}:{figure}:{until}", COUNTING_S):
            return n
    began = perf_counter()
    n = numbers.count(db.session(), figure, today=now.astimezone(zone()).date(), now=now)
    took_s = perf_counter() - began
    if took_s > QUICK_S:
        kept[figure] = n, now.timestamp() + min(PATIENCE * took_s, OLDEST_S)
    else:
        kept.pop(figure, None)
    return n
