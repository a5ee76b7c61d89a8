"""The picture of the reform's figures: what it says, in which language, on which machine."""

from xml.etree import ElementTree as ET

import pytest
from matplotlib.font_manager import FontEntry, FontProperties, findfont, fontManager

from hub.cases.pictures import BOXES, CHINESE, figures_picture
from hub.cases.rules.supervision import MonthFigures
from hub.catalogue.model import Names

FIGURES = [MonthFigures("low-income-aid", "2026-11", 2, 10, 6, 4, 60, 3, 1, 55)]
NAMES = {"low-income-aid": Names("Low-income aid", "最低生活保障")}


def words(svg: bytes) -> set[str]:
    return {(each.text or "").strip() for each in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")}  # noqa: S314


def test_an_svg_speaks_both_languages_in_text_that_its_reader_has_fonts_for() -> None:
    svg = figures_picture(FIGURES, NAMES)
    assert {"Low-income aid  最低生活保障", "asked  需交", "spared  免交", "materials  材料（份）"} <= words(svg)
    assert CHINESE[0].encode() in svg
    assert BOXES.encode() not in svg


def test_a_matter_that_is_no_longer_in_the_catalogue_goes_by_its_id() -> None:
    assert "low-income-aid" in words(figures_picture(FIGURES, {}))


@pytest.mark.parametrize("name", ["_Aid", "Aid of $100 to $200", "$x^$"])
def test_a_matter_is_named_as_it_is_called_whatever_that_means_to_a_plotter(name: str) -> None:
    assert f"{name}  救助" in words(figures_picture(FIGURES, {"low-income-aid": Names(name, "救助")}))


def test_a_png_speaks_chinese_only_where_a_font_has_the_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    fonts = [each for each in fontManager.ttflist if each.name not in CHINESE]
    monkeypatch.setattr(fontManager, "ttflist", fonts)
    without = figures_picture(FIGURES, NAMES, form="png")
    assert without == figures_picture(FIGURES, {"low-income-aid": Names("Low-income aid", "别的")}, form="png")
    boxes = FontEntry(fname=findfont(FontProperties(family=[BOXES])), name=CHINESE[0])
    monkeypatch.setattr(fontManager, "ttflist", [*fonts, boxes])
    assert figures_picture(FIGURES, NAMES, form="png") != without


def test_what_no_font_of_this_machine_shows_is_drawn_without_a_word_to_whoever_runs_it(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    for form in ("svg", "png"):
        figures_picture(FIGURES, NAMES, form=form)
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
