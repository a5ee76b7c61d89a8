"""Who issued a paper that somebody brought stands in its sealed evidence alone."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("brought_material", "issuer")


def downgrade() -> None:
    op.add_column("brought_material", sa.Column("issuer", sa.Text(), server_default="", nullable=False))
