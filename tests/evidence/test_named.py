"""Whom a record names: in which role, of which kind, with whom beside them."""

from typing import Any

import pytest

from hub.catalogue.schemas import evidence_schema
from hub.evidence.rules import Named, kin_of, named_in, shape_of

ZHANG = {"name": "张三", "number": "11010519491231002X"}
LI = {"name": "李四", "number": "440524188001010014"}


def roles(evidence_type: str, form: dict[str, Any]) -> list[str]:
    return [each.role for each in named_in(shape_of(evidence_schema(evidence_type)), form)]


def test_one_holder_is_the_holder_and_several_are_counted() -> None:
    assert roles("real-estate-right", {"holders": [ZHANG]}) == ["holder"]
    assert roles("real-estate-right", {"holders": [ZHANG, LI]}) == ["holder.1", "holder.2"]
    assert roles("low-income-household", {"members": [ZHANG]})[-1] == "member.1"


def test_nobody_could_be_found_by_a_nameless_body() -> None:
    assert roles("funeral", {**ZHANG, "is_nameless": False}) != []
    assert roles("funeral", {**ZHANG, "is_nameless": True}) == []


def test_kin_are_the_others_whom_a_record_names_each_once_and_never_oneself() -> None:
    husband, wife = Named("man", "resident", ZHANG), Named("woman", "resident", LI)
    assert kin_of(husband, [husband, wife]) == (LI["number"],)
    child = Named("self", "resident", {**LI, "head_number": ZHANG["number"]})
    assert kin_of(child, [child, Named("self", "resident", ZHANG)]) == (ZHANG["number"],)
    head = Named("self", "resident", {**ZHANG, "head_number": ZHANG["number"]})
    assert kin_of(head, [head]) == ()
    assert kin_of(head, [head, Named("member.2", "resident", {"name": "无号"})]) == ()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"holder_kind": "company"}, "legal_person"),
        ({"holder_kind": "institution", "document_kind": "111"}, "legal_person"),
        ({"document_kind": "001"}, "legal_person"),
        ({"document_kind": "111"}, "resident"),
        ({"holder_kind": "person", "document_kind": "001"}, "resident"),
        ({}, "resident"),
    ],
)
def test_a_holder_of_land_is_an_organisation_by_its_kind_or_else_by_its_document(said: Any, kind: str) -> None:
    (holder,) = named_in(shape_of(evidence_schema("real-estate-right")), {"holders": [ZHANG | said]})
    assert holder.kind == kind


def test_who_marries_is_a_resident_whatever_document_is_shown() -> None:
    couple = {"man": ZHANG | {"document_kind": "001"}, "woman": LI}
    named = list(named_in(shape_of(evidence_schema("marriage-event")), couple))
    assert [(each.role, each.kind) for each in named] == [("man", "resident"), ("woman", "resident")]
