"""The list, a post, and the desk of those who write."""

from flask import render_template, request
from flask_babel import get_locale
from flask_login import login_required

from mailer.blueprints.blog import shelf
from mailer.blueprints.blog.counting import count_reader
from mailer.blueprints.blog.room import blog, card, reader
from mailer.extensions import db
from mailer.services import posts
from mailer.web.locales import chosen_zone
from mailer.web.paging import page_of

PER_PAGE = 12
# pages beyond are made anew: a visitor must not be able to fill the cache
MOST_KEPT_PAGES = 200


@blog.get("/blog/")
def index() -> str:
    """Published posts, newest first; with `?q=` those that hold these words."""
    q = request.args.get("q", "").strip()[:200].replace("\x00", "")
    listing = _found(q) if q else _newest()
    return render_template("blog/index.html", listing=listing, q=q)


def _newest() -> str:
    n = request.args.get("page", "1")
    is_short = n.isascii() and n.isdigit() and len(n) <= len(str(MOST_KEPT_PAGES))
    if set(request.args) - {"page"} or not is_short or not 0 < int(n) <= MOST_KEPT_PAGES:
        return _found("")  # the pager repeats other arguments: such a page is this visitor's own
    return shelf.page(f"list:{get_locale()}:{chosen_zone()}:{int(n)}", lambda: _found(""))


def _found(q: str) -> str:
    page = page_of(posts.search(q) if q else posts.published(), per_page=PER_PAGE)
    return render_template("blog/list.html", page=page, q=q)


@blog.get("/blog/mine")
@login_required
def mine() -> str:
    """One's own posts, drafts too; with `?others=1` a moderator sees the drafts of others."""
    writer, of_others = reader(), request.args.get("others") == "1"
    page = page_of(posts.on_desk(writer, of_others=of_others))
    return render_template("blog/mine.html", page=page, writer=writer, of_others=of_others and writer.is_moderator)


@blog.get("/blog/<slug>")
def view(slug: str) -> str:
    """One post; a reader is counted."""
    writer = reader()
    post = posts.get(db.session(), slug, writer)
    views = post.views + count_reader(post)
    return render_template("blog/post.html", post=post, views=views, may_write=writer.may_write(post), **card(post))
