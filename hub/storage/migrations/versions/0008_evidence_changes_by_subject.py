"""Of each subject the newest change of what is held about it, kept by triggers."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

WATCH: Final = (
    """
CREATE FUNCTION keep_evidence_change(subjects text[]) RETURNS void LANGUAGE plpgsql SET enable_seqscan = off AS $$ BEGIN
    DELETE FROM evidence_change WHERE (subject_id, change) IN (
        SELECT subject_id, change FROM evidence_change WHERE subject_id = ANY (subjects) FOR UPDATE SKIP LOCKED);
    INSERT INTO evidence_change (subject_id) SELECT DISTINCT unnest(subjects);
END $$""",
    """
CREATE FUNCTION watch_evidence() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE changed text[];
BEGIN
    IF TG_OP = 'DELETE' THEN changed := ARRAY(SELECT evidence_id FROM gone);
    ELSE changed := ARRAY(SELECT evidence_id FROM (
        SELECT evidence_id, type, issuer, as_of, valid_from, valid_until, status, digest FROM come EXCEPT
        SELECT evidence_id, type, issuer, as_of, valid_from, valid_until, status, digest FROM gone) shown);
    END IF;
    PERFORM keep_evidence_change(ARRAY(
        SELECT subject_id FROM evidence_link WHERE evidence_id = ANY (changed) FOR KEY SHARE));
    RETURN NULL;
END $$""",
    """
CREATE FUNCTION watch_evidence_links() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP <> 'DELETE' THEN PERFORM keep_evidence_change(ARRAY(SELECT subject_id FROM come)); END IF;
    IF TG_OP <> 'INSERT' THEN PERFORM keep_evidence_change(ARRAY(SELECT subject_id FROM gone)); END IF;
    RETURN NULL;
END $$""",
    """
CREATE TRIGGER evidence_changed AFTER UPDATE ON evidence REFERENCING OLD TABLE AS gone NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION watch_evidence()""",
    """
CREATE TRIGGER evidence_gone AFTER DELETE ON evidence REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION watch_evidence()""",
    """
CREATE TRIGGER evidence_linked AFTER INSERT ON evidence_link REFERENCING NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION watch_evidence_links()""",
    """
CREATE TRIGGER evidence_moved AFTER UPDATE ON evidence_link REFERENCING OLD TABLE AS gone NEW TABLE AS come
    FOR EACH STATEMENT EXECUTE FUNCTION watch_evidence_links()""",
    """
CREATE TRIGGER evidence_unlinked AFTER DELETE ON evidence_link REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION watch_evidence_links()""",
)


def upgrade() -> None:
    op.create_table(
        "evidence_change",
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("change", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.PrimaryKeyConstraint("subject_id", "change", name=op.f("pk_evidence_change")),
    )
    for statement in WATCH:
        op.execute(statement)


def downgrade() -> None:
    for trigger in ("evidence_linked", "evidence_moved", "evidence_unlinked"):
        op.execute(f"DROP TRIGGER {trigger} ON evidence_link")
    for trigger in ("evidence_changed", "evidence_gone"):
        op.execute(f"DROP TRIGGER {trigger} ON evidence")
    for function in ("watch_evidence_links", "watch_evidence", "keep_evidence_change"):
        op.execute(f"DROP FUNCTION {function}")
    op.drop_table("evidence_change")
