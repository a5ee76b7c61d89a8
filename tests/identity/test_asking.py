"""Who answers to a number, what is best known of somebody, and what goes out for checking."""

import json
from datetime import UTC, datetime
from importlib.resources import files

import pytest

from hub.errors import Malformed
from hub.identity.golden import Authority
from hub.identity.model import Exported, Found, IdentityQuery, NoneFound, Several, UnderReview
from hub.identity.service import IdentityService
from hub.storage.database import Database
from tests.identity.conftest import ZHANG, Make, Place, mention, number_of

NUMBER = ZHANG["number"]


@pytest.mark.parametrize(
    "query",
    [
        IdentityQuery("resident", NUMBER, "张伟强"),
        IdentityQuery("resident", NUMBER.lower(), "張偉強"),
        IdentityQuery("resident", f" {NUMBER}", "张伟 强"),
        IdentityQuery("resident", NUMBER, "", "1980-05-06"),
        IdentityQuery("resident", NUMBER, "张伟强", "1980-05-06"),
    ],
)
def test_one_subject_answers_to_its_number_with_name_or_birth_date(
    place: Place, identity: IdentityService, database: Database, query: IdentityQuery
) -> None:
    (placed,) = place(mention(ZHANG))
    with database.reading() as session:
        assert identity.subject_for(session, query) == Found(placed.subject_id or "")


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (IdentityQuery("resident", "11010519491231002X", "张伟强"), "number-unknown"),
        (IdentityQuery("resident", NUMBER, "李四"), "does-not-agree"),
        (IdentityQuery("resident", NUMBER), "nothing-to-agree"),
        (IdentityQuery("resident", "", "张伟强", "1980-05-06"), "number-needed"),
        (IdentityQuery("legal_person", NUMBER, "张伟强"), "number-unknown"),
        (IdentityQuery("resident", "无", "张伟强"), "number-unknown"),
    ],
)
def test_nobody_answers_where_number_and_name_do_not_both_hold(
    place: Place, identity: IdentityService, database: Database, query: IdentityQuery, reason: str
) -> None:
    place(mention(ZHANG))
    with database.reading() as session:
        assert identity.subject_for(session, query) == NoneFound(reason)


def test_two_that_answer_are_under_review_until_a_steward_has_decided(
    place: Place, identity: IdentityService, database: Database
) -> None:
    place(
        mention(ZHANG, "civil_affairs", "self"),
        mention(ZHANG | {"phone": "13900002222"}, "civil_affairs", "self"),
    )
    query = IdentityQuery("resident", NUMBER, "张伟强")
    with database.writing() as session:
        answer = identity.subject_for(session, query)
        (review,) = identity.reviews(session)
        assert answer == UnderReview((review.review_id,))
        identity.decide(session, review.review_id, "different", steward="王科员")  # type: ignore[arg-type]
    with database.reading() as session:
        assert identity.subject_for(session, query) == Several(2)


def test_somebody_elses_use_of_a_number_does_not_hide_its_holder(
    place: Place, identity: IdentityService, database: Database
) -> None:
    holder, _ = place(mention(ZHANG), mention({"name": "李四", "number": NUMBER}))
    with database.reading() as session:
        answer = identity.subject_for(session, IdentityQuery("resident", NUMBER, "张伟强"))
    assert answer == Found(holder.subject_id or "")


def test_many_are_asked_about_in_as_many_statements_as_one(
    place: Place, identity: IdentityService, database: Database, sent: list[str]
) -> None:
    one, other = place(
        mention(ZHANG), mention({"name": "李四", "number": number_of("1980-05-06", 2), "birth_date": "1980-05-06"})
    )
    queries = [
        IdentityQuery("resident", NUMBER, "张伟强"),
        IdentityQuery("resident", "", "张伟强"),
        IdentityQuery("resident", number_of("1980-05-06", 2), "李四"),
        IdentityQuery("resident", NUMBER, "李四"),
        *(IdentityQuery("resident", number_of("1980-05-06", each), "王五") for each in range(10, 60)),
    ]
    with database.reading() as session:
        sent.clear()
        answers = identity.subjects_for(session, queries)
        statements = len(sent)
        identity.subject_for(session, queries[0])
        assert (statements, len(sent)) == (2, 4)
        assert answers == [identity.subject_for(session, query) for query in queries]
    assert answers[:3] == [Found(one.subject_id or ""), NoneFound("number-needed"), Found(other.subject_id or "")]


