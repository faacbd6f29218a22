"""Who calls: users, keys, roles, sessions and contractors in place of tokens."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007F"
down_revision = "0007E"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one revision forward."""
    op.create_table(
        "api_key",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("scopes", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_key")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_key_hash")),
    )
    op.create_index(op.f("ix_api_key_name"), "api_key", ["name"], unique=False)
    op.create_table(
        "known_address",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_known_address")),
    )
    op.create_table(
        "local_user",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column(
            "password_set_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "login ~ '^[a-z0-9][a-z0-9._@-]{0,63}$'", name=op.f("ck_local_user_login")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_local_user")),
        sa.UniqueConstraint("login", name=op.f("uq_local_user_login")),
    )
    op.create_table(
        "sign_in_guess",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "last_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.Column(
            "wait_until",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_guess")),
    )
    op.create_table(
        "session",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("held", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.Column("idle", sa.Interval(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(user_id IS NULL) = (held IS NOT NULL)", name=op.f("ck_session_roles")),
        sa.ForeignKeyConstraint(["user_id"], ["local_user.id"], name=op.f("fk_session_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
        sa.UniqueConstraint("hash", name=op.f("uq_session_hash")),
    )
    op.create_index(op.f("ix_session_name"), "session", ["name"], unique=False)
    op.create_index(op.f("ix_session_subject"), "session", ["subject"], unique=False)
    op.create_index("ix_session_user_id", "session", ["user_id"], unique=False)
    op.create_table(
        "contractor",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("name", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "ref ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'", name=op.f("ck_contractor_ref")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_contractor_department_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contractor")),
        sa.UniqueConstraint("department_id", "id", name=op.f("uq_contractor_department_id_id")),
        sa.UniqueConstraint("department_id", "ref", name=op.f("uq_contractor_department_id_ref")),
    )
    op.create_table(
        "role_assignment",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("key_id", sa.Integer(), nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("contractor_id", sa.Integer(), nullable=True),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.CheckConstraint(
            "(role = 'contractor') = (contractor_id IS NOT NULL)",
            name=op.f("ck_role_assignment_contractor"),
        ),
        sa.CheckConstraint(
            "department_id IS NULL OR role NOT IN ('platform', 'steering')",
            name=op.f("ck_role_assignment_everywhere"),
        ),
        sa.CheckConstraint(
            "role IN ('dispatcher', 'manager', 'administrator', 'engineer', 'contractor', "
            "'auditor', 'platform', 'steering')",
            name=op.f("ck_role_assignment_role"),
        ),
        sa.CheckConstraint("NOT isempty(during)", name=op.f("ck_role_assignment_during")),
        sa.CheckConstraint(
            "contractor_id IS NULL OR department_id IS NOT NULL",
            name=op.f("ck_role_assignment_contracted_by"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(user_id, key_id) = 1", name=op.f("ck_role_assignment_holder")
        ),
        sa.ForeignKeyConstraint(
            ["department_id", "contractor_id"],
            ["contractor.department_id", "contractor.id"],
            name=op.f("fk_role_assignment_department_id_contractor_id"),
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_role_assignment_department_id")
        ),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name=op.f("fk_role_assignment_key_id")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["local_user.id"], name=op.f("fk_role_assignment_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_assignment")),
    )
    op.create_index("ix_role_assignment_key_id", "role_assignment", ["key_id"], unique=False)
    op.create_index("ix_role_assignment_user_id", "role_assignment", ["user_id"], unique=False)
    _move_tokens()
    op.drop_table("api_token")
    for function in ("caller_of(bytea)", "demo_sign_in(bytea, text, text)", "end_session(bytea)"):
        op.execute("DROP FUNCTION IF EXISTS " + function)
    op.add_column("vehicle", sa.Column("contractor_id", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_vehicle_contractor_id"), "vehicle", ["contractor_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_vehicle_department_id_contractor_id"),
        "vehicle",
        "contractor",
        ["department_id", "contractor_id"],
        ["department_id", "id"],
    )


def _move_tokens() -> None:
    """A token that was given is a key from now on, and sees what it saw: as department
    administrator, the platform office's in every department. The demonstration's sessions end."""
    op.execute(
        "INSERT INTO api_key (hash, name, label, created_at, expires_at, revoked_at) "
        "SELECT hash, substr(prefix, 4), label, created_at, expires_at, revoked_at FROM api_token "
        "WHERE label <> 'demo sign-in'"
    )
    op.execute(
        "INSERT INTO role_assignment (key_id, role, department_id, during) "
        "SELECT k.id, r.role, r.department_id, tstzrange(t.created_at, NULL) "
        "FROM api_token AS t JOIN api_key AS k ON k.hash = t.hash CROSS JOIN LATERAL ("
        "SELECT 'administrator' AS role, unnest(t.department_ids) AS department_id "
        "WHERE NOT t.platform "
        "UNION ALL SELECT unnest(ARRAY['platform', 'administrator']), NULL WHERE t.platform) AS r"
    )
