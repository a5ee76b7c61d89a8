"""A grant is suspended and resumed, and tells why."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sharing_grant", sa.Column("suspended_on", sa.Date(), nullable=True))
    op.add_column("sharing_grant", sa.Column("reason", sa.Text(), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("sharing_grant", "reason")
    op.drop_column("sharing_grant", "suspended_on")
