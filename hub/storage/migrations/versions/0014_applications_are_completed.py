"""An application is returned once for what it lacks, and completed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sharing_owed", sa.Column("lacking", postgresql.JSONB(), server_default="[]", nullable=False))
    op.add_column("sharing_owed", sa.Column("returned_on", sa.Date(), nullable=True))
    op.add_column("sharing_owed", sa.Column("completed_on", sa.Date(), nullable=True))


def downgrade() -> None:
    op.drop_column("sharing_owed", "completed_on")
    op.drop_column("sharing_owed", "returned_on")
    op.drop_column("sharing_owed", "lacking")
