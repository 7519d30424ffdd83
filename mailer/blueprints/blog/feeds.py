"""For programs: the Atom feed (RFC 4287), the site map, and what robots are asked not to fetch."""

import re

from flask import Response, make_response, render_template, request
from flask_babel import force_locale

from mailer.blueprints.blog import shelf
from mailer.blueprints.blog.room import blog, card, config
from mailer.clock import utcnow
from mailer.dispatch.notes import public_link
from mailer.extensions import db
from mailer.services import posts
from mailer.services.post_content import UNWRITABLE
from mailer.tokens import atom_id

IN_FEED = 20
IN_MAP = 50_000  # sitemaps.org: no more in one file, our own two pages among them

# in a tag, as cleaned HTML writes it; the words of a text may look the same
OWN_ADDRESS = re.compile(r'(<(?:a|img)(?:\s+[\w-]+="[^"]*")*?\s+(?:src|href)=")/(?!/)')


@blog.get("/blog/feed.xml")
def feed() -> Response:
    """The newest posts with their texts, in the site's own language."""
    return _xml(shelf.page("feed", _feed), "application/atom+xml")


def _feed() -> str:
    shown = db.session.scalars(posts.latest(IN_FEED)).all()
    key = posts.naming_key(db.session())
    entries = [(post, atom_id(key, f"post {post.id}"), card(post), _absolute(post.content)) for post in shown]
    changed_at = max((post.updated_at for post in shown), default=utcnow())
    with force_locale(config().default_locale):
        made = render_template(
            "blog/feed.xml",
            feed_id=atom_id(key, "blog"),
            entries=entries,
            changed_at=changed_at,
            home=public_link("blog.index"),
            me=public_link("blog.feed"),
        )
    return UNWRITABLE.sub("", made)  # one such sign in a title or a name would break the feed for everybody


def _absolute(html: str) -> str:
    """A feed's reader knows no base address."""
    return OWN_ADDRESS.sub(rf"\1{config().public_url}/", html)


@blog.get("/sitemap.xml")
def sitemap() -> Response:
    """Every page that is for everybody."""
    return _xml(shelf.page("map", _map), "application/xml")


def _map() -> str:
    own = [public_link("blog.front"), public_link("blog.index")]
    shown = db.session.execute(posts.addresses(IN_MAP - len(own)))
    folder = public_link("blog.index")  # building each address by itself takes most of a second more
    pages = [(folder + slug, changed_at) for slug, changed_at in shown]
    return render_template("blog/sitemap.xml", own=own, pages=pages)


def _xml(text: str, mimetype: str) -> Response:
    response = make_response(text)
    response.mimetype = mimetype
    response.add_etag()
    response.make_conditional(request)
    return response


@blog.get("/robots.txt")
def robots() -> Response:
    """Robots are for the public pages."""
    response = make_response(render_template("blog/robots.txt", sitemap=public_link("blog.sitemap")))
    response.mimetype = "text/plain"
    return response
