"""A run of an adapter: batches in a chain, snapshots that withdraw, two adapters at once, a report that adds up."""

import hmac
import itertools
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.agent import batch, export_run
from adapters.agent.hub_client import HubClient
from adapters.agent.model import Progress, PushReport
from adapters.agent.push import Options, push
from adapters.agent.references import References, status_place
from adapters.conformance.trial import QUICK, RECORD_KEY
from adapters.mapping.load import default_mapping
from adapters.sources.patience import Patience
from hub.errors import Broken, Conflict, Malformed, Refused, Unavailable
from hub.proof.encoding import b64url
from hub.proof.keys import generate_signer
from hub.proof.sdjwt import parse_trusted_sd_jwt
from tests.support.adapter_runs import SIGNER, hub_for, lines, run, workbook

ROSTER = ["姓名", "证件号码", "出生日期", "户籍地址"]


def people(count: int, start: int = 0) -> list[list[str]]:
    names = "甲乙丙丁戊己庚辛壬癸"
    return [
        [f"张{names[place // 10 % 10]}{names[place % 10]}", f"无{place}", "1966-05-14", f"桃源村{place}号"]
        for place in range(start, start + count)
    ]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_run, "LINES_PER_BATCH", 10)


@pytest.mark.usefixtures("small_batches")
def test_a_full_export_is_split_and_only_its_last_batch_is_full(tmp_path: Path) -> None:
    lines(tmp_path / "r.csv", [ROSTER, *people(35), ["", "x", "", ""]])
    hub = hub_for("civil_affairs")
    report = run(hub, "civil_affairs", tmp_path)
    manifests = [kept[2] for kept in hub.chain("civil_affairs").batches.values()]
    assert [manifest["mode"] for manifest in manifests] == ["delta", "delta", "delta", "full"]
    assert [manifest["lines"] for manifest in manifests] == [10, 10, 10, 6]
    assert manifests[-1]["present"] == 35
    assert sum(manifest["read"] for manifest in manifests) == report.read == 36
    assert report.exports[0].batches == 4
    again = run(hub, "civil_affairs", tmp_path)
    assert (again.total("unchanged"), again.exports[0].batches) == (35, 1)  # a night without a change is one batch


@pytest.mark.usefixtures("small_batches")
def test_many_withdrawals_are_split_too(tmp_path: Path) -> None:
    lines(tmp_path / "r.csv", [ROSTER, *people(35)])
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", tmp_path)
    lines(tmp_path / "r.csv", [ROSTER, *people(2)])
    report = run(hub, "civil_affairs", tmp_path, allow_shrink=True)
    assert (report.withdrawn, len(hub.live("civil_affairs", "residents"))) == (33, 2)
    assert report.exports[0].batches == 4


def test_a_changed_record_is_sent_again_and_an_unchanged_one_is_not(tmp_path: Path) -> None:
    rows = people(5)
    lines(tmp_path / "r.csv", [ROSTER, *rows])
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", tmp_path)
    lines(tmp_path / "r.csv", [ROSTER, rows[4], *rows[:3], [*rows[3][:3], "搬家"]])
    report = run(hub, "civil_affairs", tmp_path)
    assert (report.accepted, report.withdrawn, report.total("unchanged")) == (1, 0, 4)


def test_a_row_that_becomes_unusable_keeps_its_last_good_evidence(tmp_path: Path) -> None:
    header = [*ROSTER[:3], "户籍地址", "性别"]
    lines(tmp_path / "r.csv", [header, *[[*row, "男"] for row in people(2)]])
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", tmp_path)
    long = "某" * 3000
    lines(tmp_path / "r.csv", [header, *[[*row[:3], long, "男"] for row in people(2)]])
    report = run(hub, "civil_affairs", tmp_path)
    assert (report.reasons, report.withdrawn) == ({"row.form": 2}, 0)
    asides = hub.put_aside("civil_affairs")["residents"]
    assert {aside["record"] for aside in asides} == set(hub.live("civil_affairs", "residents"))


