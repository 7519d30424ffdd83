"""Writing, changing and deleting posts. Each verb moves the blog's revision in its own transaction, so that no
process shows a kept page that is older. Files of pictures are the album's; callers commit, then keep the album."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete as delete_from
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mailer.models import Post, PostPhoto, Revision, User
from mailer.rules.errors import Conflict, NotFound
from mailer.services import photos, post_content, posts
from mailer.services.inline_photos import names_in
from mailer.services.photos import Album

# addresses of the blog that are no posts
RESERVED = frozenset({"create", "mine"})
MOST_SLUG_TRIES = 20
# a file this young may belong to a post that is being saved
UNSAVED_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class PostFacts:
    """What a form says; `content` is clean HTML, `photo` the name of the cover or nothing."""

    title: str
    content: str
    photo: str = ""
    photo_alt: str = ""
    is_published: bool = False


def may_publish(writer: posts.Writer, *, everyone: bool, post: Post | None = None) -> bool:
    """Whether this person decides what readers see; the author of a published post may always take it back."""
    return everyone or writer.is_moderator or (post is not None and post.is_published)


def create(session: Session, author_id: int, facts: PostFacts, *, now: datetime) -> Post:
    """Add a post under an address made from its title, which then stays."""
    post = Post(author_id=author_id, created_at=now)
    _write(post, facts, now)
    _insert(session, post)
    _remember_photos(session, post)
    touch(session)
    return post


def update(session: Session, post: Post, facts: PostFacts, album: Album, *, seen: datetime, now: datetime) -> bool:
    """Change a post whose last change is the one of `seen`; False, and nothing done, when there was another since:
    the cover, the pictures and the right to publish that `facts` were made from may be different now.

    Pictures that it no longer shows are dropped from the album. Raises NotFound when it is gone.
    """
    if _take(session, post) != seen:
        return False
    _write(post, facts, now)
    session.flush()
    album.drop(_remember_photos(session, post))
    touch(session)
    return True


def delete(session: Session, post: Post, album: Album) -> None:
    """Delete a post with its pictures. Raises NotFound when it is gone already."""
    _take(session, post)
    album.drop(photo_names(session, post))
    session.delete(post)
    session.flush()
    touch(session)


def photo_names(session: Session, post: Post) -> set[str]:
    """The pictures that belong to this post."""
    return set(session.scalars(select(PostPhoto.name).where(PostPhoto.post_id == post.id)))


def sweep_photos(session: Session, folder: Path, *, now: datetime) -> int:
    """Remove files older than an hour that no post shows; how many pictures."""
    old = photos.strays(folder, before=(now - UNSAVED_FOR).timestamp())
    strays = old - set(session.scalars(select(PostPhoto.name)))
    for name in strays:
        photos.remove(folder, name)
    return len(strays)


def touch(session: Session) -> None:
    """Say that readers see something else from this transaction on."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = dialect.insert(Revision).values(name=posts.REVISION, number=1)
    session.execute(
        statement.on_conflict_do_update(index_elements=[Revision.name], set_={"number": Revision.number + 1})
    )


def author_renamed(session: Session, author: User) -> None:
    """Readers see another name, if this person has written anything that they see."""
    if session.scalar(select(Post.id).where(Post.author_id == author.id, Post.is_published).limit(1)) is not None:
        touch(session)


def _take(session: Session, post: Post) -> datetime:
    """Keep others from the post until the end of the transaction; when it was changed last."""
    # PostgreSQL: else of a change and a deletion at once one meets no row, and the other overlooks a new picture
    changed_at = session.scalar(select(Post.updated_at).where(Post.id == post.id).with_for_update())
    if changed_at is None:
        raise NotFound
    return changed_at


def _write(post: Post, facts: PostFacts, now: datetime) -> None:
    text = post_content.text_of(facts.content)
    post.title, post.content = facts.title, facts.content
    post.excerpt, post.words = post_content.excerpt_of(text), post_content.word_count(text)
    post.search_key = post_content.search_key(f"{facts.title} {text}")
    post.photo, post.photo_alt = facts.photo, facts.photo_alt if facts.photo else ""
    post.is_published, post.updated_at = facts.is_published, now
    if facts.is_published and post.published_at is None:
        post.published_at = now


def _insert(session: Session, post: Post) -> None:
    """Under the first free address; another one's insert in the same moment makes us look again."""
    for _ in range(MOST_SLUG_TRIES):
        post.slug = _free_slug(session, post_content.slug_of(post.title))
        try:
            with session.begin_nested():
                session.add(post)
            return
        except IntegrityError:
            continue
    raise Conflict("slug")


def _free_slug(session: Session, wanted: str) -> str:
    taken = set(session.scalars(select(Post.slug).where(Post.slug.startswith(wanted, autoescape=True)))) | RESERVED
    numbered = (f"{wanted}-{n}" for n in range(2, len(taken) + 3))
    return wanted if wanted not in taken else next(slug for slug in numbered if slug not in taken)


def _remember_photos(session: Session, post: Post) -> set[str]:
    """Write down which pictures the post shows; the names of those it no longer does."""
    had = photo_names(session, post)
    has = names_in(post.content) | ({post.photo} if post.photo else set())
    session.add_all(PostPhoto(name=name, post_id=post.id) for name in has - had)
    session.execute(delete_from(PostPhoto).where(PostPhoto.name.in_(had - has)))
    session.flush()
    return had - has
