"""Who may ask: local users, keys, the roles of both, sessions, and guessing at sign-in."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from tracker.models.base import Base, During, IntKey, JsonList, Moment, Now
from tracker.models.registry import one_of
from tracker.permissions import ROLES

#: How a person types their name at sign-in.
LOGIN_PATTERN = "^[a-z0-9][a-z0-9._@-]{0,63}$"


class LocalUser(Base):
    """A person whom this installation itself knows, by a password."""

    __tablename__ = "local_user"
    __table_args__ = (CheckConstraint(f"login ~ '{LOGIN_PATTERN}'", name="login"),)

    id: Mapped[IntKey]
    #: What they type; never used twice.
    login: Mapped[str] = mapped_column(unique=True)
    #: What others read.
    name: Mapped[str]
    #: Argon2id, as its own text form.
    password_hash: Mapped[str]
    password_set_at: Mapped[Now]
    created_at: Mapped[Now]
    disabled_at: Mapped[Moment | None]
    #: Grows with each edit.
    revision: Mapped[int] = mapped_column(server_default=text("1"))


class ApiKey(Base):
    """A program's key, of which only the hash is kept."""

    __tablename__ = "api_key"

    id: Mapped[IntKey]
    #: SHA-256 of the whole key.
    hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    #: Its eight characters, to find it and to tell keys apart.
    name: Mapped[str] = mapped_column(index=True)
    label: Mapped[str]
    #: The only permissions that it has of those of its roles; None: all of them.
    scopes: Mapped[list[str] | None]
    created_at: Mapped[Now]
    expires_at: Mapped[Moment]
    revoked_at: Mapped[Moment | None]
    #: To the minute.
    last_used_at: Mapped[Moment | None]


class RoleAssignment(Base):
    """What a user or a key may do where, and when."""

    __tablename__ = "role_assignment"
    __table_args__ = (
        one_of("role", ROLES),
        CheckConstraint("num_nonnulls(user_id, key_id) = 1", name="holder"),
        CheckConstraint("(role = 'contractor') = (contractor_id IS NOT NULL)", name="contractor"),
        CheckConstraint("contractor_id IS NULL OR department_id IS NOT NULL", name="contracted_by"),
        CheckConstraint(
            "department_id IS NULL OR role NOT IN ('platform', 'steering')", name="everywhere"
        ),
        CheckConstraint("NOT isempty(during)", name="during"),
        ForeignKeyConstraint(
            ["department_id", "contractor_id"], ["contractor.department_id", "contractor.id"]
        ),
        Index("ix_role_assignment_user_id", "user_id"),
        Index("ix_role_assignment_key_id", "key_id"),
    )

    id: Mapped[IntKey]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("local_user.id"))
    key_id: Mapped[int | None] = mapped_column(ForeignKey("api_key.id"))
    role: Mapped[str]
    #: None: every department, also those that come later.
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"))
    contractor_id: Mapped[int | None]
    during: Mapped[During]


class Session(Base):
    """A browser that somebody signed in with; of its secret only the hash is kept."""

    __tablename__ = "session"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) = (held IS NOT NULL)", name="roles"),
        Index("ix_session_user_id", "user_id"),
    )

    id: Mapped[IntKey]
    hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    name: Mapped[str] = mapped_column(index=True)
    #: Of a local user; their roles are looked up each time.
    user_id: Mapped[int | None] = mapped_column(ForeignKey("local_user.id"))
    #: Of somebody whom this installation does not keep: who, and the roles they came with.
    subject: Mapped[str | None] = mapped_column(index=True)
    label: Mapped[str]
    held: Mapped[JsonList | None]
    created_at: Mapped[Now]
    #: To the minute.
    seen_at: Mapped[Now]
    #: So long it may be without a request.
    idle: Mapped[timedelta]
    #: And never goes on after this.
    expires_at: Mapped[Moment]
    ended_at: Mapped[Moment | None]


class SignInGuess(Base):
    """How often somebody was wrong at sign-in of late: by account and place, and by address."""

    __tablename__ = "sign_in_guess"

    #: SHA-256 of what is counted: no name that somebody typed is kept.
    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    last_at: Mapped[Now]
    #: Until then nothing more is tried.
    wait_until: Mapped[Now]


class KnownAddress(Base):
    """An address from which an account signed in before: strangers' guesses do not make it wait."""

    __tablename__ = "known_address"

    #: SHA-256 of account and address.
    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    at: Mapped[Now]
