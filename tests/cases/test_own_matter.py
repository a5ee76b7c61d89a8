"""A matter that a county wrote for itself: what its checklist says where the shipped matters have no such material."""

from dataclasses import replace

import pytest

from hub.cases.model import Checklist, Item, ItemState
from hub.cases.service import CaseService, Opening
from hub.catalogue.documents import parse_document
from hub.catalogue.reading import published_documents, read_catalogue
from tests.cases.conftest import County, person

OFFICE = "svc:low-income-aid"
CATERING = """
purposes:
  food-safety: {en: Food safety, zh: 食品安全}
legal_bases:
  - {id: food-law, en: Food law, zh: 食品安全法}
brought_kinds:
  - {id: deed, en: Deed, zh: 房产证明, media_types: [application/pdf], max_age_days: null, purposes: [food-safety]}
  - {id: plan, en: Plan, zh: 布局图, media_types: [application/pdf], max_age_days: null, purposes: [food-safety]}
matters:
  - id: catering
    version: "1"
    en: Catering
    zh: 餐饮
    authority: dept:civil-affairs
    consumers: [svc:low-income-aid]
    purpose: food-safety
    valid_from: 2026-01-01
    statutory_days: 20
    promised_days: 5
    roles:
      - {id: applicant, en: Applicant, zh: 申请人, subject_kind: resident, at_least: 1, at_most: 1}
      - {id: cook, en: Cook, zh: 厨师, subject_kind: resident, at_most: 5}
      - {id: unit, en: Unit, zh: 单位, subject_kind: legal_person}
    materials:
      - id: premises
        en: Premises
        zh: 经营场所
        basis: [food-law]
        brings: deed
        ways:
          - [{brought: deed, of: applicant}]
          - [{evidence: resident, of: applicant}]
      - id: cooks
        en: Cooks
        zh: 厨师身份
        basis: [food-law]
        brings: plan
        ways: [[{evidence: resident, of: cook, if_any: true}]]
      - {id: plan, en: Plan, zh: 布局图, basis: [food-law], brings: plan}
      - {id: menu, en: Menu, zh: 菜单, basis: [food-law], brings: plan, only_applicant: true}
      - {id: drains, en: Drains, zh: 排水, basis: [food-law], brings: deed, gap_days: 3}
      - id: licence
        en: Licence
        zh: 营业执照
        basis: [food-law]
        brings: deed
        ways: [[{evidence: business-licence, of: unit, if_any: true}]]
"""


@pytest.fixture
def catering(county: County) -> County:
    """The county, with that matter and no grant for it."""
    added = parse_document(CATERING.encode(), "catering.yaml")
    whole = read_catalogue([*published_documents(), added])
    edition = county.catalogue.propose(whole, effective_on=county.around.today, by="hub:test").edition_id
    county.catalogue.publish(edition, by="hub:test")
    county.hold("resident", "A", name="某", number="A")
    return county


def opened(county: County, number: str = "C-1", *people: tuple[str, str]) -> Checklist:
    checklist: Checklist = county.open(OFFICE, "catering", number, *people).checklist
    return checklist


def item(checklist: Checklist, material: str) -> Item:
    found = checklist.item_for(material)
    assert found is not None
    return found


def test_what_a_registry_holds_is_told_whichever_way_the_catalogue_names_first(catering: County) -> None:
    premises = item(opened(catering), "premises")
    assert (premises.state, premises.could_have) == (ItemState.to_bring, True)
    assert premises.reason.zh == "请提交（登记库已有该信息，但本部门尚无共享授权）。"
    catering.bring(OFFICE, "C-1", "premises", "deed")
    report = catering.cases.supervision.report(catering.around.today, catering.around.today)
    assert [(each.fault.value, each.material) for each in report.liabilities] == [("repeated-collection", "premises")]


def test_a_material_about_people_whom_the_case_does_not_have_is_not_demanded_and_counts_as_nothing(
    catering: County,
) -> None:
    checklist = opened(catering)
    cooks = item(checklist, "cooks")
    assert cooks.state is ItemState.not_needed
    assert (cooks.reason.en, cooks.reason.zh) == (
        "Only demanded if the case has: Cook.",
        "仅在办件涉及以下人员或单位时需要：厨师。",
    )
    assert checklist.spared == ()
    assert checklist.demanded == len(checklist.items) - 2


def test_a_paper_brought_once_serves_also_where_the_material_names_no_way(catering: County) -> None:
    assert item(opened(catering), "plan").state is ItemState.to_bring
    catering.bring(OFFICE, "C-1", "plan", "plan")
    again = item(opened(catering, "C-2"), "plan")
    assert again.state is ItemState.brought_earlier
    assert again.sources[0].case_number == "C-1"


def test_what_only_the_applicant_has_is_asked_for_in_each_case(catering: County) -> None:
    opened(catering)
    catering.bring(OFFICE, "C-1", "menu", "plan")
    assert item(opened(catering, "C-2"), "menu").state is ItemState.to_bring


def test_a_gap_that_ends_in_a_year_without_calendar_says_why_it_is_not_offered(catering: County) -> None:
    assert item(opened(catering), "drains").state is ItemState.gap
    catering.clock.advance(days=40)
    drains = item(opened(catering, "C-2"), "drains")
    assert drains.state is ItemState.to_bring
    assert "该年度工作日历尚未发布" in drains.reason.zh
    assert "calendar" in drains.reason.en


def test_an_office_that_may_not_ask_a_provider_is_told_that_and_not_that_something_is_held(catering: County) -> None:
    catering.index.subjects["U"] = catering.subject("U")
    licence = item(opened(catering, "C-1", ("unit", "U")), "licence")
    assert (licence.state, licence.could_have) == (ItemState.to_bring, False)
    assert [each.code for each in licence.lacking] == ["not-permitted-to-ask"]


def test_a_statement_that_rests_on_a_registry_not_heard_from_is_not_promised(catering: County) -> None:
    around = replace(catering.around, registries_heard=lambda _session: {"civil_affairs"})
    opening = Opening(number="L-1", matter="low-income-aid", people=(person("applicant", "A"),))
    checklist = CaseService(around).open(OFFICE, opening).checklist
    land = item(checklist, "land-and-house")
    assert land.state is ItemState.to_bring
    assert land.reason.zh == "请提交（所依据的登记库尚未接入枢纽）。"
    assert item(checklist, "household-identity").state is ItemState.held
