"""What an applicant brings once is evidence afterwards: for later cases by rule, never for an unrelated purpose."""

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from hub.cases.model import ItemState
from hub.cases.rules.uploads import DOCX, XLSX, media_type_of
from hub.cases.service import Upload
from hub.cases.service.scanning import EICAR, ClamdScanner, SignatureScanner
from hub.errors import Conflict, Malformed, Missing, Refused, Unavailable
from tests.cases.conftest import NOW, PDF, County, person

AID = "svc:low-income-aid"
FUNERAL = "svc:funeral-subsidy"
ESTATE = "svc:real-estate-window"
JPEG = b"\xff\xd8\xff\xe0" + b"0" * 200


@pytest.fixture
def aid(county: County) -> County:
    county.hold("resident", "A", name="某", number="A")
    county.open(AID, "low-income-aid", "L-1")
    return county


def files(county: County) -> int:
    with county.database.reading() as session:
        return session.connection().exec_driver_sql("SELECT count(*) FROM brought_file").scalar_one()


def test_what_was_brought_is_delivered_and_the_next_case_finds_it(aid: County) -> None:
    checklist = aid.bring(AID, "L-1", "income-proof", "income-proof", issuer="某单位", issued_on="2026-11-01")
    assert checklist.item_for("income-proof").state is ItemState.delivered
    second = aid.open(AID, "low-income-aid", "L-2").checklist.item_for("income-proof")
    assert second.state is ItemState.brought_earlier
    assert "L-1" in second.reason.en
    assert second.sources[0].case_number == "L-1"


def test_the_second_matter_asks_for_nothing_that_the_first_one_brought(county: County) -> None:
    county.subject("A")
    county.open(AID, "low-income-aid", "L-1")
    for material, kind in (("household-identity", "household-book"), ("income-proof", "income-proof")):
        county.bring(AID, "L-1", material, kind)
    second = county.open(FUNERAL, "funeral-subsidy", "F-1", ("deceased", "A")).checklist
    assert second.item_for("identity").state is ItemState.brought_earlier
    assert not {item.kind for item in second.asked} & {"household-book", "income-proof"}


def test_what_somebody_brought_and_promised_is_theirs_when_they_are_merged_into_another(aid: County) -> None:
    """A merge rewrites no row: what stands under the old id, also that of a merge before, is found from the new one."""
    aid.bring(AID, "L-1", "income-proof", "income-proof", issued_on="2026-11-01")
    aid.cases.commit_to(AID, "L-1", "other-property")
    aid.subject("C")
    aid.open(AID, "low-income-aid", "L-3", people=(person("applicant", "C"),))
    assert aid.cases.checklist(AID, "L-3").item_for("income-proof").state is ItemState.to_bring
    aid.merge("A", "B")
    aid.merge("B", "C")
    assert aid.cases.checklist(AID, "L-3").item_for("income-proof").state is ItemState.brought_earlier
    assert aid.cases.checklist(AID, "L-1").item_for("other-property").state is ItemState.committed
    assert [paper.kind for paper in aid.cases.papers(AID, "L-3")] == ["income-proof"]
    assert aid.cases.earlier_paper(AID, "L-3", "income-proof").content == PDF
    aid.cases.find_false(AID, "L-1", "other-property")
    assert aid.cases.checklist(AID, "L-3").item_for("other-property").no_commitment.code == "commitment-broken"
    aid.cases.withdraw_paper(AID, "L-3", aid.cases.papers(AID, "L-3")[0].material_id)
    assert aid.cases.checklist(AID, "L-3").item_for("income-proof").state is ItemState.to_bring


def test_never_for_an_unrelated_purpose(county: County) -> None:
    county.subject("A")
    county.open(AID, "low-income-aid", "L-1", answers=(("condition:renting", "yes"),))
    county.bring(AID, "L-1", "rent-contract", "lease")
    with county.database.reading() as session:
        papers = county.around.brought(session).brought_by([county.subject("A")])
    assert [paper.kind for paper in papers[county.subject("A")]] == ["lease"]
    kind = county.catalogue.require_edition_on(county.around.today).catalogue.kind_by_id["lease"]
    assert kind.serves("association-registration")
    assert not kind.serves("marriage-registration")


