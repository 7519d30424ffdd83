"""A world with everything that a page can show: the demo's two months, and what the matrix of rights has."""

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.clock import utcnow
from mailer.dispatch import summaries
from mailer.inbox.box import open_box
from mailer.models import Client, HeldReason, Mailing, Post, Run, Suppression, User
from mailer.rules.access import Role
from mailer.services import photos, post_content
from mailer.services.demo import cast, planting
from mailer.services.demo.people import Scene, known
from tests.auth import matrix
from tests.auth.matrix import World
from tests.inbox.letters import letter
from tests.support.world import make_mailing, make_run, make_user

# what other programs put into the clipboard, and what people type as source
PASTED = (
    "<li>One</li><li>Two</li><ul><p>Three</p><ul><li>Four</li></ul></ul><u><p>Under</p><h2>A line</h2></u>"
    "<figure><img src=x><figcaption>A picture</figcaption></figure><p><a href=javascript:x>no</a> <a>link</a> "
    "<a href=www.example.org>a link</a> <a href=tel:+7>call</a></p><b><i></i></b>"
)


def furnish(app: Flask, session: Session, *, locale: str = "en") -> World:
    """Plant the demo and build the matrix's world beside it; the owner is the demo's."""
    config = app.config["MAILER"]
    with photos.opened(config.media_dir) as album:
        planting.plant(session, album, Scene("Europe/Moscow", locale, "!", utcnow()))
        session.commit()
        album.keep()
    summaries.keep(session, now=utcnow(), commit=session.commit)  # as the first minutes would
    with open_box(config.var_dir) as box:
        letter_id = box.keep("news@example.org", ["anna@example.org"], letter(html="<p>Hi</p>"), now=utcnow())
    beside = matrix.build(session)
    owner = session.scalars(select(User).where(User.email_key == known(cast.OWNER.email).key)).one()
    staff = session.scalars(select(User).where(User.email_key == known(cast.STAFF[-1].email).key)).one()
    values = {**beside.values, **_own(session, owner), **_for_staff(session, beside), "letter_id": letter_id}
    values |= {"admin_staff.take user_id": staff.id, "admin_staff.take role": Role.BLOG_MODERATOR.value}
    newcomer = make_user(session)
    session.commit()
    return World({"visitor": None, "newcomer": newcomer, "owner": owner, "admin": beside.people["admin"]}, values)


def _own(session: Session, owner: User) -> dict[str, int]:
    """Things of the demo's owner: a mailing that still sends, and a run that has every outcome."""
    post = session.scalars(select(Post).where(Post.slug == "news")).one()
    post.author_id, post.content = owner.id, post_content.clean(PASTED, lambda _source: None)
    mailing = session.scalars(select(Mailing).where(Mailing.owner_id == owner.id, Mailing.next_run_at.is_not(None)))
    living = mailing.first()
    assert living
    runs = select(Run).where(Run.owner_id == owner.id).order_by(Run.unanswered.desc(), Run.refused.desc())
    run = session.scalars(runs).first()
    assert run
    return {
        "post": post.id,
        "client_id": session.scalars(select(Client.id).where(Client.owner_id == owner.id)).first() or 0,
        "suppression_id": session.scalars(select(Suppression.id).where(Suppression.owner_id == owner.id)).first() or 0,
        "mailing_id": living.id,
        "message_id": living.message_id,
        "run_id": run.id,
        "reports.mailing mailing_id": run.mailing_id,
    }


def _for_staff(session: Session, beside: World) -> dict[str, int]:
    """A run that the brake holds, for the moderators to judge."""
    stranger = beside.people["stranger"]
    assert stranger
    held = make_run(session, make_mailing(session, stranger), held_reason=HeldReason.BRAKE, held_at=utcnow())
    return {"admin_mailings.release run_id": held.id, "held_mailing": held.mailing_id, "judged": stranger.id}
