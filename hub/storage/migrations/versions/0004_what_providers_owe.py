"""What providers owe an answer to: applications, objections, supplies."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sharing_owed",
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("owed_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("evidence_type", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("asked", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("raised_on", sa.Date(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("extended_on", sa.Date(), nullable=True),
        sa.Column("answered_on", sa.Date(), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN (\x27application\x27, \x27objection\x27, \x27supply\x27)", name=op.f("ck_sharing_owed_kind")
        ),
        sa.PrimaryKeyConstraint("subject_id", "owed_id", name=op.f("pk_sharing_owed")),
        sa.UniqueConstraint("owed_id", name=op.f("uq_sharing_owed_owed_id")),
    )
    op.create_index(
        op.f("ix_sharing_owed_consumer_sharing_owed_raised_on"), "sharing_owed", ["consumer", "raised_on"], unique=False
    )
    op.create_index(
        op.f("ix_sharing_owed_provider_sharing_owed_answered_on"),
        "sharing_owed",
        ["provider", "answered_on"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_sharing_owed_provider_sharing_owed_answered_on"), table_name="sharing_owed")
    op.drop_index(op.f("ix_sharing_owed_consumer_sharing_owed_raised_on"), table_name="sharing_owed")
    op.drop_table("sharing_owed")