def test_a_paper_that_grew_too_old_serves_no_more(aid: County) -> None:
    aid.bring(AID, "L-1", "income-proof", "income-proof", issued_on="2026-11-01")
    aid.clock.advance(days=30)
    assert aid.open(AID, "low-income-aid", "L-2").checklist.item_for("income-proof").is_spared
    with aid.database.writing() as session:
        session.connection().exec_driver_sql("UPDATE brought_material SET issued_on = '2026-01-01'")
    item = aid.cases.checklist(AID, "L-2").item_for("income-proof")
    assert item.state is ItemState.to_bring
    assert item.lacking[0].code == "brought-expired"


def test_a_registry_supersedes_what_was_brought(county: County) -> None:
    county.subject("A")
    county.open(AID, "low-income-aid", "L-1")
    county.bring(AID, "L-1", "household-identity", "household-book")
    county.clock.advance(days=2)
    county.hold("resident", "A", name="某")
    item = county.open(AID, "low-income-aid", "L-2").checklist.item_for("household-identity")
    assert item.state is ItemState.held


@pytest.mark.parametrize(("read_at", "state"), [(15, ItemState.brought_earlier), (17, ItemState.to_bring)])
def test_what_a_registry_says_is_newer_by_the_days_of_the_county(
    county: County, read_at: int, state: ItemState
) -> None:
    county.subject("A")
    county.open(AID, "low-income-aid", "L-1")
    county.bring(AID, "L-1", "household-identity", "household-book")
    county.clock.advance(days=2)
    county.hold("resident", {"relative": "A"}, name="某", as_of=NOW.replace(hour=read_at))
    assert county.open(AID, "low-income-aid", "L-2").checklist.item_for("household-identity").state is state


def test_a_paper_is_shown_to_count_until_its_last_day_is_over_in_the_county(aid: County) -> None:
    aid.bring(AID, "L-1", "income-proof", "income-proof", valid_until="2026-11-25")
    (source,) = aid.open(AID, "low-income-aid", "L-2").checklist.item_for("income-proof").sources
    assert source.valid_until.astimezone(UTC).replace(microsecond=0) == datetime(2026, 11, 25, 15, 59, 59, tzinfo=UTC)


def test_what_the_subject_takes_back_serves_no_more(aid: County) -> None:
    aid.bring(AID, "L-1", "income-proof", "income-proof")
    with aid.database.reading() as session:
        (paper,) = aid.around.brought(session).brought_by([aid.subject("A")])[aid.subject("A")]
    aid.cases.withdraw_paper(AID, "L-1", paper.material_id)
    assert aid.open(AID, "low-income-aid", "L-2").checklist.item_for("income-proof").state is ItemState.to_bring
    with pytest.raises(Missing):
        aid.cases.withdraw_paper(AID, "L-1", paper.material_id)


def test_a_paper_brought_earlier_is_opened_for_the_case_it_serves_and_that_is_logged(aid: County) -> None:
    aid.bring(AID, "L-1", "income-proof", "income-proof")
    aid.open(AID, "low-income-aid", "L-2")
    paper = aid.cases.earlier_paper(AID, "L-2", "income-proof")
    assert paper.content == PDF
    assert paper.media_type == "application/pdf"
    assert paper.evidence.count("~") > 3
    assert aid.entries[-1].claims["action"] == "paper-used-again"
    with pytest.raises(Missing):
        aid.cases.earlier_paper(AID, "L-2", "means-authority")


def test_the_file_is_sealed_and_who_issued_it(aid: County) -> None:
    aid.bring(AID, "L-1", "income-proof", "income-proof", issuer="张三的单位")
    with aid.database.reading() as session:
        (sealed,) = session.connection().exec_driver_sql("SELECT sealed FROM brought_chunk").one()
        rows = [
            session.connection().exec_driver_sql(f"SELECT t::text FROM {table} t").scalars().all()
            for table in ("brought_material", "brought_file", "evidence", "case_material", "case_step")
        ]
    assert PDF[:20] not in bytes(sealed)
    assert "张三" not in str(rows)
    assert [paper.issuer for paper in aid.cases.papers(AID, "L-1")] == ["张三的单位"]


