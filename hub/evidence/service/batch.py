"""The lines of one batch, taken in by the thousand inside the batch's transaction."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, Protocol

from sqlmodel import Session

from hub.evidence.lines import Expectation
from hub.evidence.model import BatchAnswer, Line, Link, Manifest, Mode, Status, Unusable, Usable, Withdrawal
from hub.evidence.rules import DEATH_TYPES, death_in, kin_of, named_in, reversed_deaths
from hub.evidence.store import EvidenceStore, NewEvidence, QuarantineStore, Standing, Vault
from hub.identity.model import Mention, Placement
from hub.kernel.ids import new_id

CHUNK: Final = 500
REPLACED: Final = "replaced"


class Identity(Protocol):
    """What intake asks of identity: whose each mention is, and to forget mentions that no longer stand."""

    def place(self, session: Session, mentions: Sequence[Mention]) -> Sequence[Placement]:
        """The subject of each mention, in their order."""
        ...

    def forget(self, session: Session, records: Sequence[str], *, replaced: bool = False) -> None:
        """Nothing those records said counts any longer; ``replaced``: they say something else next."""
        ...


class Intake:
    """One batch under way. What a chunk brings is kept before the next chunk is read, so memory stays bounded."""

    def __init__(
        self, session: Session, manifest: Manifest, expected: Expectation, vault: Vault, identity: Identity
    ) -> None:
        self._session = session
        self._manifest = manifest
        self._expected = expected
        self._vault = vault
        self._identity = identity
        self._held = EvidenceStore(session, vault)
        self._aside = QuarantineStore(session, vault)
        self._seen: Counter[str] = Counter()
        self._reasons: Counter[str] = Counter()
        self._touched: set[str] = set()
        self._tells_deaths = expected.shape.type in DEATH_TYPES
        self._answer = BatchAnswer(manifest.registry, manifest.sequence, manifest.digest)

    def take(self, lines: Iterable[Line]) -> None:
        """Every line is taken in or put aside.

        Two lines about one record are taken in one after the other: the later corrects the earlier.
        """
        chunk: list[Line] = []
        records: set[str] = set()
        for line in lines:
            if len(chunk) >= CHUNK or (line.record is not None and line.record in records):
                self._keep(chunk)
                chunk, records = [], set()
            chunk.append(line)
            if line.record is not None:
                records.add(line.record)
        self._keep(chunk)

    def finish(self) -> BatchAnswer:
        """What became of the batch, once all lines were read."""
        if self._manifest.mode is Mode.full:
            self._aside.release_before(self._manifest)
            self._answer = replace(self._answer, live=self._held.living(self._manifest.registry, self._manifest.export))
        self._judge_deaths()
        return replace(self._answer, quarantined=self._reasons.total(), reasons=dict(self._reasons))

    def _keep(self, chunk: Sequence[Line]) -> None:
        usable = [line for line in chunk if isinstance(line, Usable)]
        withdrawn = [line for line in chunk if isinstance(line, Withdrawal)]
        records = [line.record for line in usable] + [line.record for line in withdrawn]
        stands = self._held.standing(self._manifest.registry, records) if records else {}
        self._withdraw([line for line in withdrawn if line.record in stands], stands)
        self._take_in(usable, stands)
        if records:
            self._aside.release(self._manifest, records)
        self._put_aside([line for line in chunk if isinstance(line, Unusable)])

    def _put_aside(self, lines: Sequence[Unusable]) -> None:
        if lines:
            self._aside.keep(self._manifest, lines, self._seen, self._expected.now)
            self._reasons.update(line.code for line in lines)

    def _withdraw(self, lines: Sequence[Withdrawal], stands: dict[str, Standing]) -> None:
        if not lines:
            return
        self._touch([stands[line.record].evidence_id for line in lines])
        for reason in sorted({line.reason for line in lines}):
            ids = [stands[line.record].evidence_id for line in lines if line.reason == reason]
            self._held.end(ids, Status.withdrawn, reason, self._expected.now)
        self._identity.forget(self._session, [line.record for line in lines])
        self._answer = replace(self._answer, withdrawn=self._answer.withdrawn + len(lines))

    def _take_in(self, lines: Sequence[Usable], stands: dict[str, Standing]) -> None:
        new = [line for line in lines if not _is_same(line, stands.get(line.record))]
        replaced = [line.record for line in new if line.record in stands]
        if replaced:
            ids = [stands[record].evidence_id for record in replaced]
            self._touch(ids)
            self._held.end(ids, Status.superseded, REPLACED, self._expected.now)
            self._identity.forget(self._session, replaced, replaced=True)
        if new:
            self._place(new)
        self._answer = replace(
            self._answer,
            accepted=self._answer.accepted + len(new),
            unchanged=self._answer.unchanged + len(lines) - len(new),
        )

    def _place(self, lines: Sequence[Usable]) -> None:
        rows = [self._row(line) for line in lines]
        self._held.keep(rows)
        mentions, owners = [], []
        for line, row in zip(lines, rows, strict=True):
            for mention in self._mentions(line):
                mentions.append(mention)
                owners.append(row.evidence_id)
        if not mentions:
            return
        placements = self._identity.place(self._session, mentions)
        links = [
            Link(placed.subject_id, owner, mention.role)
            for placed, owner, mention in zip(placements, owners, mentions, strict=True)
            if placed.subject_id is not None
        ]
        self._held.link(links)
        self._count(placements)
        if self._tells_deaths:
            self._touched.update(link.subject_id for link in links)

    def _mentions(self, line: Usable) -> Iterator[Mention]:
        named = list(named_in(self._expected.shape, line.form))
        for each in named:
            yield Mention(
                record=line.record,
                registry=self._manifest.registry,
                export=self._manifest.export,
                role=each.role,
                kind=each.kind,
                fields=each.fields,
                row=line.row,
                key=str(line.form.get("source", {}).get("key", "")),
                kin=kin_of(each, named),
                as_of=line.as_of,
            )

    def _count(self, placements: Sequence[Placement]) -> None:
        outcomes = Counter(placed.outcome.value for placed in placements)
        answer = self._answer
        self._answer = replace(
            answer,
            subjects_new=answer.subjects_new + outcomes["new"],
            links=answer.links + outcomes["linked"],
            reviews=answer.reviews + outcomes["review"],
        )

    def _row(self, line: Usable) -> NewEvidence:
        evidence_id = new_id("ev")
        manifest = self._manifest
        return NewEvidence(
            evidence_id=evidence_id,
            registry=manifest.registry,
            export=manifest.export,
            record=line.record,
            content=line.content,
            type=self._expected.shape.type,
            issuer=manifest.issuer,
            kid=line.kid,
            batch=manifest.sequence,
            line=line.line,
            as_of=line.as_of,
            valid_from=line.valid_from,
            valid_until=line.valid_until,
            kept_at=self._expected.now,
            list_uri=line.status_uri,
            list_index=line.status_index,
            tells_reversal=line.form.get("is_reversed") is True,
            household=self._household(line),
            digest=line.digest,
            sealed=self._vault.seal(evidence_id, line.token),
        )

    def _household(self, line: Usable) -> bytes | None:
        head = line.form.get("head_number")
        return self._vault.household(head) if isinstance(head, str) else None

    def _touch(self, evidence_ids: Sequence[str]) -> None:
        if self._tells_deaths:
            self._touched.update(link.subject_id for link in self._held.links_of(evidence_ids))

    def _judge_deaths(self) -> None:
        """Deaths of everybody whom this batch touched are taken back, or stand again, as the reversals say now."""
        subjects = self._held.with_reversals(sorted(self._touched)) if self._touched else []
        for subject in subjects:
            held = self._held.deaths_of([subject])
            deaths = [death_in(each.evidence_id, self._held.open(each).claims) for each in held]
            taken_back = reversed_deaths(death for death in deaths if death is not None)
            now = self._expected.now
            down = [each.evidence_id for each in held if each.evidence_id in taken_back]
            up = [e.evidence_id for e in held if e.status is Status.reversed and e.evidence_id not in taken_back]
            self._held.end(down, Status.reversed, "death-taken-back", now)
            self._held.end(up, Status.valid, "", now)


def _is_same(line: Usable, stands: Standing | None) -> bool:
    """True when the evidence says what stands already, under the same key: a rotated key brings evidence anew."""
    return stands is not None and (stands.content, stands.kid) == (line.content, line.kid)
