"""One bundle of entries checked by itself, which any process can do: form, leaves, and what is kept beside them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from hub.audit import rules
from hub.audit.model import Finding, StoredBundle
from hub.errors import Malformed
from hub.proof.merkle import HASH_BYTES, complete_root, leaf_hash
from hub.proof.tiles import WIDTH, hash_at, parse_entries, tile_width


@dataclass(frozen=True, slots=True)
class CheckedBundle:
    """The leaves of one bundle's entries, their root where the bundle is full, and what is wrong with it.

    With neither, the bundle is not well formed: what it should have held must be taken from elsewhere. ``ids`` are
    those of its entries, by which one that appears in another bundle too is found.
    """

    index: int
    leaves: bytes | None = field(repr=False)
    root: bytes | None
    findings: tuple[Finding, ...]
    ids: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_formed(self) -> bool:
        """True when its entries could be told apart."""
        return self.leaves is not None or self.root is not None

    def without_leaves(self) -> "CheckedBundle":
        """The same bundle where its root says enough."""
        return replace(self, leaves=None)


def check_bundles(bundles: Sequence[StoredBundle], size: int, wanted: frozenset[int]) -> list[CheckedBundle]:
    """Each of ``bundles`` of a log of ``size`` checked; leaves are told where a root among ``wanted`` needs them."""
    checked = []
    for bundle in bundles:
        first = bundle.index * WIDTH
        found = check_bundle(bundle, tile_width(0, bundle.index, size))
        is_asked_within = any(first < each < first + WIDTH for each in wanted)
        checked.append(found if found.root is None or is_asked_within else found.without_leaves())
    return checked


def check_bundle(bundle: StoredBundle, width: int) -> CheckedBundle:
    """What steps 2, 3, 4 and 8 of ``hub.audit.verify`` find in one bundle that should hold ``width`` entries."""
    first = bundle.index * WIDTH
    try:
        entries = parse_entries(bundle.content)
    except Malformed:
        entries = []
    if len(entries) < width:
        return CheckedBundle(bundle.index, None, None, (_unformed(first, bundle, width),))
    is_wider = len(entries) > width
    entries = entries[:width]
    leaves = b"".join(map(leaf_hash, entries))
    entry_ids, findings = _form(first, entries)
    if is_wider:
        findings.append(
            Finding(2, first + width, "entries stand behind the last of the bundle", "条目包末条之后另有条目")
        )
    findings += _leaf_tile(first, bundle, leaves)
    findings += _beside(first, bundle, leaves, entry_ids)
    root = complete_root(leaves) if width == WIDTH else None
    return CheckedBundle(bundle.index, leaves, root, tuple(findings), tuple(entry_ids))


def _unformed(first: int, bundle: StoredBundle, width: int) -> Finding:
    """Where a bundle that cannot be told apart, or holds too little, departs from its leaves."""
    stored, at, start = bundle.leaf_tile or bundle.leaves or b"", 0, 0
    while at < width - 1:
        end = start + 2 + int.from_bytes(bundle.content[start : start + 2], "big")
        if end > len(bundle.content) or leaf_hash(bundle.content[start + 2 : end]) != hash_at(stored, at):
            break
        at, start = at + 1, end
    en = f"the bundle of entries {first} to {first + width - 1} cannot be read from here on"
    return Finding(2, first + at, en, f"条目 {first} 至 {first + width - 1} 的条目包自此无法读取")


def _form(first: int, entries: Sequence[bytes]) -> tuple[list[str], list[Finding]]:
    findings: list[Finding] = []
    try:
        entry_ids = [entry["id"] for entry in rules.parse_each(entries)]
    except Malformed:
        entry_ids, findings = _form_of_each(first, entries)
    return entry_ids, findings


def _form_of_each(first: int, entries: Sequence[bytes]) -> tuple[list[str], list[Finding]]:
    """One after the other, where one of them at least is no entry."""
    entry_ids: list[str] = []
    findings = []
    for at, content in enumerate(entries):
        try:
            entry_ids.append(rules.parse_entry(content)["id"])
        except Malformed:
            findings.append(Finding(3, first + at, "not an entry of this log", "不是本日志的条目"))
            entry_ids.append(f"?{first + at}")
    return entry_ids, findings


def _leaf_tile(first: int, bundle: StoredBundle, leaves: bytes) -> Iterator[Finding]:
    stored = bundle.leaf_tile if bundle.leaf_tile is not None else bundle.leaves
    if stored is None:
        yield Finding(4, first, "the lowest tile is not there", "缺少最底层分片")
        return
    if stored[: len(leaves)] != leaves:
        for at in _differing(stored, leaves):
            yield Finding(4, first + at, "entry or leaf was changed", "条目或叶被更改")
    if len(stored) > len(leaves):
        behind = first + len(leaves) // HASH_BYTES
        yield Finding(4, behind, "bytes stand behind the hashes of the lowest tile", "最底层分片的哈希之后另有内容")


def _beside(first: int, bundle: StoredBundle, leaves: bytes, entry_ids: list[str]) -> Iterator[Finding]:
    if bundle.leaves is not None and bundle.leaves != leaves:
        for at in _differing(bundle.leaves, leaves):
            en = "the leaf stored beside the entry is not its hash"
            yield Finding(8, first + at, en, "条目旁所存叶哈希与条目不符")
    if bundle.entry_ids is not None and bundle.entry_ids != " ".join(entry_ids):
        for at, (stored, inside) in enumerate(zip(bundle.entry_ids.split(" "), entry_ids, strict=False)):
            if stored != inside:
                en = "the id stored beside the entry is not the one inside it"
                yield Finding(8, first + at, en, "条目旁所存编号与条目内编号不符")


def _differing(stored: bytes, leaves: bytes) -> Iterator[int]:
    return (at for at in range(len(leaves) // HASH_BYTES) if hash_at(stored, at) != hash_at(leaves, at))
