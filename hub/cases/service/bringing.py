"""Materials brought once: a paper becomes sealed evidence, signed by the service that took it in."""

import hashlib
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, BinaryIO, Final

from sqlmodel import Session

from hub.cases.model import Brought, BroughtMaterial, Case, Checklist, Item, ItemState
from hub.cases.rules.checklist import checklist_of, item_of
from hub.cases.rules.uploads import require_media_type
from hub.cases.service.evidence import CLEAR, KeptToken, keep_token, last_instant_in, require_verified
from hub.cases.service.looking import Lookout
from hub.cases.service.mandates import require_actable, require_mandate
from hub.cases.service.people import resolved_again, whose
from hub.cases.service.scanning import parts_of
from hub.cases.service.surroundings import Surroundings, no_such_material, require_case
from hub.cases.store import CaseStore, StoredFile
from hub.catalogue.model import APPLICANT, BROUGHT_VCT, BroughtKind
from hub.catalogue.schemas import validator_for
from hub.errors import Malformed, Missing, Refused
from hub.evidence.model import Status
from hub.kernel.ids import new_id
from hub.proof.sdjwt import SdJwt

BROUGHT: Final = "brought-material"


@dataclass(frozen=True)
class Upload:
    """A file for one material of a case: its bytes as they come, and the evidence the taking service signed for it."""

    material_id: str
    evidence: str = field(repr=False)
    parts: Iterable[bytes] = field(repr=False)
    filename: str = ""
    role: str = APPLICANT
    position: int = 1


@dataclass(frozen=True)
class Paper:
    """A paper brought earlier, opened for a case it may serve."""

    evidence: str = field(repr=False)
    content: bytes = field(repr=False)
    media_type: str = ""


@dataclass(frozen=True)
class _Taken:
    """An upload that was read, measured and found harmless."""

    file: BinaryIO
    digest: str
    size: int
    media_type: str


