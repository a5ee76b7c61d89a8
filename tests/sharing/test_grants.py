"""Grants 共享授权: who may have which claims, and that sensitive ones must be named."""

import dataclasses
from datetime import UTC, date, datetime

import pytest

from hub.audit.store import append
from hub.catalogue.model import Catalogue, PieceKind
from hub.catalogue.reading import published_documents, read_catalogue
from hub.catalogue.schemas import claims_of
from hub.errors import Conflict, Malformed, Missing
from hub.kernel.clock import FixedClock
from hub.sharing.model import Allowed, Grant, NotAllowed, Standing
from hub.sharing.reading import PUBLISHED, read_grants, shipped_grants
from hub.sharing.rules import is_covered, permission_for, sensitivity_of, turned
from hub.sharing.service import SharingService
from hub.storage.database import Database

TODAY = date(2026, 11, 20)
RESIDENT = "urn:hub:evidence:resident:1"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return read_catalogue(published_documents())


def grant(**changed: object) -> Grant:
    given = {
        "id": "g1",
        "consumer": "svc:a",
        "evidence_type": RESIDENT,
        "claims": ("name",),
        "matters": ("m",),
        "basis": "law",
        "scenario": "s",
        "valid_from": date(2026, 1, 1),
        "valid_until": date(2026, 12, 31),
        "signed_off_by": "x",
        **changed,
    }
    return Grant(**given)  # type: ignore[arg-type]


def test_the_reason_says_what_is_missing_type_matter_or_period() -> None:
    grants = [grant()]
    found = [
        permission_for(grants, evidence_type=kind, matter=matter, on=on)
        for kind, matter, on in (
            ("urn:hub:evidence:funeral:1", "m", TODAY),
            (RESIDENT, "other", TODAY),
            (RESIDENT, "m", date(2027, 1, 1)),
        )
    ]
    assert [each.code for each in found if isinstance(each, NotAllowed)] == [
        "sharing.no-grant",
        "sharing.purpose-not-covered",
        "sharing.grant-not-in-force",
    ]


def test_several_grants_in_force_add_up() -> None:
    grants = [grant(), grant(id="g2", claims=("sex", "name")), grant(id="g3", valid_until=date(2026, 2, 1))]
    allowed = permission_for(grants, evidence_type=RESIDENT, matter="m", on=TODAY)
    assert allowed == Allowed(("g1", "g2"), ("name", "sex"))


def test_an_ended_grant_covers_nothing() -> None:
    ended = [grant(ended_on=TODAY)]
    assert isinstance(permission_for(ended, evidence_type=RESIDENT, matter="m", on=TODAY), NotAllowed)
    assert isinstance(permission_for(ended, evidence_type=RESIDENT, matter="m", on=date(2026, 11, 19)), Allowed)


@pytest.mark.parametrize(
    ("path", "patterns", "sensitive", "covered"),
    [
        (("name",), ("name",), False, True),
        (("name",), ("*",), False, True),
        (("man", "number"), ("man",), False, True),
        (("members", 0, "name"), ("members.*.name",), False, True),
        (("members", 0, "name"), ("members.0.name",), False, True),
        (("members", 1, "name"), ("self.name",), False, True),
        (("members", 0, "name"), ("self.name",), False, False),
        (("name",), ("sex",), False, False),
        (("death_cause",), ("*",), True, False),
        (("death_cause",), ("death_cause",), True, True),
        (("man", "number"), ("man",), True, False),
        (("man", "number"), ("man.number",), True, True),
        (("source", "key"), ("*",), False, False),
        (("source", "key"), ("source.key",), False, False),
        (("quality",), ("quality",), False, False),
    ],
)
def test_patterns(path: tuple, patterns: tuple[str, ...], *, sensitive: bool, covered: bool) -> None:
    assert is_covered(path, patterns, own=("members", 1), sensitive=sensitive) is covered


def test_what_a_schema_does_not_know_counts_as_sensitive() -> None:
    is_sensitive = sensitivity_of(claims_of("low-income-household"))
    assert not is_sensitive(("members", 3, "name"))
    assert is_sensitive(("account_number",))
    assert is_sensitive(("unheard-of",))


def test_the_shipped_grants_cover_every_piece_of_every_material(catalogue: Catalogue) -> None:
    grants = shipped_grants(catalogue)
    for matter in catalogue.matters:
        for piece in (piece for material in matter.materials for way in material.ways for piece in way.pieces):
            names = {PieceKind.evidence: catalogue.evidence_by_name, PieceKind.statement: catalogue.statement_by_name}
            if piece.kind in names:
                vct = names[piece.kind][piece.of_type].vct
                for consumer in matter.consumers:
                    own = [each for each in grants if each.consumer == consumer]
                    allowed = permission_for(own, evidence_type=vct, matter=matter.id, on=TODAY)
                    assert isinstance(allowed, Allowed)
                    assert set(piece.claims) <= set(allowed.claims)


