"""The first shape of every table."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "batch",
        sa.Column("registry_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("export", sa.String(), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("entry_id", sa.String(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("registry_id", "sequence", name=op.f("pk_batch")),
    )
    op.create_table(
        "brought_chunk",
        sa.Column("file", sa.LargeBinary(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("file", "position", name=op.f("pk_brought_chunk")),
    )
    op.create_table(
        "brought_file",
        sa.Column("file", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("scanner", sa.Text(), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("file", name=op.f("pk_brought_file")),
    )
    op.create_table(
        "brought_material",
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("material_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("evidence_id", sa.Text(), nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("brought_on", sa.Date(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("subject_id", "material_id", name=op.f("pk_brought_material")),
    )
    op.create_index(op.f("ix_brought_material_file"), "brought_material", ["file"], unique=False)
    op.create_table(
        "case_file",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("matter", sa.Text(), nullable=False),
        sa.Column("edition_id", sa.Text(), nullable=False),
        sa.Column("sub_item", sa.Text(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("suspensions", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("event_number", sa.Text(), nullable=False),
        sa.Column("mandate_id", sa.Text(), nullable=False),
        sa.Column("query_code", sa.LargeBinary(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("filing_due_on", sa.Date(), nullable=True),
        sa.Column("filed_on", sa.Date(), nullable=True),
        sa.Column("licence_id", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'suspended', 'approved', 'rejected', 'withdrawn')",
            name=op.f("ck_case_file_state"),
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_case_file")),
        sa.UniqueConstraint("consumer", "number", name=op.f("uq_case_file_consumer_number")),
        sa.UniqueConstraint("query_code", name=op.f("uq_case_file_query_code")),
    )
    op.create_index(op.f("ix_case_file_event_number"), "case_file", ["event_number"], unique=False)
    op.create_index(op.f("ix_case_file_matter_case_file_opened_on"), "case_file", ["matter", "opened_on"], unique=False)
    op.create_table(
        "case_material",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("material", sa.Text(), nullable=False),
        sa.Column("opening_state", sa.Text(), nullable=False),
        sa.Column("opening_reason", sa.Text(), nullable=False),
        sa.Column("could_have", sa.Boolean(), nullable=False),
        sa.Column("delivered_on", sa.Date(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("in_vain", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("case_id", "material", name=op.f("pk_case_material")),
    )
    op.create_table(
        "case_participant",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=True),
        sa.Column("asked", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('found', 'unknown', 'several', 'under_review')", name=op.f("ck_case_participant_outcome")
        ),
        sa.PrimaryKeyConstraint("case_id", "role", "position", name=op.f("pk_case_participant")),
    )
    op.create_index(op.f("ix_case_participant_subject_id"), "case_participant", ["subject_id"], unique=False)
    op.create_table(
        "case_step",
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("codes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "position", name=op.f("pk_case_step")),
    )
    op.create_table(
        "catalogue_edition",
        sa.Column("edition_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("content", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(published_at IS NULL) = (published_by IS NULL)", name=op.f("ck_catalogue_edition_published_whole")
        ),
        sa.PrimaryKeyConstraint("edition_id", name=op.f("pk_catalogue_edition")),
        sa.UniqueConstraint("digest", name=op.f("uq_catalogue_edition_digest")),
    )
    op.create_index(
        op.f("ix_catalogue_edition_effective_on_catalogue_edition_published_at"),
        "catalogue_edition",
        ["effective_on", "published_at"],
        unique=False,
    )
    op.create_table(
        "commitment",
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("material", sa.Text(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        sa.Column("found_false_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("subject_id", "case_id", "material", name=op.f("pk_commitment")),
    )
    op.create_table(
        "evidence",
        sa.Column("evidence_id", sa.String(), nullable=False),
        sa.Column("registry_id", sa.String(), nullable=False),
        sa.Column("export", sa.String(), nullable=False),
        sa.Column("record", sa.String(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("kid", sa.String(), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("list_uri", sa.String(), nullable=True),
        sa.Column("list_index", sa.Integer(), nullable=True),
        sa.Column("tells_reversal", sa.Boolean(), nullable=False),
        sa.Column("household", sa.LargeBinary(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "status IN ('valid', 'withdrawn', 'superseded', 'reversed')", name=op.f("ck_evidence_status")
        ),
        sa.PrimaryKeyConstraint("evidence_id", name=op.f("pk_evidence")),
    )
    op.create_index("ix_evidence_changed", "evidence", ["registry_id", "changed_at", "list_uri"], unique=False)
    op.create_index(
        "ix_evidence_ended", "evidence", ["list_uri"], unique=False, postgresql_where=sa.text("status <> 'valid'")
    )
    op.create_index(
        "ix_evidence_household",
        "evidence",
        ["household"],
        unique=False,
        postgresql_where=sa.text("household IS NOT NULL"),
    )
    op.create_index(
        "uq_evidence_standing",
        "evidence",
        ["registry_id", "record"],
        unique=True,
        postgresql_where=sa.text("status IN ('valid', 'reversed')"),
    )
    op.create_table(
        "evidence_link",
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("evidence_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "evidence_id", "role", name=op.f("pk_evidence_link")),
    )
    op.create_index(op.f("ix_evidence_link_evidence_id"), "evidence_link", ["evidence_id"], unique=False)
    op.create_table(
        "exchange",
        sa.Column("exchange_id", sa.String(), nullable=False),
        sa.Column("consumer", sa.String(), nullable=False),
        sa.Column("jti", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("matter", sa.String(), nullable=False),
        sa.Column("case_ref", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("types", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("providers", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("pairwise", sa.String(), nullable=True),
        sa.Column("officer", sa.LargeBinary(), nullable=False),
        sa.Column("entry_id", sa.String(), nullable=False),
        sa.Column("request_digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("outcome IN ('released', 'partial', 'refused')", name=op.f("ck_exchange_outcome")),
        sa.PrimaryKeyConstraint("exchange_id", name=op.f("pk_exchange")),
        sa.UniqueConstraint("consumer", "jti", name=op.f("uq_exchange_consumer_jti")),
    )
    op.create_index(op.f("ix_exchange_at"), "exchange", ["at"], unique=False)
    op.create_index(op.f("ix_exchange_case_ref"), "exchange", ["case_ref"], unique=False)
    op.create_table(
        "identity_key",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("mention_id", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", "mention_id", name=op.f("pk_identity_key")),
    )
    op.create_table(
        "identity_link",
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("mention_id", sa.LargeBinary(), nullable=False),
        sa.Column("other_id", sa.LargeBinary(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("from_subject", sa.String(), nullable=True),
        sa.Column("undoes", sa.BigInteger(), nullable=True),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("weight", sa.Float(), nullable=True),
        sa.Column("weights", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "seq", name=op.f("pk_identity_link")),
    )
    op.create_index(
        op.f("ix_identity_link_mention_id_identity_link_seq"), "identity_link", ["mention_id", "seq"], unique=False
    )
    op.create_table(
        "identity_mention",
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("mention_id", sa.LargeBinary(), nullable=False),
        sa.Column("registry_id", sa.String(), nullable=False),
        sa.Column("export", sa.String(), nullable=False),
        sa.Column("record", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("likeness", sa.LargeBinary(), nullable=False),
        sa.Column("traits", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("keys", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("subject_id", "mention_id", name=op.f("pk_identity_mention")),
        sa.UniqueConstraint("mention_id", name=op.f("uq_identity_mention_mention_id")),
    )
    op.create_index(op.f("ix_identity_mention_record"), "identity_mention", ["record"], unique=False)
    op.create_table(
        "identity_pairwise",
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("consumer", sa.String(), nullable=False),
        sa.Column("pairwise", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "consumer", name=op.f("pk_identity_pairwise")),
    )
    op.create_index(
        op.f("ix_identity_pairwise_consumer_identity_pairwise_pairwise"),
        "identity_pairwise",
        ["consumer", "pairwise"],
        unique=True,
    )
    op.create_table(
        "identity_review",
        sa.Column("review_id", sa.String(), nullable=False),
        sa.Column("low_id", sa.LargeBinary(), nullable=False),
        sa.Column("high_id", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("weights", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("blocking", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("steward", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "state IN ('open', 'link', 'different', 'unsure', 'moot')", name=op.f("ck_identity_review_state")
        ),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_identity_review")),
        sa.UniqueConstraint("low_id", "high_id", name=op.f("uq_identity_review_low_id_high_id")),
    )
    op.create_index(op.f("ix_identity_review_high_id"), "identity_review", ["high_id"], unique=False)
    op.create_index(
        op.f("ix_identity_review_state_identity_review_opened_at"),
        "identity_review",
        ["state", "opened_at"],
        unique=False,
    )
    op.create_table(
        "identity_subject",
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("merged_into", sa.String(), nullable=True),
        sa.CheckConstraint("kind IN ('resident', 'legal_person')", name=op.f("ck_identity_subject_kind")),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_identity_subject")),
    )
    op.create_index(op.f("ix_identity_subject_merged_into"), "identity_subject", ["merged_into"], unique=False)
    op.create_table(
        "identity_verdict",
        sa.Column("low_id", sa.LargeBinary(), nullable=False),
        sa.Column("high_id", sa.LargeBinary(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("steward", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("verdict IN ('same', 'apart')", name=op.f("ck_identity_verdict_verdict")),
        sa.PrimaryKeyConstraint("low_id", "high_id", name=op.f("pk_identity_verdict")),
    )
    op.create_index(op.f("ix_identity_verdict_high_id"), "identity_verdict", ["high_id"], unique=False)
    op.create_table(
        "log_entry",
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("index", name=op.f("pk_log_entry")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_log_entry_entry_id")),
    )
    op.create_table(
        "log_head",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("frontier", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("origin", name=op.f("pk_log_head")),
    )
    op.create_table(
        "log_published",
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("witnessed_size", sa.BigInteger(), nullable=True),
        sa.Column("witnessed_note", sa.Text(), nullable=True),
        sa.Column("witnessed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unwitnessed_since", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("origin", name=op.f("pk_log_published")),
    )
    op.create_table(
        "log_queue",
        sa.Column("queue_id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("entry_id", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("queue_id", name=op.f("pk_log_queue")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_log_queue_entry_id")),
    )
    op.create_table(
        "log_subject_chain",
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("last_leaf", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_log_subject_chain")),
    )
    op.create_table(
        "log_tile",
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("index", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "index", name=op.f("pk_log_tile")),
    )
    op.create_table(
        "mandate",
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("mandate_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("matters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("subject_id", "mandate_id", name=op.f("pk_mandate")),
    )
    op.create_table(
        "party",
        sa.Column("party_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("registry_id", sa.String(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('department', 'consumer', 'authority', 'auditor', 'witness', 'hub')", name=op.f("ck_party_kind")
        ),
        sa.PrimaryKeyConstraint("party_id", name=op.f("pk_party")),
        sa.UniqueConstraint("registry_id", name=op.f("uq_party_registry_id")),
    )
    op.create_table(
        "party_key",
        sa.Column("party_id", sa.String(), nullable=False),
        sa.Column("kid", sa.String(), nullable=False),
        sa.Column("jwk", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_reason", sa.String(), server_default="", nullable=False),
        sa.Column("compromised_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("log_size", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("party_id", "kid", name=op.f("pk_party_key")),
    )
    op.create_table(
        "party_used_message",
        sa.Column("party_id", sa.String(), nullable=False),
        sa.Column("jti", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("party_id", "jti", name=op.f("pk_party_used_message")),
    )
    op.create_index(op.f("ix_party_used_message_expires_at"), "party_used_message", ["expires_at"], unique=False)
    op.create_table(
        "quarantine",
        sa.Column("registry_id", sa.String(), nullable=False),
        sa.Column("export", sa.String(), nullable=False),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("record", sa.String(), nullable=True),
        sa.Column("batch", sa.Integer(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("column_name", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("registry_id", "export", "fingerprint", name=op.f("pk_quarantine")),
    )
    op.create_table(
        "registry_state",
        sa.Column("registry_id", sa.String(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("manifest_digest", sa.String(), nullable=True),
        sa.Column("cursors", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("read_at", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("registry_id", name=op.f("pk_registry_state")),
    )
    op.create_table(
        "sharing_grant",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("evidence_type", sa.Text(), nullable=False),
        sa.Column("claims", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("matters", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("scenario", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("signed_off_by", sa.Text(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("valid_from <= valid_until", name=op.f("ck_sharing_grant_period")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sharing_grant")),
    )
    op.create_index(
        op.f("ix_sharing_grant_consumer_sharing_grant_evidence_type"),
        "sharing_grant",
        ["consumer", "evidence_type"],
        unique=False,
    )
    op.create_table(
        "status_list",
        sa.Column("uri", sa.String(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("registry_id", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("covers_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("entry_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("uri", "issued_at", name=op.f("pk_status_list")),
    )
    op.create_index(
        op.f("ix_status_list_registry_id_status_list_number_status_list_issued_at"),
        "status_list",
        ["registry_id", "number", "issued_at"],
        unique=False,
    )
    op.create_table(
        "subject_access",
        sa.Column("subject_id", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("exchange_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deferred_until", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("subject_id", "n", name=op.f("pk_subject_access")),
    )
    op.execute("ALTER TABLE evidence ALTER COLUMN sealed SET STORAGE EXTERNAL")


def downgrade() -> None:
    op.drop_table("subject_access")
    op.drop_index(op.f("ix_status_list_registry_id_status_list_number_status_list_issued_at"), table_name="status_list")
    op.drop_table("status_list")
    op.drop_index(op.f("ix_sharing_grant_consumer_sharing_grant_evidence_type"), table_name="sharing_grant")
    op.drop_table("sharing_grant")
    op.drop_table("registry_state")
    op.drop_table("quarantine")
    op.drop_index(op.f("ix_party_used_message_expires_at"), table_name="party_used_message")
    op.drop_table("party_used_message")
    op.drop_table("party_key")
    op.drop_table("party")
    op.drop_table("mandate")
    op.drop_table("log_tile")
    op.drop_table("log_subject_chain")
    op.drop_table("log_queue")
    op.drop_table("log_published")
    op.drop_table("log_head")
    op.drop_table("log_entry")
    op.drop_index(op.f("ix_identity_verdict_high_id"), table_name="identity_verdict")
    op.drop_table("identity_verdict")
    op.drop_index(op.f("ix_identity_subject_merged_into"), table_name="identity_subject")
    op.drop_table("identity_subject")
    op.drop_index(op.f("ix_identity_review_state_identity_review_opened_at"), table_name="identity_review")
    op.drop_index(op.f("ix_identity_review_high_id"), table_name="identity_review")
    op.drop_table("identity_review")
    op.drop_index(op.f("ix_identity_pairwise_consumer_identity_pairwise_pairwise"), table_name="identity_pairwise")
    op.drop_table("identity_pairwise")
    op.drop_index(op.f("ix_identity_mention_record"), table_name="identity_mention")
    op.drop_table("identity_mention")
    op.drop_index(op.f("ix_identity_link_mention_id_identity_link_seq"), table_name="identity_link")
    op.drop_table("identity_link")
    op.drop_table("identity_key")
    op.drop_index(op.f("ix_exchange_case_ref"), table_name="exchange")
    op.drop_index(op.f("ix_exchange_at"), table_name="exchange")
    op.drop_table("exchange")
    op.drop_index(op.f("ix_evidence_link_evidence_id"), table_name="evidence_link")
    op.drop_table("evidence_link")
    op.drop_index(
        "uq_evidence_standing", table_name="evidence", postgresql_where=sa.text("status IN ('valid', 'reversed')")
    )
    op.drop_index("ix_evidence_household", table_name="evidence", postgresql_where=sa.text("household IS NOT NULL"))
    op.drop_index("ix_evidence_ended", table_name="evidence", postgresql_where=sa.text("status <> 'valid'"))
    op.drop_index("ix_evidence_changed", table_name="evidence")
    op.drop_table("evidence")
    op.drop_table("commitment")
    op.drop_index(
        op.f("ix_catalogue_edition_effective_on_catalogue_edition_published_at"), table_name="catalogue_edition"
    )
    op.drop_table("catalogue_edition")
    op.drop_table("case_step")
    op.drop_index(op.f("ix_case_participant_subject_id"), table_name="case_participant")
    op.drop_table("case_participant")
    op.drop_table("case_material")
    op.drop_index(op.f("ix_case_file_matter_case_file_opened_on"), table_name="case_file")
    op.drop_index(op.f("ix_case_file_event_number"), table_name="case_file")
    op.drop_table("case_file")
    op.drop_index(op.f("ix_brought_material_file"), table_name="brought_material")
    op.drop_table("brought_material")
    op.drop_table("brought_file")
    op.drop_table("brought_chunk")
    op.drop_table("batch")
