"""Alembic's environment: runs the migrations on the connection, and in the transaction, that the store hands over."""

from alembic import context

from catedra.store.tables import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
