"""Merged ids 归并前的标识 in statements of every room: a merge leaves what stands under an old id there."""


def every_id_of(subjects: str) -> str:
    """SQL for the array of every id that those ``subjects``, SQL for an array of text, answer for, their own too.

    Each step is an index look-up, whatever the planner knows of the table.
    """
    return f"""ARRAY (WITH RECURSIVE known AS (SELECT unnest({subjects}) AS subject_id UNION
    SELECT s.subject_id FROM known CROSS JOIN LATERAL (
     SELECT subject_id::text FROM identity_subject WHERE merged_into = known.subject_id OFFSET 0) s)
   SELECT subject_id FROM known)"""
