"""What a bulk run would change in the identity index."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "identity_change_set",
        sa.Column("change_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("models", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("items", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("skipped", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("steward", sa.String(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'applied', 'discarded')", name=op.f("ck_identity_change_set_state")),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_identity_change_set")),
    )


def downgrade() -> None:
    op.drop_table("identity_change_set")