class Bringing:
    """Takes papers in and finds them again."""

    def __init__(self, around: Surroundings, lookout: Lookout) -> None:
        self._around = around
        self._lookout = lookout

    def bring(self, consumer: str, number: str, upload: Upload) -> Checklist:
        """The paper is kept as evidence of whoever it is about, and delivered for this case.

        1. The evidence is a ``brought-material`` SD-JWT signed by this consumer, in the published shape.
        2. Its kind is the one the material takes; it is not ended and not older than its kind allows.
        3. The file has the size and digest the evidence says, is not empty, and is what its name and type say.
        4. The scanner does not object.
        5. Whom the evidence names is the participant it is brought for.
        6. File, evidence, link, delivery and log entry are kept in one transaction; a known file is not stored again.

        Raises:
            Malformed, Refused, Missing, Conflict, Unavailable: the code says which step.
        """
        around = self._around
        evidence = self._verified(upload.evidence, consumer)
        with around.database.reading() as session:
            case = require_case(CaseStore(session), consumer, number)
            require_actable(around, session, case)
            kind = self._kind(case, upload.material_id, evidence.claims)
        with io.BytesIO() as spooled:  # never a file: a paper does not lie unsealed on a disk
            taken = self._taken(spooled, upload, kind, evidence.claims)
            with around.database.writing() as session:
                return self._keep(session, (consumer, number), upload, (evidence, taken))

    def _verified(self, token: str, consumer: str) -> SdJwt:
        evidence = require_verified(self._around, token)
        claims = evidence.claims
        if claims.get("iss") != consumer:
            raise Refused(
                "cases.not-your-evidence",
                "The evidence is signed by another party; sign it as the taking service.",
                "凭证由其他参与方签名；请以收件系统的名义签名。",
            )
        form = {key: value for key, value in claims.items() if key not in CLEAR}
        faults = validator_for(BROUGHT)(form)
        if claims.get("vct") != BROUGHT_VCT or faults:
            where = faults[0].path if faults else "vct"
            raise Malformed(
                "cases.bad-brought-evidence",
                f"The evidence is not in the shape of {BROUGHT_VCT}: {where}.",
                f"凭证不符合 {BROUGHT_VCT} 的格式：{where}。",
            )
        return evidence

    def _kind(self, case: Case, material_id: str, claims: Mapping[str, Any]) -> BroughtKind:
        matter = self._around.matter_of(case)
        material = matter.material_for(material_id)
        if material is None:
            raise no_such_material()
        kind = self._around.catalogue.catalogue_of(case.edition_id).kind_by_id.get(claims["kind"])
        if kind is None or kind.id not in material.kinds_taken:
            raise Malformed(
                "cases.wrong-kind",
                f"The material takes: {', '.join(sorted(material.kinds_taken)) or 'no file'}.",
                f"该材料只接受：{'、'.join(sorted(material.kinds_taken)) or '不接受文件'}。",
                material=material_id,
            )
        _require_current(claims, kind, self._around.today)
        return kind

    def _taken(self, spooled: BinaryIO, upload: Upload, kind: BroughtKind, claims: Mapping[str, Any]) -> _Taken:
        digest, size = _received(spooled, upload.parts, kind.max_bytes)
        if (digest, size) != (claims["content_digest"], claims["size"]):
            raise Malformed(
                "cases.not-this-file",
                "The file is not the one the evidence names: size or digest differ.",
                "文件不是凭证所指的文件：大小或摘要不符。",
            )
        media_type = require_media_type(
            spooled,
            claimed=claims["media_type"],
            filename=upload.filename,
            allowed=kind.media_types,
        )
        self._around.scanner.scan(spooled)
        return _Taken(spooled, digest, size, media_type)

    def _keep(
        self, session: Session, place: tuple[str, str], upload: Upload, brought: tuple[SdJwt, _Taken]
    ) -> Checklist:
        around, evidence = self._around, brought[0]
        store = CaseStore(session)
        case = require_case(store, *place, locked=True)
        require_actable(around, session, case)
        world = self._lookout.world(session, case)
        case, before = world.case, item_of(world, upload.material_id)
        subject_id = self._whose(session, case, upload, evidence.claims)
        reused = False
        if subject_id is not None:
            reused = self._link(session, case, subject_id, brought)
        in_vain = _in_vain(before)
        store.deliver(case.case_id, upload.material_id, on=around.today, kind=evidence.claims["kind"], in_vain=in_vain)
        codes = {
            "material": upload.material_id,
            "paper_kind": evidence.claims["kind"],
            "stored": not reused,
            "in_vain": bool(in_vain),
        }
        around.record(session, case, "brought", case.consumer, codes)
        return checklist_of(self._lookout.after_delivery(session, world, upload.material_id))

    def _whose(self, session: Session, case: Case, upload: Upload, claims: Mapping[str, Any]) -> str | None:
        """The participant, when the evidence names exactly that subject; else the paper serves this case only."""
        people = case.subjects_in(upload.role)
        person = next((each for each in people if each.position == upload.position), None)
        if person is None:
            raise Missing("cases.no-such-person", "Nobody has this role in the case.", "该办件中没有人担任此角色。")
        return whose(self._around, session, case, person, claims.get("subject") or {})

    def _link(self, session: Session, case: Case, subject_id: str, brought: tuple[SdJwt, _Taken]) -> bool:
        """True when the same file was stored already."""
        around, (evidence, taken) = self._around, brought
        store, claims = around.brought(session), evidence.claims
        file = around.blinder.digest("brought-file", taken.digest)
        stored = StoredFile(file, taken.size, taken.media_type, around.scanner.name)
        if store.has_paper(subject_id, claims["kind"], file, case.consumer):
            return True
        is_new = store.keep_file(stored, parts_of(taken.file), at=around.clock.now())
        evidence_id = keep_token(around, session, KeptToken(evidence, BROUGHT, subject_id, last_instant_in(claims)))
        paper = BroughtMaterial(
            new_id("mat"),
            subject_id,
            claims["kind"],
            evidence_id,
            claims.get("issuer", ""),
            _day(claims.get("issued_on")),
            _day(claims.get("valid_until")),
            around.today,
            case.number,
            case.consumer,
        )
        store.link(paper, file, case_id=case.case_id)
        return not is_new

    def earlier_paper(self, consumer: str, number: str, material_id: str) -> Paper:
        """The paper that satisfies a material of this case by the rule for using it again; opening it is logged.

        Raises:
            Missing: the material is not satisfied by a paper brought earlier.
        """
        around = self._around
        with around.database.writing() as session:
            case = require_case(CaseStore(session), consumer, number, locked=True)
            world = self._lookout.world(session, case)
            evidence_id = _earlier_evidence(item_of(world, material_id))
            paper = _paper_with(world.brought, evidence_id)
            stored = around.brought(session).file_of(paper.subject_id, paper.material_id)
            held = [
                each
                for each in around.evidence(session).of_subjects([paper.subject_id], [BROUGHT])
                if each.evidence_id == evidence_id
            ]
            if stored is None or not held:
                raise _no_paper()
            content = b"".join(around.brought(session).parts_of(stored.file))
            around.record(
                session, case, "paper-used-again", consumer, {"material": material_id, "paper_kind": paper.kind}
            )
            return Paper(around.evidence(session).open(held[0]).token, content, stored.media_type)

    def papers(self, consumer: str, number: str) -> list[BroughtMaterial]:
        """What the people of the case brought and did not take back, as far as it concerns this service.

        That is: papers it took in itself, and kinds that may serve this matter's purpose (国令716 article 7).
        """
        around = self._around
        with around.database.reading() as session:
            case = resolved_again(around, session, require_case(CaseStore(session), consumer, number))
            brought = around.brought(session).brought_by(case.subject_ids)
        return self._spoken_of(case, [paper for papers in brought.values() for paper in papers])

    def _spoken_of(self, case: Case, papers: Iterable[BroughtMaterial]) -> list[BroughtMaterial]:
        kinds = self._around.catalogue.catalogue_of(case.edition_id).kind_by_id
        purpose = self._around.matter_of(case).purpose
        return [
            paper
            for paper in papers
            if paper.consumer == case.consumer or (paper.kind in kinds and kinds[paper.kind].serves(purpose))
        ]

    def withdraw(self, consumer: str, number: str, paper_id: str) -> None:
        """The subject takes a paper back; it serves no later case, and its evidence is shown as withdrawn.

        Raises:
            Missing: nobody of this case brought such a paper, or it does not concern this service.
            Refused: the agent's mandate does not cover the case any more.
        """
        around = self._around
        with around.database.writing() as session:
            case = require_case(CaseStore(session), consumer, number, locked=True)
            require_mandate(around, session, case)
            case = resolved_again(around, session, case)
            brought = around.brought(session).brought_by(case.subject_ids)
            spoken_of = self._spoken_of(case, (paper for papers in brought.values() for paper in papers))
            for subject_id in {paper.subject_id for paper in spoken_of if paper.material_id == paper_id}:
                evidence_id = around.brought(session).withdraw(subject_id, paper_id, on=around.today)
                if evidence_id:
                    around.evidence(session).end([evidence_id], Status.withdrawn, "by-subject", around.clock.now())
                    around.record(session, case, "paper-withdrawn", consumer, {"paper": paper_id})
                    return
        raise _no_paper()


