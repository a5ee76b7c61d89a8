"""An edition of the catalogue may say again what an earlier one said."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_constraint(op.f("uq_catalogue_edition_digest"), "catalogue_edition", type_="unique")


def downgrade() -> None:
    op.create_unique_constraint(op.f("uq_catalogue_edition_digest"), "catalogue_edition", ["digest"])
