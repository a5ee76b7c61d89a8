"""Licences of cases are found by their identifier."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_case_file_licence_id",
        "case_file",
        ["licence_id"],
        unique=False,
        postgresql_where=sa.text("licence_id <> ''"),
    )


def downgrade() -> None:
    op.drop_index("ix_case_file_licence_id", table_name="case_file", postgresql_where=sa.text("licence_id <> ''"))
