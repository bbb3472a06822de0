"""The tables. After a change: `make migration MESSAGE="what it does"`."""

from datetime import UTC, datetime
from typing import Any, ClassVar, override

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, ForeignKey, Index, MetaData, String, Text, Uuid
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time, always in UTC; some databases keep no time zone of their own."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    @override
    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or value.tzinfo is UTC:
            return value
        return value.replace(tzinfo=value.tzinfo or UTC).astimezone(UTC)


class Base(DeclarativeBase):
    # Names for what would else be named by each database in its own way, so that a migration can refer to them.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {datetime: UtcDateTime, dict[str, Any]: JSON}


class UserRow(Base):
    __tablename__ = "users"

    id: Mapped[str] = mapped_column(Uuid(as_uuid=False), primary_key=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(String(20))
    password_hash: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    version: Mapped[int]
    generation: Mapped[int]
    creation_key: Mapped[str | None] = mapped_column(String(64), unique=True)
    creation_fingerprint: Mapped[str | None] = mapped_column(String(64))

    __table_args__ = (Index(None, "created_at", "id"),)


class SessionRow(Base):
    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[str] = mapped_column(Uuid(as_uuid=False), ForeignKey("users.id", ondelete="CASCADE"), index=True)
    generation: Mapped[int]
    secret_hash: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime]


class OutboxRow(Base):
    __tablename__ = "outbox"

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    """Of two events of one subject, the later one has the higher position, since it waited for a lock on the record."""
    id: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(String(1000))
    type: Mapped[str] = mapped_column(String(1000))
    subject: Mapped[str] = mapped_column(String(1000))
    time: Mapped[datetime]
    data: Mapped[dict[str, Any]]
    trace: Mapped[str | None] = mapped_column(String(64))


class InboxRow(Base):
    __tablename__ = "inbox"

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(1000))
    source: Mapped[str] = mapped_column(String(1000))
    type: Mapped[str] = mapped_column(String(1000))
    subject: Mapped[str] = mapped_column(String(1000))
    time: Mapped[datetime]
    data: Mapped[dict[str, Any]]
    trace: Mapped[str | None] = mapped_column(String(64))


class DeadLetterRow(Base):
    __tablename__ = "dead_letters"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    body: Mapped[bytes]
    error: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int]
    parked_at: Mapped[datetime]


class ActivityRow(Base):
    __tablename__ = "activity"

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    id: Mapped[str] = mapped_column(String(1000))
    type: Mapped[str] = mapped_column(String(1000))
    user_id: Mapped[str | None] = mapped_column(String(64))
    by: Mapped[str | None] = mapped_column(String(64))
    time: Mapped[datetime]

    __table_args__ = (Index(None, "time", "key"), Index(None, "user_id", "time", "key"))


class LeaseRow(Base):
    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    until: Mapped[datetime]
