"""What keeps the database open to more machines: a subject's rows are found, and moved, by the subject's id alone."""

from importlib import import_module

from hub.storage.metadata import Row
from tests.architecture.modules import modules

# Rows that name a subject and belong to something else, each with whose they are.
ANOTHERS: dict[str, str] = {
    "case_participant": "the case's: an applicant may be found later, or be somebody else after a merge",
}


def _tables() -> dict:
    for module in modules():
        if module.name.split(".")[2:3] == ["tables"]:
            import_module(module.name)
    return dict(Row.metadata.tables)


def test_rows_of_a_subject_carry_its_id_as_the_first_part_of_their_key() -> None:
    keys = {
        name: table.primary_key.columns.keys() for name, table in _tables().items() if "subject_id" in table.columns
    }
    assert {name for name, key in keys.items() if key[0] != "subject_id"} == set(ANOTHERS)
    assert len(keys) > len(ANOTHERS)


def test_no_foreign_key_ties_the_rows_of_two_subjects() -> None:
    tied = [f"{name} → {key.target_fullname}" for name, table in _tables().items() for key in table.foreign_keys]
    assert tied == []
