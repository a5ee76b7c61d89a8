"""Alembic's entry: runs every step on the connection, and in the transaction, that `hub.storage.migrate` opened."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes.get("metadata"),
    transactional_ddl=True,
    compare_type=True,
    compare_server_default=True,
)
context.run_migrations()
