"""A proposed edition of the catalogue is declined or withdrawn, and tells why."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

CHECKS = {
    "closed_whole": "num_nulls(closed_as, closed_at, closed_by, reason) IN (0, 4)",
    "closed_or_published": "closed_at IS NULL OR published_at IS NULL",
}


def upgrade() -> None:
    op.add_column("catalogue_edition", sa.Column("closed_as", sa.Text(), nullable=True))
    op.add_column("catalogue_edition", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("catalogue_edition", sa.Column("closed_by", sa.Text(), nullable=True))
    op.add_column("catalogue_edition", sa.Column("reason", sa.Text(), nullable=True))
    for name, rule in CHECKS.items():
        op.create_check_constraint(op.f(f"ck_catalogue_edition_{name}"), "catalogue_edition", rule)


def downgrade() -> None:
    for name in CHECKS:
        op.drop_constraint(op.f(f"ck_catalogue_edition_{name}"), "catalogue_edition", type_="check")
    for name in ("reason", "closed_by", "closed_at", "closed_as"):
        op.drop_column("catalogue_edition", name)
