"""Supervision over HTTP: lights by department, what was collected twice, figures as JSON, CSV and pictures."""

import csv
import io

import pytest

from hub.errors import Malformed, Refused
from hub.kernel.clock import SystemClock, local_date
from tests.support.office import AID, AUDITOR, AUTHORITY, FUNERAL, Office, office

__all__ = ["office"]


@pytest.fixture(scope="module")
def watched(office: Office) -> Office:
    """One case in which a paper is asked for although the hub holds it, and one of another window."""
    case = office.open()["case"]["id"]
    office.bring(case, "household-identity", "household-book")
    office.open("funeral-subsidy", FUNERAL)
    return office


def test_the_report_has_lights_by_department_and_names_each_repeated_collection(watched: Office) -> None:
    told = watched.read(AUTHORITY, "/v1/supervision")
    assert {AID, FUNERAL} <= told["counts"].keys()
    assert sum(told["counts"][AID].values()) == 1
    (collected,) = told["liabilities"]
    assert (collected["fault"], collected["department"]) == ("repeated-collection", AID)
    assert (collected["material"], collected["held_as"]) == ("household-identity", "urn:hub:evidence:resident:1")
    assert told["first"] < told["last"]


def test_one_departments_part_of_the_report(watched: Office) -> None:
    told = watched.read(AUDITOR, "/v1/supervision", department=FUNERAL)
    assert {each["department"] for each in told["lights"]} == {FUNERAL}
    assert told["liabilities"] == []


def test_figures_by_matter_and_month_as_json_csv_svg_and_png(watched: Office) -> None:
    month = local_date(SystemClock().now()).strftime("%Y-%m")
    figures = {each["matter"]: each for each in watched.read(AUTHORITY, "/v1/supervision")["figures"]}
    assert figures["low-income-aid"]["month"] == month
    assert figures["low-income-aid"]["spared"] > 0
    channel = watched.at(AUTHORITY)
    text = channel.call("GET", "/v1/supervision/figures.csv").content.decode("utf-8-sig")
    assert {row["matter"] for row in csv.DictReader(io.StringIO(text))} == figures.keys()
    lights = channel.call("GET", "/v1/supervision/lights.csv", params={"department": AID}).text
    assert AID in lights
    assert FUNERAL not in lights
    assert "repeated-collection" in channel.call("GET", "/v1/supervision/liabilities.csv").text
    svg, png = (channel.call("GET", f"/v1/supervision/figures.{form}") for form in ("svg", "png"))
    assert svg.headers["content-type"] == "image/svg+xml"
    assert svg.content.lstrip().startswith(b"<?xml")
    assert png.content.startswith(b"\x89PNG")


def test_the_work_list_says_what_could_be_cut_next_and_how_many_cases_it_would_spare(watched: Office) -> None:
    found = watched.read(AID, "/v1/supervision/replaceable")
    assert found == sorted(found, key=lambda each: -each["cases_per_year"])
    assert {"material", "by", "cases_per_year"} <= found[0].keys()


@pytest.mark.parametrize("params", [{"first": "2026-05-01", "last": "2026-04-01"}, {"first": "2001-01-01"}])
def test_a_period_is_in_order_and_not_endless(watched: Office, params: dict[str, str]) -> None:
    with pytest.raises(Malformed) as refused:
        watched.read(AUTHORITY, "/v1/supervision", **params)
    assert refused.value.code == "supervision.bad-period"


def test_a_window_does_not_see_how_others_keep_their_time(watched: Office) -> None:
    with pytest.raises(Refused):
        watched.read(AID, "/v1/supervision")