@pytest.mark.parametrize(
    ("encoding", "damaged", "reason"),
    [
        ("gb18030", lambda line: line.replace("村".encode("gb18030"), b"\xff"), ("row.encoding", "户籍地址")),
        ("utf-8", lambda line: line.replace("村".encode(), b"\xe6\x9d"), ("row.encoding", "户籍地址")),
        ("utf-16", lambda line: line.replace("村".encode("utf-16-le"), b"\x00\xd8"), ("row.broken-text", "户籍地址")),
        ("utf-8", lambda line: line.replace("村".encode(), b",3"), ("row.column-count", "")),
    ],
)
def test_a_row_of_which_one_cell_is_damaged_keeps_its_last_good_evidence(
    tmp_path: Path, encoding: str, damaged: Callable[[bytes], bytes], reason: tuple[str, str]
) -> None:
    rows = [[*row[:3], f"桃源{'村' if place == 2 else '镇'}"] for place, row in enumerate(people(5))]
    path = lines(tmp_path / "r.csv", [[*ROSTER[:3], "户籍地址"], *rows], encoding)
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", tmp_path)
    path.write_bytes(damaged(path.read_bytes()))
    report = run(hub, "civil_affairs", tmp_path)
    [told] = report.exports[0].unusable_rows
    assert (told["row"], told["code"], told["column"]) == (3, *reason)
    assert (report.withdrawn, len(hub.live("civil_affairs", "residents"))) == (0, 5)


def test_an_empty_snapshot_is_refused_unless_it_is_meant(tmp_path: Path) -> None:
    lines(tmp_path / "r.csv", [ROSTER, *people(3)])
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", tmp_path)
    lines(tmp_path / "r.csv", [ROSTER])
    with pytest.raises(Refused) as refused:
        run(hub, "civil_affairs", tmp_path)
    assert refused.value.code == "adapters.empty-snapshot"
    assert len(hub.live("civil_affairs", "residents")) == 3
    assert run(hub, "civil_affairs", tmp_path, allow_empty=True).withdrawn == 3


def test_an_export_that_lost_most_of_its_records_is_refused_unless_it_is_meant(tmp_path: Path) -> None:
    lines(tmp_path / "r.csv", [ROSTER, *people(50)])
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", tmp_path)
    lines(tmp_path / "r.csv", [ROSTER, *people(24)])
    with pytest.raises(Refused) as refused:
        run(hub, "civil_affairs", tmp_path)
    assert refused.value.code == "adapters.shrunken-snapshot"
    assert refused.value.facts == {"live": 50, "left": 24, "missing": 26}
    assert len(hub.live("civil_affairs", "residents")) == 50
    assert run(hub, "civil_affairs", tmp_path, allow_shrink=True).withdrawn == 26


def test_a_month_cut_short_does_not_end_the_other_households(tmp_path: Path) -> None:
    header = ["户主姓名", "身份证号", "低保证号", "保障类别"]
    households = [[f"户主{place}", "无", f"DB{place}", "城市"] for place in range(60)]
    hub = hub_for("low_income")
    workbook(tmp_path / "9.xlsx", [["2026年9月低保"], header, *households])
    run(hub, "low_income", tmp_path)
    workbook(tmp_path / "10.xlsx", [["2026年10月低保"], header, *households[:20]])
    with pytest.raises(Refused) as refused:
        run(hub, "low_income", tmp_path)
    assert refused.value.code == "adapters.shrunken-snapshot"
    assert len(hub.live("low_income", "households")) == 60