def test_many_are_given_their_ids_at_once(place: Place, identity: IdentityService, database: Database) -> None:
    placed = place(mention(ZHANG), mention({"name": "李四", "number": number_of("1980-05-06", 2)}))
    subjects = [each.subject_id or "" for each in placed]
    given = identity.pairwise_ids(subjects, "svc:a")
    assert given == {each: identity.pairwise_id(each, "svc:a") for each in subjects}
    with database.reading() as session:
        asked = [*given.values(), "pw_of-nobody"]
        assert identity.subjects_of_pairwise(session, "svc:a", asked) == {pw: sub for sub, pw in given.items()}


def test_each_consumer_knows_a_subject_by_an_id_of_its_own(
    place: Place, identity: IdentityService, database: Database
) -> None:
    (placed,) = place(mention(ZHANG))
    subject = placed.subject_id or ""
    one, other = (identity.pairwise_id(subject, consumer) for consumer in ("svc:a", "svc:b"))
    assert one == identity.pairwise_id(subject, "svc:a") != other
    with database.reading() as session:
        assert identity.subject_of_pairwise(session, "svc:a", one) == subject
        assert identity.subject_of_pairwise(session, "svc:b", one) is None
        assert identity.subject_of_pairwise(session, "svc:a", subject) is None


def test_a_pairwise_id_can_be_given_within_a_transaction(
    place: Place, identity: IdentityService, database: Database
) -> None:
    (placed,) = place(mention(ZHANG))
    with database.writing() as session:
        pairwise = identity.pairwise_id(placed.subject_id or "", "svc:a", session)
    with database.reading() as session:
        assert identity.subject_of_pairwise(session, "svc:a", pairwise) == placed.subject_id