def test_the_same_file_brought_by_two_applicants_is_stored_once_and_shared_with_neither(county: County) -> None:
    for number, who in (("L-1", "A"), ("L-2", "B")):
        county.subject(who)
        from tests.cases.conftest import person

        county.open(AID, "low-income-aid", number, people=(person("applicant", who),))
        county.bring(AID, number, "income-proof", "income-proof", subject={"name": "某", "number": who})
    assert files(county) == 1
    with county.database.reading() as session:
        papers = county.around.brought(session).brought_by([county.subject("A"), county.subject("B")])
    assert {subject: len(found) for subject, found in papers.items()} == {
        county.subject("A"): 1,
        county.subject("B"): 1,
    }


def test_the_same_paper_again_is_no_second_paper(aid: County) -> None:
    for _ in range(2):
        aid.bring(AID, "L-1", "income-proof", "income-proof")
    with aid.database.reading() as session:
        assert len(aid.around.brought(session).brought_by([aid.subject("A")])[aid.subject("A")]) == 1


def test_evidence_about_somebody_else_is_refused(aid: County) -> None:
    aid.subject("B")
    with pytest.raises(Refused, match="somebody else"):
        aid.bring(AID, "L-1", "income-proof", "income-proof", subject={"name": "某", "number": "B"})


@pytest.mark.parametrize("seconds", [-1, 61])
def test_evidence_of_a_time_when_its_key_did_not_count_is_refused(aid: County, seconds: int) -> None:
    assert refusal(aid, claims={"iat": aid.instant + seconds}) == "cases.evidence-out-of-time"


def test_evidence_that_names_nobody_serves_this_case_only(aid: County) -> None:
    token = aid.paper(AID, {"subject": {"name": "某"}})
    aid.cases.bring(AID, "L-1", Upload("income-proof", token, [PDF]))
    assert aid.open(AID, "low-income-aid", "L-2").checklist.item_for("income-proof").state is ItemState.to_bring


def refusal(
    county: County, content: bytes = PDF, *, claims: dict | None = None, filename: str = "", signer: str = AID
) -> str:
    token = county.paper(signer, claims or {}, content)
    with pytest.raises((Malformed, Refused)) as refused:
        county.cases.bring(AID, "L-1", Upload("income-proof", token, [content], filename))
    return refused.value.code


def test_uploads_that_are_not_what_they_say(aid: County) -> None:
    assert refusal(aid, b"") == "cases.empty-file"
    assert refusal(aid, b"MZ\x90\x00" * 50) == "cases.type-not-taken"
    assert refusal(aid, JPEG) == "cases.not-what-it-says"
    assert refusal(aid, PDF, filename="scan.jpg") == "cases.not-what-it-says"
    assert refusal(aid, PDF, claims={"size": 5}) == "cases.not-this-file"
    assert refusal(aid, PDF, claims={"content_digest": "0" * 64}) == "cases.not-this-file"
    assert refusal(aid, PDF + EICAR) == "cases.harmful-file"
    assert refusal(aid, PDF, claims={"valid_until": "2020-01-01"}) == "cases.paper-expired"
    assert refusal(aid, PDF, claims={"issued_on": "2020-01-01"}) == "cases.paper-expired"
    assert refusal(aid, PDF, claims={"issued_on": "2030-01-01"}) == "cases.issued-in-future"
    assert refusal(aid, PDF, claims={"kind": "lease"}) == "cases.wrong-kind"
    assert refusal(aid, PDF, claims={"media_type": 5}) == "cases.bad-brought-evidence"
    assert refusal(aid, PDF, signer=FUNERAL) == "cases.not-your-evidence"
    assert files(aid) == 0
    assert aid.cases.checklist(AID, "L-1").item_for("income-proof").state is ItemState.to_bring