def test_each_month_is_a_snapshot_and_a_household_that_is_missing_has_ended(tmp_path: Path) -> None:
    header = ["户主姓名", "身份证号", "低保证号", "保障类别"]
    a, b = ["张伟", "330199196605140016", "DB1", "城市"], ["李娜", "33019919580312002X", "DB2", "农村"]
    hub = hub_for("low_income")
    workbook(tmp_path / "9.xlsx", [["2026年9月低保"], header, a, b])
    workbook(tmp_path / "10.xlsx", [["2026年10月低保"], header, a])
    report = run(hub, "low_income", tmp_path)
    assert [claims["month"] for claims in hub.claims("low_income", "households")] == ["2026-10"]
    assert sorted(reason for _, _, reason in hub.chain("low_income").withdrawn) == ["gone", "superseded"]
    assert (report.read, report.accepted, report.withdrawn) == (3, 3, 2)
    workbook(tmp_path / "11.xlsx", [["2026年11月低保"], header, a, b])
    again = run(hub, "low_income", tmp_path)
    assert {claims["month"] for claims in hub.claims("low_income", "households")} == {"2026-11"}
    assert again.exports[0].skipped["period-before-the-one-in-force"] == 2
    assert (again.accepted, again.withdrawn) == (2, 1)


def test_beside_a_file_that_cannot_be_read_what_is_new_goes_in_and_nothing_is_withdrawn(tmp_path: Path) -> None:
    hub, folder = hub_for("civil_affairs"), tmp_path / "in"
    folder.mkdir()
    workbook(folder / "a.xlsx", [ROSTER, *people(3)])
    workbook(folder / "b.xlsx", [ROSTER, *people(3, 3)])
    run(hub, "civil_affairs", folder)
    (folder / "b.xlsx").write_bytes(b"")
    workbook(folder / "a.xlsx", [ROSTER, *people(2), *people(1, 6), ["", "无9", "", ""]])
    for accepted in (1, 0):
        with pytest.raises(Malformed) as told:
            run(hub, "civil_affairs", folder)
        assert told.value.code == "adapters.file-empty"
        assert "b.xlsx" in told.value.en
        assert told.value.facts == {"unreadable": 1, "read": 4, "accepted": accepted, "withdrawn": 0}
    assert len(hub.claims("civil_affairs", "residents")) == 7
    (folder / "b.xlsx").unlink()
    report = run(hub, "civil_affairs", folder)
    assert (report.withdrawn, report.unusable) == (4, 1)
    assert len(hub.claims("civil_affairs", "residents")) == 3


