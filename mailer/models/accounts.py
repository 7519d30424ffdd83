"""Users, their roles, their sign-ins, the one-use links of letters, and the counters that slow guessing down."""


from flask_login import UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailer.extensions import Model
from mailer.orm import BigId, Id, Moment, stored_by_value
from mailer.rules.access import Role


class User(UserMixin, Model):
    """Who signs in: the owner of clients, messages and mailings; perhaps a moderator."""

    __tablename__ = "user"
    __table_args__ = (
        UniqueConstraint("email_key"),
        UniqueConstraint("username_key"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254))
    username: Mapped[str | None] = mapped_column(String(40))
    username_key: Mapped[str | None] = mapped_column(String(40))
    first_name: Mapped[str] = mapped_column(String(100), default="")
    last_name: Mapped[str] = mapped_column(String(100), default="")
    password_hash: Mapped[str] = mapped_column(String(255))
    time_zone: Mapped[str] = mapped_column(String(64))
    locale: Mapped[str] = mapped_column(String(8))
    wants_notices: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[Moment]
    confirmed_at: Mapped[Moment | None]
    last_sign_in_at: Mapped[Moment | None]
    blocked_at: Mapped[Moment | None]
    blocked_reason: Mapped[str] = mapped_column(String(500), default="")
    trusted_at: Mapped[Moment | None]
    # a user who left is a tombstone: nothing of theirs remains but totals, once `erased_at` is set
    deleted_at: Mapped[Moment | None]
    erased_at: Mapped[Moment | None]

    roles: Mapped[list["UserRole"]] = relationship(
        back_populates="user", cascade="all, delete-orphan", passive_deletes=True, lazy="selectin"
    )

    @property
    def is_active(self) -> bool:
        """Flask-Login's word for: may hold a session. A blocked or deleted user may not."""
        return self.blocked_at is None and self.deleted_at is None

    @property
    def display_name(self) -> str:
        """First and last name, else the user name, else the part of the address before the @."""
        full = f"{self.first_name} {self.last_name}".strip()
        return full or self.username or self.email.partition("@")[0]

    @property
    def role_set(self) -> frozenset[Role]:
        """The user's roles as rules/access.py wants them."""
        return frozenset(grant.role for grant in self.roles)


# who left and is not yet erased: asked for each minute, nearly always nobody
Index(
    "ix_user_leaving",
    User.id,
    sqlite_where=User.deleted_at.is_not(None) & User.erased_at.is_(None),
    postgresql_where=User.deleted_at.is_not(None) & User.erased_at.is_(None),
)


class UserRole(Model):
    """One role given to one user."""

    __tablename__ = "user_role"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[Role] = mapped_column(stored_by_value(Role, name="role"), primary_key=True)
    granted_at: Mapped[Moment]

    user: Mapped[User] = relationship(back_populates="roles")


class SignIn(Model):
    """A session: the hash of the random id in one browser's cookie. The row gone, the cookie is worthless."""

    __tablename__ = "session"

    id_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[Moment]
    last_seen_at: Mapped[Moment]
    address: Mapped[str] = mapped_column(String(45), default="")
    browser: Mapped[str] = mapped_column(String(200), default="")

    user: Mapped[User] = relationship()


class AccountToken(Model):
    """A one-use link in a letter, hashed at rest, bound to its purpose and to the address it was sent to."""

    __tablename__ = "account_token"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        CheckConstraint("purpose IN ('confirm', 'reset', 'change_email')", name="purpose"),
        Index("ix_account_token_user_id_purpose", "user_id", "purpose"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"))
    purpose: Mapped[str] = mapped_column(String(20))
    token_hash: Mapped[str] = mapped_column(String(64))
    email: Mapped[str] = mapped_column(String(254))
    created_at: Mapped[Moment]
    expires_at: Mapped[Moment]
    used_at: Mapped[Moment | None]

    user: Mapped[User] = relationship()


class AccountLetter(Model):
    """A letter of the service itself that waits to be sent. Holds no secret: links are made when it is sent."""

    __tablename__ = "account_letter"
    __table_args__ = {"sqlite_autoincrement": True}

    id: Mapped[Id]
    kind: Mapped[str] = mapped_column(String(20))
    # a letter that anybody may ask for names an address; whether anybody has it is found out when it is sent
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), index=True)
    email: Mapped[str] = mapped_column(String(254), default="")
    # what the letter speaks of, where it speaks of one thing: a post, a run
    about_id: Mapped[int | None] = mapped_column(BigId)
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Moment]
    due_at: Mapped[Moment] = mapped_column(index=True)


class Throttle(Model):
    """How often something was tried in the current window; kept here so that a restart forgives nothing."""

    __tablename__ = "throttle"

    key: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    hits: Mapped[int] = mapped_column(default=0)
    resets_at: Mapped[Moment] = mapped_column(index=True)
