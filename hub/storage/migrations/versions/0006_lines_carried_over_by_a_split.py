"""Lines of a subject's view that a split carries over, and those that are somebody else's since."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("subject_access", sa.Column("parted_to", sa.String(), nullable=True))
    op.drop_constraint(op.f("ck_subject_access_one_line"), "subject_access")
    op.create_check_constraint(
        op.f("ck_subject_access_some_line"), "subject_access", "exchange_id IS NOT NULL OR sealed IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("DELETE FROM subject_access WHERE exchange_id IS NOT NULL AND sealed IS NOT NULL")
    op.drop_constraint(op.f("ck_subject_access_some_line"), "subject_access")
    op.create_check_constraint(
        op.f("ck_subject_access_one_line"), "subject_access", "(exchange_id IS NULL) <> (sealed IS NULL)"
    )
    op.drop_column("subject_access", "parted_to")