def test_the_golden_record_takes_each_field_from_the_most_authoritative_then_freshest(
    place: Place, identity: IdentityService, database: Database
) -> None:
    old, new = datetime(2020, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
    (placed,) = place(mention(ZHANG, "civil_affairs", "self", as_of=old))
    place(
        mention(ZHANG | {"name": "张玮强", "phone": "13800003333"}, "land", "holder", as_of=new),
        mention(ZHANG | {"phone": "13800004444"}, "land", "holder", as_of=old),
    )
    with database.reading() as session:
        golden = {each.field: each for each in identity.golden(session, placed.subject_id or "")}
    assert (golden["name"].value, golden["name"].registry) == ("张伟强", "civil_affairs")
    assert golden["name"].others == (("land", "张玮强"),)
    assert golden["phone"].value == "13800001111"
    assert golden["phone"].others == (("land", "13800003333"), ("land", "13800004444"))
    assert golden["birth_date"].as_of == old


def test_authorities_that_make_no_sense_are_refused() -> None:
    for text in ("", "[]", '{"version": "1"}', '{"version": "1", "fields": [], "otherwise": [], "skipped": []}'):
        with pytest.raises(Malformed):
            Authority.parse(text)


def test_the_export_says_whose_each_record_and_role_is(
    place: Place, identity: IdentityService, database: Database
) -> None:
    (placed,) = place(mention(ZHANG, "marriage", "man", record="m1", row=7, key="M-7"))
    place(mention({"name": "李小红"}, "marriage", "woman", record="m1", row=7, key="M-7"))
    with database.writing() as session:
        identity.forget(session, ["other"])
        exported = list(identity.export(session))
    assert Exported("marriage", "M-7", 7, "man", placed.subject_id or "") in exported
    assert len(exported) == 2
    with database.reading() as session:
        assert identity.figures(session) == {"resident": 2, "mentions": 2, "log": 2}


def test_a_file_of_the_operators_own_decides_which_source_counts(make: Make, place: Place, database: Database) -> None:
    rules = json.loads(files("hub.identity").joinpath("models", "golden.json").read_text(encoding="utf-8"))
    rules["fields"]["name"] = ["land/rights"]
    other = make(authority=Authority.parse(json.dumps(rules)))
    (placed,) = place(mention(ZHANG, "civil_affairs", "self"))
    place(mention(ZHANG | {"name": "张玮强"}, "land", "holder"))
    with database.reading() as session:
        golden = {each.field: each for each in other.golden(session, placed.subject_id or "")}
    assert (golden["name"].value, golden["name"].authority) == ("张玮强", 0)
    assert golden["sex"].value == "1"


def test_a_death_that_was_taken_back_is_not_best_known_and_a_later_one_is(
    make: Make, place: Place, database: Database
) -> None:
    def known(*died: dict[str, object]) -> object:
        identity = make()
        places = [mention(ZHANG | one, "funeral", "deceased") for one in died]
        (first, *_) = place(*places, by=identity)
        with database.writing() as session:
            values = {each.field: each.value for each in identity.golden(session, first.subject_id or "")}
            identity.forget(session, [each.record for each in places])
        return values.get("died_on")

    death, reversal = {"died_on": "2026-03-01"}, {"died_on": "2026-02-20", "is_reversed": True}
    assert known(death) == "2026-03-01"
    assert known(death, reversal) is None
    assert known({"died_on": "2026-03-23"}, reversal) == "2026-03-23"
    assert known(reversal) is None


def test_findings_name_the_field_and_never_who_says_otherwise(
    place: Place, identity: IdentityService, database: Database
) -> None:
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    place(
        mention(ZHANG, "civil_affairs", "self", record="roster", as_of=long_ago),
        mention(ZHANG | {"name": "張偉強"}, "land", "holder", record="same-name-in-other-characters"),
        mention(ZHANG | {"birth_date": "1980-05-16"}, "marriage", record="wrong-day", key="M-1", row=7),
        mention(ZHANG | {"died_on": "2025-12-01"}, "funeral", "deceased", record="death"),
    )

    def found(registry: str) -> set[tuple[str, str, str, int]]:
        with database.reading() as session:
            page, place_ = identity.findings(session, registry)
        assert place_ == ""
        return {(each.record, each.found.code, each.found.field, each.found.against) for each in page}

    assert found("marriage") == {("wrong-day", "contradicted-by-authority", "birth_date", 3)}
    assert found("civil_affairs") == {
        ("roster", "others-disagree", "birth_date", 1), ("roster", "listed-after-death", "died_on", 1)
    }  # fmt: skip
    assert found("land") == {("same-name-in-other-characters", "others-disagree", "birth_date", 1)}
    assert found("low_income") == set()
    with database.reading() as session, pytest.raises(Malformed):
        identity.findings(session, "land", after="not-a-place")


def test_findings_are_read_page_by_page(place: Place, identity: IdentityService, database: Database) -> None:
    told = []
    for at in range(0, 1200, 2):
        number = number_of("1980-05-06", at % 998 + 1, f"33010{1 + at // 998}")
        person = {"name": f"张{chr(0x4E00 + at)}", "number": number, "birth_date": "1980-05-06"}
        told.append(mention(person | {"sex": "1"}, "land", "holder", record=f"l{at}a"))
        if at in (0, 2, 4):
            told.append(mention(person | {"sex": "2"}, "land", "holder", record=f"l{at}b"))
    place(*told)
    seen: list[str] = []
    after, pages = "", 0
    with database.reading() as session:
        while True:
            page, after = identity.findings(session, "land", after=after, limit=1)
            seen += [each.record for each in page]
            pages += 1
            assert len(page) <= 1
            if not after:
                break
    assert sorted(seen) == sorted(f"l{at}{side}" for at in (0, 2, 4) for side in "ab")
    assert pages >= 2