def test_two_adapters_of_one_registry_at_once_lose_and_double_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_run, "LINES_PER_BATCH", 7)
    header = ["DEAD_ID", "NAME", "ID_CARD", "DEATH_DATE"]
    for part in ("a", "b"):
        (tmp_path / part).mkdir()
        rows = [[f"{part}{place}", "张伟", "无", "2026-01-02"] for place in range(60)]
        lines(tmp_path / part / "f.csv", [header, *rows])
    hub = hub_for("funeral")
    faults: list[BaseException] = []

    def go(part: str) -> None:
        try:
            run(hub, "funeral", tmp_path / part)
        except BaseException as fault:  # noqa: BLE001 - told by the test's own thread
            faults.append(fault)

    threads = [threading.Thread(target=go, args=(part,)) for part in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert len(hub.live("funeral", "funerals")) == 120


@pytest.mark.usefixtures("small_batches")
def test_a_batch_that_is_there_before_the_one_it_follows_goes_again(tmp_path: Path) -> None:
    lines(tmp_path / "r.csv", [ROSTER, *people(35)])
    hub, answers = hub_for("civil_affairs"), []
    first_was_answered, second_was_answered, places = threading.Event(), threading.Event(), itertools.count(1)
    answered = hub.answer

    def answer(request: httpx.Request) -> httpx.Response:
        if not request.url.path.endswith("/batches"):
            return answered(request)
        place = next(places)
        if place == 1:
            assert second_was_answered.wait(10)
        if place == 3:  # the second again, however fast it comes
            assert first_was_answered.wait(10)
        answers.append(answered(request))
        if place == 1:
            first_was_answered.set()
        if place == 2:
            second_was_answered.set()
        return answers[-1]

    hub.answer = answer  # type: ignore[method-assign]
    report = run(hub, "civil_affairs", tmp_path)
    assert [each.status_code for each in answers] == [409, 200, 200, 200, 200]
    assert (report.accepted, report.exports[0].batches) == (35, 4)
    assert len(hub.live("civil_affairs", "residents")) == 35


@pytest.mark.usefixtures("small_batches")
def test_when_a_batch_cannot_be_kept_the_one_after_it_is_not_either(tmp_path: Path) -> None:
    lines(tmp_path / "r.csv", [ROSTER, *people(35)])
    hub = hub_for("civil_affairs")

    def only_the_first(manifest: dict[str, Any]) -> None:
        if manifest["sequence"] == 2:
            raise Malformed("intake.other", "Something is wrong with it.", "其他。")

    hub.on_batch = only_the_first
    with pytest.raises(Malformed, match=r"intake\.other"):
        run(hub, "civil_affairs", tmp_path)
    assert hub.chain("civil_affairs").sequence == 1
    hub.on_batch = lambda _manifest: None
    assert run(hub, "civil_affairs", tmp_path).accepted == 25


def test_a_hub_that_objects_to_something_else_is_not_asked_again(tmp_path: Path) -> None:
    lines(tmp_path / "r.csv", [ROSTER, *people(1)])
    hub = hub_for("civil_affairs")
    hub.on_batch = lambda _manifest: (_ for _ in ()).throw(
        Conflict("intake.other", "Something else entirely.", "其他。")
    )
    with pytest.raises(Conflict):
        run(hub, "civil_affairs", tmp_path)


@pytest.mark.parametrize("page", [b"<html>sign in</html>", b"[]", b"{}", b'{"id":7}'])
def test_a_page_that_answers_in_place_of_the_hub_is_said_to_be_none(page: bytes) -> None:
    answer = httpx.MockTransport(lambda _request: httpx.Response(200, content=page))
    client = HubClient("http://hub.test", party="dept:civil-affairs", signer=SIGNER, transport=answer, patience=QUICK)
    with closing(client), pytest.raises(Broken) as refusal:
        client.cursor("civil_affairs")
    assert refusal.value.code == "adapters.hub-answer"


def test_a_hub_that_stays_away_ends_the_run_and_the_next_one_goes_on(tmp_path: Path) -> None:
    lines(tmp_path / "r.csv", [ROSTER, *people(3)])
    hub = hub_for("civil_affairs")
    hub.plan = ["503"] * 20
    with pytest.raises(Unavailable) as refused:
        run(hub, "civil_affairs", tmp_path)
    assert (refused.value.code, refused.value.facts["heard"]) == ("adapters.hub-away", "HTTP 503 storage.database-away")
    hub.plan = []
    assert run(hub, "civil_affairs", tmp_path).accepted == 3


def test_a_hub_that_has_answered_is_waited_for_longer_than_an_address_that_never_did(tmp_path: Path) -> None:
    lines(tmp_path / "r.csv", [ROSTER, *people(3)])
    told: list[None] = []
    through = Patience(attempts=2, first_seconds=0.001, longest_seconds=0.001, outage_seconds=60.0)
    options = Options(patience=through, waiting=lambda: told.append(None))

    def pushed(url: str) -> PushReport:
        return push("civil-affairs", tmp_path, hub_url=url, signer=SIGNER, record_key=RECORD_KEY, options=options)

    hub = hub_for("civil_affairs")
    hub.plan = ["503"] * 20
    with hub.serving() as url:
        assert pushed(url).accepted == 3
    assert len(told) == 1
    with pytest.raises(Unavailable, match="hub-away"):
        pushed(url)


def test_over_a_real_socket_with_progress_and_the_whole_api(tmp_path: Path) -> None:
    lines(tmp_path / "r.csv", [ROSTER, *people(600)])
    hub = hub_for("civil_affairs")
    told: list[Progress] = []
    with hub.serving() as url:
        report = push(
            "civil-affairs",
            str(tmp_path),
            hub_url=url,
            signer=SIGNER,
            record_key=RECORD_KEY,
            progress=told.append,
        )
    assert report.accepted == len(hub.live("civil_affairs", "residents"))
    assert (told[0].rows, told[-1].stage, told[-1].rows) == (500, "push", 600)
    figures = report.to_json()
    assert (figures["read"], figures["missing"]) == (600, ["organisations"])
    assert "张" not in str(figures)


def test_nothing_of_a_record_stands_in_clear(tmp_path: Path) -> None:
    lines(tmp_path / "r.csv", [ROSTER, ["张伟", "330199196605140016", "1966-05-14", "桃源村"]])
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", tmp_path)
    [kept] = hub.live("civil_affairs", "residents").values()
    bare = parse_trusted_sd_jwt(kept.token.split("~")[0] + "~")
    assert not {"name", "number", "birth_date"} & bare.claims.keys()
    assert bare.claims["source"] == {}
    assert kept.evidence.claims["status"]["status_list"]["uri"] == "http://hub.test/v1/statuses/civil_affairs/0"


def test_references_say_nothing_and_depend_on_every_part() -> None:
    one = References(b"a" * 32, "land", "kid")
    assert one.record("rights", ("a", "b")) == one.record("rights", ("a", "b"))
    others = [
        one.record("rights", ("a|b", "")),
        one.record("rights", ("a", "b"), 1),
        one.record("other", ("a", "b")),
        References(b"b" * 32, "land", "kid").record("rights", ("a", "b")),
    ]
    assert len({one.record("rights", ("a", "b")), *others}) == 5
    content = {"name": "张伟", "source": {"row": 1}}
    assert one.content(content) == one.content(content | {"source": {"row": 2}})
    assert one.content(content) != References(b"a" * 32, "land", "new").content(content)


def test_a_reference_is_an_hmac_that_never_changes_from_one_version_to_the_next() -> None:
    told = b'["record","land","rights",["a","b"],0]'
    expected = b64url(hmac.digest(b"a" * 32, told, "sha256")[:16])
    assert References(b"a" * 32, "land", "kid").record("rights", ("a", "b")) == expected == "v4zHJRMKjAOq79Aw4cSNSw"


def test_status_places_never_meet() -> None:
    places = {
        (told["status_list"]["uri"], told["status_list"]["idx"])
        for sequence in (1, 2, 49, 50, 51)
        for position in (0, 1, 19_999)
        for told in [status_place("http://h/", "land", sequence, position)]
    }
    assert len(places) == 15
    assert max(index for _, index in places) < 2**20


def test_a_rotated_key_brings_every_record_anew(tmp_path: Path) -> None:
    lines(tmp_path / "r.csv", [ROSTER, *people(3)])
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", tmp_path)
    fresh = generate_signer("ES256")
    hub.register("civil_affairs", default_mapping("civil_affairs").department, fresh.public)
    with hub.serving() as url:
        report = push("civil_affairs", tmp_path, hub_url=url, signer=fresh, record_key=RECORD_KEY)
    assert (report.accepted, report.withdrawn) == (3, 0)
    assert {kept.evidence.key.kid for kept in hub.live("civil_affairs", "residents").values()} == {fresh.public.kid}


def test_a_short_record_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Malformed) as refused:
        push("land", tmp_path, hub_url="http://127.0.0.1:9", signer=SIGNER, record_key=b"short")
    assert refused.value.code == "adapters.record-key"


def test_pending_lines_leave_no_file_behind(tmp_path: Path) -> None:
    source, work = tmp_path / "source", tmp_path / "work"
    source.mkdir()
    work.mkdir()
    lines(source / "r.csv", [ROSTER, *people(5)])
    hub = hub_for("civil_affairs")
    run(hub, "civil_affairs", source, folder=work)
    assert list(work.iterdir()) == []
    assert QUICK.attempts
    assert batch.MANIFEST_TYP == "batch-manifest+jwt"
