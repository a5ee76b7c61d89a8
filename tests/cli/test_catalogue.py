"""`hub catalogue` and `hub supervise` as an operator calls them: files in and out, reports in a folder."""

import csv
import io
import json
from datetime import date
from pathlib import Path

import pytest

from hub.catalogue.documents import parse_document
from hub.catalogue.model import Catalogue
from hub.catalogue.reading import published_documents, read_catalogue
from hub.catalogue.workbook import parse_workbook
from hub.cli.roof import opened
from hub.demo.parties import KeyCabinet
from tests.cli.conftest import Run

PARTY, LAND, AUTHORITY = "svc:window", "dept:land", "auth:data-bureau"


@pytest.fixture
def loaded(installation: KeyCabinet, run: Run) -> Run:
    """The command line of a hub with the shipped catalogue and grants."""
    del installation
    assert run("catalogue", "load").code == 0
    return run


@pytest.mark.parametrize("suffix", ["yaml", "json", "xlsx"])
def test_what_is_exported_is_loaded_again_as_nothing_new(loaded: Run, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"all.{suffix}"
    assert loaded("catalogue", "export", file).code == 0
    parse = parse_workbook if suffix == "xlsx" else parse_document
    assert read_catalogue([parse(file.read_bytes(), file.name)]) == read_catalogue(published_documents())
    again = loaded("catalogue", "load", file, "--dry-run", "--json")
    assert again.json["changes"] == []


def test_a_changed_file_says_what_it_would_change_and_changes_it_on_its_day(loaded: Run, tmp_path: Path) -> None:
    file = tmp_path / "all.json"
    loaded("catalogue", "export", file)
    document = json.loads(file.read_text("utf-8"))
    matter = next(each for each in document["matters"] if each["id"] == "low-income-aid")
    matter["promised_days"] = 20
    file.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    dry = loaded("catalogue", "load", file, "--dry-run", "--json").json
    assert (dry["edition"], dry["changes"]) == (
        None,
        [{"path": "matters/low-income-aid/promised_days", "turn": "changed"}],
    )
    assert loaded("catalogue", "load", file, "--on", "2999-01-01", "--json").json["edition"].startswith("cat_")
    assert loaded("catalogue", "show", "low-income-aid", "--json").json["promised_days"] == 15


def test_what_was_in_force_before_is_loaded_again(loaded: Run, tmp_path: Path) -> None:
    before, file = tmp_path / "before.json", tmp_path / "all.json"
    loaded("catalogue", "export", before)
    document = json.loads(before.read_text("utf-8"))
    next(each for each in document["matters"] if each["id"] == "low-income-aid")["promised_days"] = 20
    file.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    for each, days in ((file, 20), (before, 15), (file, 20)):
        assert len(loaded("catalogue", "load", each, "--json").json["changes"]) == 1
        assert loaded("catalogue", "show", "low-income-aid", "--json").json["promised_days"] == days
    assert loaded("catalogue", "load", file, "--json").json["changes"] == []


def test_a_file_with_faults_is_refused_with_every_line(loaded: Run, tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    loaded("catalogue", "export", file)
    text = file.read_text("utf-8")
    file.write_text(text.replace("evidence: resident", "evidence: moonlight"), "utf-8")
    told = loaded("catalogue", "load", file, "--json")
    assert told.code == 2
    fault = json.loads(told.err)
    assert fault["code"] == "catalogue.unknown-evidence-type"
    assert all("all.yaml:" in line for line in fault["problems"])


def test_an_export_names_one_of_three_forms(loaded: Run, tmp_path: Path) -> None:
    told = loaded("catalogue", "export", tmp_path / "all.docx")
    assert (told.code, "catalogue.unknown-form" in told.err) == (2, True)
    assert not (tmp_path / "all.docx").exists()


def test_the_work_list_and_the_list_of_matters(loaded: Run) -> None:
    rows = loaded("catalogue", "replaceable", "--json").json
    assert rows
    assert rows == sorted(rows, key=lambda row: -row["cases_per_year"])
    assert "low-income-aid" in loaded("catalogue", "show").out
    assert "household-identity" in loaded("catalogue", "show", "low-income-aid").out
    assert loaded("catalogue", "show", "nothing-such").code == 4


def test_the_report_stands_in_a_folder_as_json_csv_svg_and_png(loaded: Run, tmp_path: Path) -> None:
    folder = tmp_path / "report"
    told = loaded("supervise", "--out", folder, "--json")
    assert told.code == 0
    assert json.loads((folder / "report.json").read_text("utf-8")) == told.json
    assert told.json["replaceable"]
    lights = csv.DictReader(io.StringIO((folder / "lights.csv").read_text("utf-8-sig")))
    assert {row["timer.limit"] for row in lights} == {"catalogue"}
    assert (folder / "figures.svg").read_bytes().lstrip().startswith(b"<?xml")
    assert (folder / "figures.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "liabilities.csv").exists()


def test_the_lights_are_counted_for_people(loaded: Run) -> None:
    told = loaded("supervise")
    assert told.code == 0
    assert "green    1" in told.err


def test_a_day_that_is_none_is_refused(loaded: Run) -> None:
    assert loaded("supervise", "--first", "yesterday").code == 2


def test_departments_that_nobody_registered_are_named_when_a_catalogue_is_loaded(
    loaded: Run, installation: KeyCabinet, tmp_path: Path
) -> None:
    file, key = tmp_path / "all.json", tmp_path / "land.jwk"
    key.write_text(json.dumps(installation.signer_of("dept:land").public.to_jwk()), "utf-8")
    names = ("--name", "Land", "--name-zh", "自然资源局")
    assert loaded("parties", "add", "dept:land", "--kind", "department", *names, "--jwk", key).code == 0
    loaded("catalogue", "export", file)
    misspelt = file.read_text("utf-8").replace('"dept:funeral"', '"dept:funerals"')
    file.write_text(misspelt, "utf-8")
    told = loaded("catalogue", "load", file, "--dry-run", "--json").json["unregistered"]
    assert "dept:funerals" in told
    assert "dept:land" not in told
    assert "dept:funerals" in loaded("catalogue", "load", file).err


def test_a_proposal_is_declined_or_withdrawn_and_the_list_tells_why(
    loaded: Run,
) -> None:
    for day, deed, by, standing in ((1, "decline", AUTHORITY, "declined"), (2, "withdraw", LAND, "withdrawn")):
        later = date(2999, 1, day)
        with opened() as hub:
            edition = hub.catalogue.propose(Catalogue(), effective_on=later, by=LAND).edition_id
        assert loaded("catalogue", deed, edition, "--reason", "依据不足", "--by", by).code == 2
        assert loaded("catalogue", deed, edition, "--reason", "basis-unclear", "--by", by).code == 0
        told = loaded("catalogue", "editions", "--json").json[0]
        assert (told["edition"], told["standing"], told["decided_by"]) == (edition, standing, by)
        assert told["reason"] == "basis-unclear"
        assert loaded("catalogue", deed, edition, "--reason", "basis-unclear", "--by", by).code == 5
    assert "basis-unclear" in loaded("catalogue", "editions").out


def test_a_grant_is_suspended_resumed_and_ended_for_good(loaded: Run) -> None:
    grant = loaded("grants", "list", "--consumer", "svc:funeral-subsidy", "--json").json[0]["id"]

    def standing() -> tuple[str, str]:
        (told,) = [each for each in loaded("grants", "list", "--json").json if each["id"] == grant]
        return told["standing"], told["reason"]

    assert loaded("grants", "suspend", grant, "--reason", "other-purpose").code == 0
    assert standing() == ("suspended", "other-purpose")
    assert loaded("grants", "resume", grant).code == 0
    assert standing() == ("in-force", "")
    assert loaded("grants", "end", grant, "--reason", "purpose-over").code == 0
    assert loaded("catalogue", "load", "--json").json["grants"]["changed"] == 0
    assert standing() == ("ended", "purpose-over")
    assert loaded("grants", "resume", grant).code == 5
    assert loaded("grants", "end", "no-such-grant", "--reason", "purpose-over").code == 4


def test_a_party_is_suspended_and_resumed(loaded: Run) -> None:
    loaded("parties", "add", PARTY, "--kind", "consumer", "--name", "A window", "--name-zh", "窗口")

    def is_active() -> bool:
        return next(each["is_active"] for each in loaded("parties", "list", "--json").json if each["id"] == PARTY)

    assert is_active()
    assert loaded("parties", "suspend", PARTY, "--reason", "other-purpose").code == 0
    assert not is_active()
    assert loaded("parties", "suspend", PARTY, "--reason", "other-purpose").code == 5
    assert loaded("parties", "resume", PARTY).code == 0
    assert is_active()
    assert loaded("parties", "suspend", PARTY, "--reason", "张三说的").code == 2
