"""The reform's work list 可减材料: what is on it, and what is not."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from hub.catalogue.model import APPLICANT, Catalogue, Material, Matter, Piece, PieceKind, Way
from hub.catalogue.reading import published_documents, read_catalogue
from hub.catalogue.replaceable import Replaceable, replaceable_materials

TODAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return read_catalogue(published_documents())


def only(catalogue: Catalogue, **changed: object) -> Catalogue:
    """The catalogue with the matter of funeral subsidies alone, changed as said."""
    matter = replace(catalogue.matter_by_id["funeral-subsidy"], **changed)  # type: ignore[arg-type]
    return replace(catalogue, matters=(matter,))


def account(catalogue: Catalogue) -> Material:
    """The material of that matter which a registry could replace."""
    found = catalogue.matter_by_id["funeral-subsidy"].material_for("bank-account")
    assert found is not None
    return found


def listed(catalogue: Catalogue) -> list[Replaceable]:
    return replaceable_materials(catalogue, {"funeral-subsidy": 12}, TODAY)


def test_it_names_a_material_that_a_registry_could_already_replace(shipped: Catalogue) -> None:
    (found,) = listed(shipped)
    assert (found.matter, found.material, found.cases_per_year) == ("funeral-subsidy", "bank-account", 12)
    assert found.by == ("urn:hub:evidence:low-income-household:1",)


def test_it_names_the_kind_also_where_only_a_way_says_that_the_paper_is_brought(shipped: Catalogue) -> None:
    material = account(shipped)
    way = Way((Piece(PieceKind.brought, material.brings, APPLICANT),))
    (found,) = listed(only(shipped, materials=(replace(material, brings="", ways=(way,)),)))
    assert found.kind == material.brings


@pytest.mark.parametrize(
    ("last", "number"), [(TODAY - timedelta(days=1), 0), (TODAY, 1), (TODAY + timedelta(days=1), 1)]
)
def test_a_matter_that_has_ended_has_nothing_left_to_cut(shipped: Catalogue, last: date, number: int) -> None:
    assert len(listed(only(shipped, valid_until=last))) == number


def test_a_matter_that_is_yet_to_begin_is_cut_before_it_does(shipped: Catalogue) -> None:
    matter: Matter = shipped.matter_by_id["funeral-subsidy"]
    assert matter.is_valid_on(TODAY)
    assert len(listed(only(shipped, valid_from=TODAY + timedelta(days=1)))) == 1
