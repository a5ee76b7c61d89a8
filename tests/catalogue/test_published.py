"""The catalogue shipped with the program: what it demands and that it rests on what exists."""

import pytest

from hub.catalogue.codec import catalogue_from, document_of
from hub.catalogue.model import Catalogue, PieceKind
from hub.catalogue.reading import published_documents, read_catalogue


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return read_catalogue(published_documents())


def test_six_matters_are_published(shipped: Catalogue) -> None:
    assert {matter.id: len(matter.materials) for matter in shipped.matters} == {
        "association-registration": 24,
        "low-income-aid": 16,
        "marriage-certificate-reissue": 7,
        "funeral-subsidy": 6,
        "real-estate-inheritance": 7,
        "simple-cancellation": 6,
    }


def test_every_material_rests_on_a_provision_and_is_named_in_both_languages(shipped: Catalogue) -> None:
    for matter in shipped.matters:
        for material in matter.materials:
            assert material.basis, material.id
            assert material.names.en, material.id
            assert material.names.zh, material.id


def test_what_the_applicant_may_have_to_bring_is_a_known_kind_that_serves_the_matter(shipped: Catalogue) -> None:
    for matter in shipped.matters:
        for material in matter.materials:
            if material.brings:
                assert shipped.kind_by_id[material.brings].serves(matter.purpose), (matter.id, material.id)


def test_each_matter_has_one_form_with_fields_to_prefill(shipped: Catalogue) -> None:
    for matter in shipped.matters:
        assert sum(material.form.value == "lead" for material in matter.materials) == 1
        assert matter.form_fields


def test_the_catalogue_survives_its_own_document(shipped: Catalogue) -> None:
    assert catalogue_from(document_of(shipped)) == shipped


def test_pieces_name_the_claims_they_will_ask_for(shipped: Catalogue) -> None:
    for matter in shipped.matters:
        for piece in (piece for material in matter.materials for way in material.ways for piece in way.pieces):
            if piece.kind is PieceKind.evidence:
                assert piece.claims, (matter.id, piece)
