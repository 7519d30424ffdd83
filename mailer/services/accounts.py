"""Accounts: sign-up, confirmation, profile, change of password and address. Whether an address is known
is never told to the one who asks, only to the mailbox behind it."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, lazyload

from mailer.models import User
from mailer.rules.errors import Conflict, TokenExpired
from mailer.services import account_letters, account_links, addresses, sign_ins
from mailer.services.account_letters import Kind
from mailer.services.account_links import Purpose
from mailer.services.addresses import Address
from mailer.services.passwords import NO_PASSWORD


def find(session: Session, login: str) -> User | None:
    """The person who signs in as `login`: an e-mail address or a user name."""
    if "@" in login:
        address = addresses.read(login)
        return by_address(session, address) if address else None
    return _one(session, User.username_key == username_key(login))


def login_key(login: str) -> str:
    """What tries to sign in as `login` are counted under: all spellings that `find` takes for one are one."""
    address = addresses.read(login) if "@" in login else None
    return address.key if address else username_key(login)


def by_address(session: Session, address: Address) -> User | None:
    """The account with this address, confirmed or not."""
    return _one(session, User.email_key == address.key)


def _one(session: Session, condition: ColumnElement[bool]) -> User | None:
    # roles are asked for when they are wanted: one statement for somebody as for nobody
    return session.scalar(select(User).where(condition).options(lazyload(User.roles)))


def username_key(username: str) -> str:
    """What decides whether two user names are the same."""
    return unicodedata.normalize("NFKC", username.strip()).casefold()


def is_username_free(session: Session, username: str, *, person: User) -> bool:
    """Whether `person` may take this user name."""
    other = select(User.id).where(User.username_key == username_key(username), User.id != person.id)
    return session.scalar(other) is None


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What an account begins with; `twin` is the hash of a waiting account that the same password opens."""

    address: Address
    password_hash: str
    time_zone: str
    locale: str
    twin: str = ""


def create(session: Session, new: NewAccount, *, now: datetime) -> User:
    """A new, unconfirmed account; raises Conflict when the address is taken."""
    user = User(
        email=new.address.email,
        email_key=new.address.key,
        password_hash=new.password_hash,
        time_zone=new.time_zone,
        locale=new.locale,
        created_at=now,
    )
    _insert(session, user)
    return user


def waiting_hash(session: Session, address: Address) -> str:
    """The hash that an account not yet confirmed was signed up with; of no password when none waits."""
    known = by_address(session, address)
    return known.password_hash if known and known.confirmed_at is None else NO_PASSWORD


def sign_up(session: Session, new: NewAccount, *, now: datetime) -> None:
    """Make an account, or let a letter tell the owner of a known address that there is one already.

    Two passwords for one unconfirmed address: nobody knows whose is right, so neither stays, and the letter lets
    whoever reads the mailbox choose. A stranger's password is never confirmed in passing.
    """
    known = by_address(session, new.address) or _create_once(session, new, now)
    if known and known.confirmed_at is None and known.password_hash not in {new.twin, NO_PASSWORD}:
        known.password_hash = NO_PASSWORD
        account_links.kill(session, known, now=now)
    account_letters.ask(session, Kind.SIGN_UP, email=new.address.email, now=now)


def _create_once(session: Session, new: NewAccount, now: datetime) -> User | None:
    """None when it is made; the account of another request that was faster: this answer must not differ."""
    try:
        create(session, new, now=now)
    except Conflict:
        return by_address(session, new.address)
    return None


def confirm(session: Session, token: str, *, now: datetime) -> User:
    """The address is proven; raises TokenExpired."""
    user = account_links.use(session, token, Purpose.CONFIRM, now=now).user
    user.confirmed_at = user.confirmed_at or now
    account_links.kill(session, user, now=now)
    return user


def reset_password(session: Session, token: str, password_hash: str, *, now: datetime) -> User:
    """Choose a new password by a link; every session ends; raises TokenExpired."""
    user = account_links.use(session, token, Purpose.RESET, now=now).user
    user.confirmed_at = user.confirmed_at or now  # the link was in that mailbox
    set_password(session, user, password_hash, now=now)
    return user


def change_password(session: Session, user: User, password_hash: str, *, proven: str, now: datetime) -> None:
    """Choose a new password, having proven to know the one kept as `proven`; raises Conflict when that was changed."""
    if not sign_ins.is_still(session, user, proven):
        raise Conflict("changed")
    set_password(session, user, password_hash, now=now)


def set_password(session: Session, user: User, password_hash: str, *, now: datetime) -> None:
    """Keep a new password: links in letters die, all sessions end, the owner is told."""
    user.password_hash = password_hash
    account_links.kill(session, user, now=now)
    account_letters.forget_links(session, user)
    sign_ins.end_all(session, user.id)
    account_letters.ask(session, Kind.PASSWORD_CHANGED, email=user.email, user=user, now=now)


def ask_for_email(session: Session, user: User, address: Address, *, now: datetime) -> None:
    """Let a letter to the new address prove that it is theirs."""
    account_letters.ask(session, Kind.CHANGE_EMAIL, email=address.email, user=user, now=now)


def change_email(session: Session, token: str, *, now: datetime) -> User:
    """The new address is proven; the old one is told; raises TokenExpired, also when it was taken meanwhile."""
    link = account_links.use(session, token, Purpose.CHANGE_EMAIL, now=now)
    user, address = link.user, addresses.read(link.email)
    if address is None or by_address(session, address) not in {None, user}:
        raise TokenExpired
    account_letters.ask(session, Kind.EMAIL_CHANGED, email=user.email, user=user, now=now)
    user.email, user.email_key, user.confirmed_at = address.email, address.key, now
    account_links.kill(session, user, now=now)
    account_letters.forget_links(session, user)
    _insert(session, user)
    return user


def rename(session: Session, user: User, username: str | None) -> None:
    """Take or drop a user name; raises Conflict when somebody was faster."""
    user.username = username or None
    user.username_key = username_key(username) if username else None
    _insert(session, user)


def _insert(session: Session, user: User) -> None:
    """Write this person; a name or address taken in the same moment becomes a Conflict."""
    try:
        with session.begin_nested():
            session.add(user)
            session.flush()
    except IntegrityError:
        raise Conflict("taken") from None
