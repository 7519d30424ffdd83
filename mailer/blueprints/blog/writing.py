"""Write, change and delete posts. Pictures are decoded between two transactions: it takes seconds, and no lock may
be held for so long."""

from typing import TypeVar

from flask import Response, flash
from flask_babel import gettext as _
from flask_login import current_user, login_required
from werkzeug.datastructures import FileStorage

from mailer.blueprints.blog.forms import MOST_KEPT, MOST_RETURNED, PostForm, ReasonForm
from mailer.blueprints.blog.room import blog, config, reader
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models import Post
from mailer.rules.errors import Invalid
from mailer.services import photos, post_content, post_writing, posts
from mailer.services.inline_photos import InlinePhotos
from mailer.services.photos import Album
from mailer.services.post_writing import PostFacts
from mailer.web.acting import audit
from mailer.web.forms import render_form
from mailer.web.gone import or_as_new
from mailer.web.targets import see_other
from mailer.web.uploads import generous

_Asking = TypeVar("_Asking", bound=ReasonForm)
_with_photo = generous("photo", file_bytes=photos.MOST_BYTES, text_bytes=MOST_RETURNED)


@blog.route("/blog/create", methods=["GET", "POST"])
@login_required
@_with_photo
def create() -> Response:
    """Write a post."""
    form = _form(None)
    with photos.opened(config().media_dir) as album:
        facts = _facts(form, album, None)
        if facts is not None:
            post = post_writing.create(db.session(), current_user.id, facts, now=utcnow())
            _write_down("post.create", post, form)
            db.session.commit()
            album.keep()
            flash(_saved(post), "success")
            return see_other("blog.view", slug=post.slug)
    return render_form("blog/form.html", form, post=None)


def _as_new() -> Response:
    form = _form(None)
    form.validate()
    form.form_errors = [_("There is no such post any more. What you wrote is still here, as a new post.")]
    return render_form("blog/form.html", form, post=None)


@blog.route("/blog/<slug>/edit", methods=["GET", "POST"])
@login_required
@_with_photo
@or_as_new(_as_new)
def edit(slug: str) -> Response:
    """Change a post; its address stays. Whoever saw an older one is told before the newer is overwritten."""
    post = posts.get_writable(db.session(), slug, reader())
    form, seen = _form(post), post.updated_at
    with photos.opened(config().media_dir) as album:
        facts = _facts(form, album, post)
        if facts is not None:
            post = posts.get_writable(db.session(), slug, reader())
            is_newest = form.seen.data == seen.isoformat()
            if is_newest and post_writing.update(db.session(), post, facts, album, seen=seen, now=utcnow()):
                _write_down("post.update", post, form)
                saved = _saved(post)  # after the commit it may be deleted already
                db.session.commit()
                album.keep()
                flash(saved, "success")
                return see_other("blog.view", slug=slug)
            form = _form_again(slug)
    return render_form("blog/form.html", form, post=posts.get_writable(db.session(), slug, reader()))


@blog.route("/blog/<slug>/delete", methods=["GET", "POST"])
@login_required
def delete(slug: str) -> Response:
    """Ask once more, then delete the post with its pictures."""
    post = posts.get_writable(db.session(), slug, reader())
    form = _about(post, ReasonForm())
    if form.validate_on_submit():
        with photos.opened(config().media_dir) as album:
            _write_down("post.delete", post, form)
            post_writing.delete(db.session(), post, album)
            db.session.commit()
            album.keep()
        flash(_("The post has been deleted."), "success")
        return see_other("blog.mine")
    return render_form("blog/delete.html", form, post=post)


def _about(post: Post | None, form: _Asking) -> _Asking:
    """The form without its question for a reason, unless the post is somebody else's."""
    if post is None or post.author_id == current_user.id:
        del form.reason
    return form


def _form(post: Post | None) -> PostForm:
    form = _about(post, PostForm(obj=post, seen=post.updated_at.isoformat() if post else ""))
    if not post_writing.may_publish(reader(), everyone=config().site.everyone_may_publish, post=post):
        del form.is_published
    if post is None or not post.photo:
        del form.drop_photo
    if post is None:
        del form.seen
    return form


def _form_again(slug: str) -> PostForm:
    """What was typed, in a form made from the post as it is now: to save it again is to overwrite that knowingly."""
    db.session.rollback()
    post = posts.get_writable(db.session(), slug, reader())
    form = _form(post)
    if "is_published" in form:
        form.is_published.data = post.is_published
    sentence = _(
        "The post was changed meanwhile. What you wrote is still here, and whether it is published is shown as it "
        "is now: save again to replace that change."
    )
    form.ask_again(post.updated_at.isoformat(), sentence)
    return form


def _facts(form: PostForm, album: Album, post: Post | None) -> PostFacts | None:
    """What was posted, its pictures in the album; None when there is nothing, or when the form says what is wrong."""
    own = post_writing.photo_names(db.session(), post) if post else set()
    cover = post.photo if post else ""
    db.session.rollback()
    if not form.validate_on_submit():
        return None
    content = _content(form, album, own)
    photo = _cover(form, album, cover)
    if content is None or photo is None:
        return None
    return PostFacts(
        title=form.title.data,
        content=content,
        photo=photo,
        photo_alt=form.photo_alt.data or "",
        is_published="is_published" in form and form.is_published.data,
    )


def _content(form: PostForm, album: Album, own: set[str]) -> str | None:
    if not post_content.is_cleanable(form.content.data):
        form.blame(Invalid("content", "too_long"))
        return None
    pictures = InlinePhotos(album, own)
    content = post_content.clean(form.content.data, pictures)
    trouble = pictures.trouble
    if len(content) > MOST_KEPT:
        trouble = Invalid("content", "too_long")
    elif trouble is None and not post_content.text_of(content) and "<img" not in content:
        trouble = Invalid("content", "empty")
    if trouble is not None:
        form.blame(trouble)
    return content if trouble is None else None


def _cover(form: PostForm, album: Album, present: str) -> str | None:
    """The cover's name after this change, or nothing; None when the file cannot be used."""
    upload = form.photo.data
    if not isinstance(upload, FileStorage) or not upload.filename:
        return "" if "drop_photo" in form and form.drop_photo.data else present
    try:
        return album.add(photos.develop(upload.stream))
    except Invalid as trouble:  # what a file is shows only when it is looked at
        form.blame(trouble)
        return None


def _write_down(verb: str, post: Post, form: ReasonForm) -> None:
    reason = form.reason.data or "" if "reason" in form else ""
    facts = {"object_kind": "post", "object_id": post.id, "user_id": post.author_id}
    audit(verb, detail=post.title, reason=reason, **facts)


def _saved(post: Post) -> str:
    if post.is_published:
        return _("The post is published.")
    return _("The draft has been saved. Only you and the blog's moderators see it.")