def test_two_gigabytes_are_refused_while_they_stream(aid: County) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(2048):
            sent += 1
            yield b"\0" * (1024 * 1024)

    token = aid.paper(AID, {})
    with pytest.raises(Malformed) as refused:
        aid.cases.bring(AID, "L-1", Upload("income-proof", token, endless()))
    assert refused.value.code == "cases.too-large"
    assert sent <= 21


def test_forged_and_unknown_signatures_are_refused(aid: County) -> None:
    token = aid.paper(AID, {})
    from hub.proof.keys import generate_signer

    aid.signers[AID] = generate_signer()
    with pytest.raises(Malformed):
        aid.cases.bring(AID, "L-1", Upload("income-proof", token, [PDF]))


def test_nothing_is_brought_to_a_closed_case_or_an_unknown_material(aid: County) -> None:
    token = aid.paper(AID, {})
    with pytest.raises(Missing):
        aid.cases.bring(AID, "L-1", Upload("nothing", token, [PDF]))
    with pytest.raises(Missing):
        aid.cases.bring(AID, "L-1", Upload("income-proof", token, [PDF], role="heir"))
    aid.cases.deciding.withdraw(AID, "L-1")
    with pytest.raises(Conflict):
        aid.cases.bring(AID, "L-1", Upload("income-proof", token, [PDF]))


def test_a_paper_asked_for_although_the_hub_held_it_is_found(aid: County) -> None:
    aid.bring(AID, "L-1", "household-identity", "household-book")
    with aid.database.reading() as session:
        row = session.connection().exec_driver_sql("SELECT in_vain FROM case_material WHERE in_vain IS NOT NULL").one()
    assert row.in_vain == "urn:hub:evidence:resident:1"


def office(*names: str) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return file


def test_office_files_are_known_by_what_is_in_them() -> None:
    assert media_type_of(office("[Content_Types].xml", "word/document.xml")) == DOCX
    assert media_type_of(office("[Content_Types].xml", "xl/workbook.xml")) == XLSX
    assert media_type_of(office("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin")) is None
    assert media_type_of(office("a.exe")) is None
    assert media_type_of(io.BytesIO(b"PK\x03\x04broken")) is None
    versioned = (
        office("[Content_Types].xml", "word/document.xml").getvalue().replace(b"PK\1\2\x14\3\x14", b"PK\1\2\xff\3\xff")
    )
    assert media_type_of(io.BytesIO(versioned)) is None


def test_the_signature_scanner_sees_across_part_borders() -> None:
    file = io.BytesIO(b"%PDF-" + b"x" * (1024 * 1024 - 30) + EICAR + b"y" * 100)
    with pytest.raises(Refused):
        SignatureScanner().scan(file)
    SignatureScanner().scan(io.BytesIO(PDF))


def test_the_daemon_scanner_speaks_instream() -> None:
    import socketserver
    import threading

    class Daemon(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            assert self.request.recv(10) == b"zINSTREAM\0"
            content = b""
            while size := int.from_bytes(self.request.recv(4, 8) or b"\0"):
                while size:
                    part = self.request.recv(min(size, 65536))
                    content, size = content + part, size - len(part)
            self.request.sendall(b"stream: Eicar FOUND\0" if EICAR in content else b"stream: OK\0")

    with socketserver.TCPServer(("127.0.0.1", 0), Daemon) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        scanner = ClamdScanner("127.0.0.1", server.server_address[1])
        scanner.scan(io.BytesIO(PDF))
        with pytest.raises(Refused):
            scanner.scan(io.BytesIO(EICAR))
        server.shutdown()
    with pytest.raises(Unavailable):
        scanner.scan(io.BytesIO(PDF))


def test_a_tampered_stored_file_is_noticed(aid: County) -> None:
    from hub.errors import Broken

    aid.bring(AID, "L-1", "income-proof", "income-proof")
    aid.open(AID, "low-income-aid", "L-2")
    with aid.database.writing() as session:
        session.connection().exec_driver_sql("UPDATE brought_chunk SET sealed = set_byte(sealed, 60, 1)")
    with pytest.raises(Broken):
        aid.cases.earlier_paper(AID, "L-2", "income-proof")