BROKEN = {
    "type: urn:hub:evidence:business-licence:1": ("type: urn:hub:evidence:nothing:1", "no type"),
    "claims: [name, credit_code, registered_status]": ("claims: [name, shoe_size]", "has no claim"),
    "claims: [name, credit_code, registered_status] ": ("claims: [source.key]", "for the hub alone"),
    "matters: [association-registration]": ("matters: [nothing-such]", "no matter"),
    "valid_until: 2028-12-31": ("valid_until: 2020-12-31", "ends before"),
    "    basis:": ("    bass:", "basis"),
    "claims: [": ("claims: [a b, ", "does not match"),
}


@pytest.mark.parametrize("right", BROKEN)
def test_a_broken_grant_file_is_refused_with_its_line(catalogue: Catalogue, right: str) -> None:
    wrong, says = BROKEN[right]
    text = PUBLISHED.read_text("utf-8")
    assert right.strip() in text
    with pytest.raises(Malformed) as refused:
        read_grants(text.replace(right.rstrip(), wrong, 1).encode(), "grants.yaml", catalogue)
    assert says in refused.value.en
    assert "grants.yaml:" in refused.value.en


def test_a_grant_written_twice_is_refused(catalogue: Catalogue) -> None:
    text = PUBLISHED.read_text("utf-8")
    first = text[text.index("  - id:") : text.index("  - id:", text.index("  - id:") + 5)]
    with pytest.raises(Malformed, match="twice"):
        read_grants((text + first).encode(), "grants.yaml", catalogue)


def test_grants_are_taken_over_once_and_ended_for_good(database: Database, catalogue: Catalogue) -> None:
    service = SharingService(database, FixedClock(datetime(2026, 11, 20, tzinfo=UTC)), append)
    grants = shipped_grants(catalogue)
    assert service.take_over(grants, by="hub:test") == len(grants)
    assert service.take_over(grants, by="hub:test") == 0
    assert service.take_over([dataclasses.replace(grants[0], basis="other")], by="hub:test") == 1
    service.end(grants[0].id, "purpose-over", by="hub:test")
    assert service.take_over([dataclasses.replace(grants[0], consumer="svc:another")], by="hub:test") == 1
    (kept,) = service.grants_of("svc:another")
    assert (kept.ended_on, kept.reason, kept.basis) == (TODAY, "purpose-over", grants[0].basis)
    with pytest.raises(Missing):
        service.end("nothing", "purpose-over", by="hub:test")


def test_a_suspended_grant_allows_nothing_until_it_is_resumed(database: Database, catalogue: Catalogue) -> None:
    service = SharingService(database, FixedClock(datetime(2026, 11, 20, tzinfo=UTC)), append)
    (first, *_) = grants = shipped_grants(catalogue)
    service.take_over(grants, by="hub:test")
    service.suspend(first.id, "other-purpose", by="hub:test")
    service.take_over(grants, by="hub:test")
    (kept,) = [each for each in service.grants_of(first.consumer) if each.id == first.id]
    told = permission_for([kept], evidence_type=first.evidence_type, matter=first.matters[0], on=TODAY)
    assert isinstance(told, NotAllowed)
    assert (told.code, kept.reason) == ("sharing.grant-suspended", "other-purpose")
    assert service.resume(first.id, by="hub:test").standing_on(TODAY) is Standing.in_force


@pytest.mark.parametrize(
    ("changed", "to", "code"),
    [
        ({"ended_on": TODAY}, Standing.suspended, "sharing.grant-ended"),
        ({"ended_on": TODAY}, Standing.in_force, "sharing.grant-ended"),
        ({"valid_until": date(2026, 11, 19)}, Standing.suspended, "sharing.grant-ended"),
        ({"suspended_on": TODAY}, Standing.suspended, "sharing.stands-already"),
        ({}, Standing.in_force, "sharing.stands-already"),
    ],
)
def test_a_grant_is_not_turned_to_what_it_is_or_after_its_end(changed: dict, to: Standing, code: str) -> None:
    with pytest.raises(Conflict) as refused:
        turned(grant(**changed), to, TODAY)
    assert refused.value.code == code


def test_a_reason_is_a_code(database: Database, catalogue: Catalogue) -> None:
    service = SharingService(database, FixedClock(datetime(2026, 11, 20, tzinfo=UTC)), append)
    (first, *_) = shipped_grants(catalogue)
    service.take_over([first], by="hub:test")
    for reason in ("", "张三 asked", "x" * 61):
        with pytest.raises(Malformed):
            service.suspend(first.id, reason, by="hub:test")
