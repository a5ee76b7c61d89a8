"""Releases that proved wrong, and whether their consumers know."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "recall",
        sa.Column("notice_id", sa.String(), nullable=False),
        sa.Column("consumer", sa.String(), nullable=False),
        sa.Column("exchange_id", sa.String(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("matter", sa.String(), nullable=False),
        sa.Column("case_ref", sa.String(), nullable=False),
        sa.Column("pairwise", sa.String(), nullable=True),
        sa.Column("meant_subject", sa.String(), nullable=False),
        sa.Column("owner_subject", sa.String(), nullable=False),
        sa.Column("items", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("entry_id", sa.String(), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("notice_id", name=op.f("pk_recall")),
        sa.UniqueConstraint("exchange_id", "owner_subject", name=op.f("uq_recall_exchange_id_owner_subject")),
    )
    op.create_index(op.f("ix_recall_consumer_recall_found_at"), "recall", ["consumer", "found_at"], unique=False)
    op.create_index(op.f("ix_recall_found_at"), "recall", ["found_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_recall_found_at"), table_name="recall")
    op.drop_index(op.f("ix_recall_consumer_recall_found_at"), table_name="recall")
    op.drop_table("recall")
