"""Auditors' search, the subject's view with its own lines, deferrals, and portals as a kind of party."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

OLD_KINDS = "kind IN ('department', 'consumer', 'authority', 'auditor', 'witness', 'hub')"
NEW_KINDS = "kind IN ('department', 'consumer', 'authority', 'auditor', 'witness', 'portal', 'hub')"


def upgrade() -> None:
    op.create_table(
        "deferral",
        sa.Column("deferral_id", sa.String(), nullable=False),
        sa.Column("consumer", sa.String(), nullable=False),
        sa.Column("case_ref", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ordered_by", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entry_id", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("deferral_id", name=op.f("pk_deferral")),
    )
    op.create_index(op.f("ix_deferral_consumer_deferral_case_ref"), "deferral", ["consumer", "case_ref"], unique=False)
    op.add_column("exchange", sa.Column("erased_by", sa.String(), nullable=True))
    op.create_index(op.f("ix_exchange_consumer_exchange_at"), "exchange", ["consumer", "at"], unique=False)
    op.create_index(op.f("ix_exchange_matter_exchange_at"), "exchange", ["matter", "at"], unique=False)
    op.create_index(
        op.f("ix_exchange_pairwise"),
        "exchange",
        ["pairwise"],
        unique=False,
        postgresql_where=sa.text("pairwise IS NOT NULL"),
    )
    op.create_index(op.f("ix_exchange_providers"), "exchange", ["providers"], unique=False, postgresql_using="gin")
    op.add_column("subject_access", sa.Column("sealed", sa.LargeBinary(), nullable=True))
    op.alter_column("subject_access", "exchange_id", existing_type=sa.String(), nullable=True)
    op.drop_column("subject_access", "deferred_until")
    op.create_check_constraint(
        op.f("ck_subject_access_one_line"), "subject_access", "(exchange_id IS NULL) <> (sealed IS NULL)"
    )
    op.create_index(op.f("ix_subject_access_at"), "subject_access", ["at"], unique=False)
    op.drop_constraint(op.f("ck_party_kind"), "party", type_="check")
    op.create_check_constraint(op.f("ck_party_kind"), "party", NEW_KINDS)


def downgrade() -> None:
    op.drop_constraint(op.f("ck_party_kind"), "party", type_="check")
    op.create_check_constraint(op.f("ck_party_kind"), "party", OLD_KINDS)
    op.drop_index(op.f("ix_subject_access_at"), table_name="subject_access")
    op.drop_constraint(op.f("ck_subject_access_one_line"), "subject_access", type_="check")
    op.add_column("subject_access", sa.Column("deferred_until", sa.DateTime(timezone=True), nullable=True))
    op.execute("DELETE FROM subject_access WHERE exchange_id IS NULL")
    op.alter_column("subject_access", "exchange_id", existing_type=sa.String(), nullable=False)
    op.drop_column("subject_access", "sealed")
    op.drop_index(op.f("ix_exchange_providers"), table_name="exchange", postgresql_using="gin")
    op.drop_index(op.f("ix_exchange_pairwise"), table_name="exchange", postgresql_where=sa.text("pairwise IS NOT NULL"))
    op.drop_index(op.f("ix_exchange_matter_exchange_at"), table_name="exchange")
    op.drop_index(op.f("ix_exchange_consumer_exchange_at"), table_name="exchange")
    op.drop_column("exchange", "erased_by")
    op.drop_index(op.f("ix_deferral_consumer_deferral_case_ref"), table_name="deferral")
    op.drop_table("deferral")
