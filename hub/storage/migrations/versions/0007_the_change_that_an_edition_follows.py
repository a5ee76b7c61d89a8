"""The day of the change that an edition of the catalogue follows, and consent to more time for it (article 17)."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("catalogue_edition", sa.Column("changed_on", sa.Date(), nullable=True))
    op.add_column(
        "catalogue_edition", sa.Column("extended", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("catalogue_edition", "extended")
    op.drop_column("catalogue_edition", "changed_on")
