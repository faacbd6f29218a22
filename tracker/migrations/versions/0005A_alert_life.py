"""The life of alerts, and who is told: changes, cool-down, subscriptions, deliveries."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005A"
down_revision = "0004K"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one revision forward."""
    op.create_table(
        "subscription",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("types", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("severities", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("rules", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("vehicles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("secret", sa.Text(), nullable=True),
        sa.Column("old_secret", sa.Text(), nullable=True),
        sa.Column("old_secret_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('webhook', 'cap', 'mqtt', 'email')", name=op.f("ck_subscription_kind")
        ),
        sa.CheckConstraint(
            "kind NOT IN ('webhook', 'cap') OR secret IS NOT NULL",
            name=op.f("ck_subscription_signed"),
        ),
        sa.CheckConstraint(
            "ref ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'", name=op.f("ck_subscription_ref")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_subscription_department_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
        sa.UniqueConstraint("department_id", "ref", name=op.f("uq_subscription_department_id_ref")),
    )
    op.create_table(
        "delivery",
        sa.Column("subscription_id", sa.Integer(), nullable=False),
        sa.Column("outbox_id", sa.BigInteger(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("vehicle_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "next_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column(
            "waits_since",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'sent', 'dead')", name=op.f("ck_delivery_state")),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_delivery_outbox_id")),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscription.id"], name=op.f("fk_delivery_subscription_id")
        ),
        sa.PrimaryKeyConstraint("subscription_id", "outbox_id", name=op.f("pk_delivery")),
    )
    op.create_index(
        "ix_delivery_dead",
        "delivery",
        ["subscription_id", "outbox_id"],
        unique=False,
        postgresql_where=sa.text("state = 'dead'"),
    )
    op.create_index("ix_delivery_outbox_id", "delivery", ["outbox_id"], unique=False)
    op.create_index(
        "ix_delivery_waiting",
        "delivery",
        ["subscription_id", "vehicle_id", "outbox_id"],
        unique=False,
        postgresql_where=sa.text("state = 'waiting'"),
    )
    op.create_table(
        "alert_change",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("detail", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "what IN ('acknowledged', 'assigned', 'noted', 'snoozed', "
            "'closed', 'reopened', 'escalated', 'joined', 'moved', 'withdrawn')",
            name=op.f("ck_alert_change_what"),
        ),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_alert_change_alert_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_change")),
        sa.UniqueConstraint("alert_id", "key", name=op.f("uq_alert_change_alert_id_key")),
    )
    op.create_table(
        "alert_event",
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alert.id"], name=op.f("fk_alert_event_alert_id")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_alert_event_event_id")),
        sa.PrimaryKeyConstraint("alert_id", "event_id", name=op.f("pk_alert_event")),
    )
    op.create_index("ix_alert_event_event_id", "alert_event", ["event_id"], unique=False)
    op.add_column(
        "alert",
        sa.Column(
            "waits_since",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
    )
    op.add_column("alert", sa.Column("assigned_to", sa.Text(), nullable=True))
    op.add_column("alert", sa.Column("snoozed_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("alert", sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "alert", sa.Column("suppressed", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.add_column("alert", sa.Column("last_event_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "alert", sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )
    op.create_index(
        "ix_alert_standing",
        "alert",
        ["vehicle_id", "fence_id"],
        unique=False,
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.add_column("outbox", sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_outbox_event_id", "outbox", ["event_id"], unique=False)
    op.create_index(
        "ix_outbox_unplanned",
        "outbox",
        ["id"],
        unique=False,
        postgresql_where=sa.text("planned_at IS NULL"),
    )
    op.drop_column("outbox", "sent_at")
    op.add_column("rule", sa.Column("cooldown_s", sa.Integer(), nullable=True))
    op.add_column("rule", sa.Column("escalate_after_s", sa.Integer(), nullable=True))
    op.create_check_constraint(op.f("ck_rule_cooldown_s"), "rule", "cooldown_s > 0")
    op.create_check_constraint(op.f("ck_rule_escalate_after_s"), "rule", "escalate_after_s > 0")
    op.execute("UPDATE alert SET waits_since = opened_at")
