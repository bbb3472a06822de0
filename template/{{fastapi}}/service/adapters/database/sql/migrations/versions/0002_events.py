"""Events: outbox, inbox, dead letters, the activity log and leases."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("position", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        *event_columns(),
        sa.PrimaryKeyConstraint("position", name="pk_outbox"),
    )
    op.create_table(
        "inbox",
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("id", sa.String(1000), nullable=False),
        *event_columns(),
        sa.PrimaryKeyConstraint("key", name="pk_inbox"),
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_dead_letters"),
    )
    op.create_table(
        "activity",
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("id", sa.String(1000), nullable=False),
        sa.Column("type", sa.String(1000), nullable=False),
        sa.Column("user_id", sa.String(64), nullable=True),
        sa.Column("by", sa.String(64), nullable=True),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_activity"),
    )
    op.create_index("ix_activity_time_key", "activity", ["time", "key"])
    op.create_index("ix_activity_user_id_time_key", "activity", ["user_id", "time", "key"])
    op.create_table(
        "leases",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )


def downgrade() -> None:
    for table in ("leases", "activity", "dead_letters", "inbox", "outbox"):
        op.drop_table(table)


def event_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("source", sa.String(1000), nullable=False),
        sa.Column("type", sa.String(1000), nullable=False),
        sa.Column("subject", sa.String(1000), nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("trace", sa.String(64), nullable=True),
    ]
