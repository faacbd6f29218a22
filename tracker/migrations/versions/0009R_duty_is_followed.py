"""Duty is followed by live viewers, subscriptions are edited, the chain's verdict is kept."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009R"
down_revision = "0008P"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one revision forward."""
    op.create_table(
        "audit_verdict",
        sa.Column("one", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "checked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("n", sa.BigInteger(), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("faults", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.CheckConstraint("one", name=op.f("ck_audit_verdict_one")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_audit_verdict")),
    )
    for name, kind in (("feed", sa.Integer()), ("n", sa.BigInteger())):
        column = sa.Column(name, kind, server_default=sa.text("0"), nullable=False)
        op.add_column("duty_status", column)
    op.create_index("ix_duty_status_feed_n", "duty_status", ["feed", "n"], unique=False)
    op.add_column(
        "subscription",
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
    )
