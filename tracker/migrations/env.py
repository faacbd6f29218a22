"""Alembic's entry: runs on the connection that `tracker.migrate` hands over."""

from alembic import context

from tracker.models import Base
from tracker.schema import is_ours

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    include_name=is_ours,
    compare_type=True,
    compare_server_default=True,
)

with context.begin_transaction():
    context.run_migrations()