def _require_current(claims: Mapping[str, Any], kind: BroughtKind, today: date) -> None:
    issued, until = _day(claims.get("issued_on")), _day(claims.get("valid_until"))
    too_old = issued is not None and kind.max_age_days is not None and (today - issued).days > kind.max_age_days
    if (until is not None and until < today) or too_old:
        raise Refused(
            "cases.paper-expired",
            "The paper is no longer valid; bring a current one.",
            "材料已过期；请提交有效的材料。",
            kind=kind.id,
        )
    if issued is not None and issued > today:
        raise Malformed(
            "cases.issued-in-future", "The paper is dated in the future.", "材料日期晚于今天，请核对。", kind=kind.id
        )
    if kind.issuers and claims.get("issuer", "") not in kind.issuers:
        raise Refused(
            "cases.issuer-not-accepted",
            f"Accepted issuers: {', '.join(kind.issuers)}.",
            f"出具单位不符合要求；认可的单位：{'、'.join(kind.issuers)}。",
        )


def _received(spooled: BinaryIO, parts: Iterable[bytes], most: int) -> tuple[str, int]:
    """Digest and size of the upload, now in ``spooled``; stops reading as soon as it is too large."""
    digest, size = hashlib.sha256(), 0
    for part in parts:
        size += len(part)
        if size > most:
            raise Malformed(
                "cases.too-large",
                f"At most {most} bytes are taken for this material.",
                f"该材料的文件最大 {most} 字节。",
                most=most,
            )
        digest.update(part)
        spooled.write(part)
    if size == 0:
        raise Malformed("cases.empty-file", "The file is empty; scan the paper again.", "文件为空，请重新扫描。")
    return digest.hexdigest(), size


def _in_vain(before: Item | None) -> str | None:
    """The type the hub held, or could have held, when the paper was asked for all the same."""
    if before is None or not (before.is_spared or before.could_have):
        return None
    if before.state is ItemState.brought_earlier:
        return BROUGHT
    return before.sources[0].type if before.sources else "not-permitted"


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _earlier_evidence(item: Item | None) -> str:
    if item is None or item.state is not ItemState.brought_earlier:
        raise _no_paper()
    return next(source.evidence_id for source in item.sources if source.case_number)


def _paper_with(papers: Brought, evidence_id: str) -> BroughtMaterial:
    found = [each for several in papers.values() for each in several if each.evidence_id == evidence_id]
    if not found:
        raise _no_paper()
    return found[0]


def _no_paper() -> Missing:
    return Missing(
        "cases.no-earlier-paper",
        "No paper brought earlier serves here; see the checklist.",
        "此前提交的材料在此处都用不上；请查看材料清单。",
    )
