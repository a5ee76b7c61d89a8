"""Re-deriving the whole log 核验 from its entries, trusting only the log's public key and the witnesses'.

1. The checkpoint is signed by the log's key (and cosigned by the quorum, where the trust policy demands one).
2. Every entry up to the signed size is there, and its bundle is well formed.
3. Every entry is canonical JSON of a known version and kind, and no id appears twice in its bundle.
4. Every entry hashes to its leaf in the lowest tile.
5. Every tile's hashes are the roots of the tiles below it.
6. The root over all entries is the one that was signed.
7. Earlier checkpoints, where given (a witness's, an old receipt's), are the roots of the tree's beginnings.
8. What the database says beside the tree agrees with it (live database only).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from hub.audit import rules
from hub.audit.readers import DatabaseReader, LogReader
from hub.errors import HubError, Malformed
from hub.proof.checkpoint import Checkpoint, parse_checkpoint
from hub.proof.merkle import HASH_BYTES, Frontier, complete_root, leaf_hash
from hub.proof.policy import LogPolicy
from hub.proof.tiles import HEIGHT, WIDTH, Tile, hash_at, parse_entries, tile_width

MAX_FINDINGS: Final = 1_000
STEPS: Final = {
    1: ("The checkpoint is signed as the trust policy demands", "检查点签名符合信任策略"),
    2: ("Every entry is there and well formed", "条目齐全且格式正确"),
    3: ("Every entry is canonical and of a known kind", "条目为规范编码且类型已知"),
    4: ("Every entry hashes to its leaf", "条目哈希与叶一致"),
    5: ("Every tile follows from the tiles below", "各级分片可由下级推导"),
    6: ("The root over all entries is the signed one", "全部条目推导的根与签名一致"),
    7: ("Earlier checkpoints are beginnings of this log", "早前检查点均为本日志前缀"),
    8: ("The database agrees with the tree", "数据库记录与树一致"),
}


@dataclass(frozen=True)
class Finding:
    """What was changed, and where; ``index`` is the entry's, None when no single entry can be named."""

    step: int
    index: int | None
    en: str
    zh: str


@dataclass(frozen=True)
class Verified:
    """What the verification established."""

    origin: str
    size: int
    root: bytes
    steps: tuple[int, ...]
    findings: tuple[Finding, ...]

    @property
    def is_sound(self) -> bool:
        """True when nothing was found."""
        return not self.findings

    def lines(self) -> list[str]:
        """The numbered checklist, as people read it."""
        failed = {finding.step for finding in self.findings}
        lines = [f"{'✗' if step in failed else '✓'} {step}. {STEPS[step][0]} {STEPS[step][1]}" for step in self.steps]
        for finding in self.findings:
            where = "" if finding.index is None else f" [entry {finding.index}]"
            lines.append(f"  step {finding.step}{where}: {finding.en} {finding.zh}")
        return lines


@dataclass
class _Tree:
    """The tree as it grows from the entries: a frontier, the roots of full tiles, and roots at sizes asked for."""

    wanted: set[int]
    frontier: Frontier = field(default_factory=Frontier)
    levels: list[list[bytes]] = field(default_factory=lambda: [[] for _ in range(8)])
    roots: dict[int, bytes] = field(default_factory=dict)

    def add(self, leaves: Sequence[bytes]) -> None:
        start = self.frontier.size
        if len(leaves) == WIDTH:
            self.levels[1].append(complete_root(leaves))
        if len(leaves) == WIDTH and not any(start < size < start + WIDTH for size in self.wanted):
            self.frontier.append_complete(self.levels[1][-1], WIDTH)
            self._note_root()
            return
        for leaf in leaves:
            self.frontier.append(leaf)
            self._note_root()

    def _note_root(self) -> None:
        if self.frontier.size in self.wanted:
            self.roots[self.frontier.size] = self.frontier.root()


class _Verification:
    """One run; keeps what it finds, up to a limit."""

    def __init__(self, reader: LogReader, policy: LogPolicy, progress: Callable[[int], None]) -> None:
        self.reader = reader
        self.policy = policy
        self.progress = progress
        self.findings: list[Finding] = []

    def find(self, step: int, index: int | None, en: str, zh: str) -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(step, index, en, zh))

    def checkpoint(self) -> Checkpoint:
        note, checkpoint = parse_checkpoint(self.reader.checkpoint())
        try:
            self.policy.verify(note)
        except HubError as fault:
            self.find(1, None, fault.en, fault.zh)
        return checkpoint

    def entries(self, size: int, tree: _Tree) -> None:
        expected = 0
        for index, bundle in self.reader.bundles(size):
            for missing in range(expected, index):
                self._missing(missing, size)
                tree.add(self._stored_leaves(missing, size))
            tree.add(self._bundle(index, bundle, tile_width(0, index, size)))
            self.progress(tree.frontier.size)
            expected = index + 1
        for missing in range(expected, -(-size // WIDTH)):
            self._missing(missing, size)
            tree.add(self._stored_leaves(missing, size))

    def _missing(self, bundle: int, size: int) -> None:
        first, last = bundle * WIDTH, bundle * WIDTH + tile_width(0, bundle, size) - 1
        self.find(2, first, f"entries {first} to {last} are not there", f"缺少条目 {first} 至 {last}")

    def _bundle(self, index: int, bundle: bytes, width: int) -> list[bytes]:
        first = index * WIDTH
        try:
            entries = parse_entries(bundle)
        except Malformed:
            entries = []
        if len(entries) < width:
            self.find(2, first, f"the bundle holds {len(entries)} of {width} entries", f"条目包仅含 {len(entries)} 条")
            return self._stored_leaves(index, first + width)
        leaves = [leaf_hash(entry) for entry in entries[:width]]
        self._check_leaves(index, leaves)
        entry_ids = self._check_form(first, entries[:width])
        if isinstance(self.reader, DatabaseReader):
            for at, en, zh in self.reader.beside(b"".join(leaves), entry_ids):
                self.find(8, at, en, zh)
        return leaves

    def _stored_leaves(self, index: int, size: int) -> list[bytes]:
        width = tile_width(0, index, size)
        try:
            content = self.reader.tile(Tile(0, index, width))
        except HubError:
            content = b""
        content = content[: width * HASH_BYTES].ljust(width * HASH_BYTES, b"\0")
        return [hash_at(content, at) for at in range(width)]

    def _check_leaves(self, index: int, leaves: list[bytes]) -> None:
        joined = b"".join(leaves)
        try:
            stored = self.reader.tile(Tile(0, index, len(leaves)))[: len(joined)]
        except HubError:
            self.find(4, index * WIDTH, "the lowest tile is not there", "缺少最底层分片")
            return
        if stored == joined:
            return
        for at, leaf in enumerate(leaves):
            if hash_at(stored, at) != leaf:
                self.find(4, index * WIDTH + at, "entry or leaf was changed", "条目或叶被更改")

    def _check_form(self, first: int, entries: list[bytes]) -> list[str]:
        entry_ids: list[str] = []
        for at, content in enumerate(entries):
            try:
                entry_ids.append(rules.parse_entry(content)["id"])
            except Malformed:
                self.find(3, first + at, "not an entry of this log", "不是本日志的条目")
                entry_ids.append(f"?{at}")
        if len(set(entry_ids)) != len(entry_ids):
            for at, entry_id in enumerate(entry_ids):
                if entry_ids.index(entry_id) < at:
                    self.find(3, first + at, "an id appears twice", "编号重复")
        return entry_ids

    def tiles(self, tree: _Tree) -> None:
        for level in range(1, len(tree.levels)):
            roots = tree.levels[level]
            for index in range(-(-len(roots) // WIDTH)):
                derived = roots[index * WIDTH : (index + 1) * WIDTH]
                self._check_tile(level, index, derived)
                if len(derived) == WIDTH and level + 1 < len(tree.levels):
                    tree.levels[level + 1].append(complete_root(derived))

    def _check_tile(self, level: int, index: int, derived: list[bytes]) -> None:
        tile = Tile(level, index, len(derived))
        try:
            stored = self.reader.tile(tile)[: len(derived) * HASH_BYTES]
        except HubError:
            stored = b""
        for at, root in enumerate(derived):
            if hash_at(stored, at) != root:
                span = 1 << (HEIGHT * level)
                first = (index * WIDTH + at) * span
                en = f"{tile.path()} hash {at} does not follow from entries {first} to {first + span - 1}"
                self.find(5, first, en, f"{tile.path()} 第 {at} 个哈希与条目 {first} 至 {first + span - 1} 不符")

    def earlier(self, checkpoints: Iterable[Checkpoint], latest: Checkpoint, tree: _Tree) -> None:
        for each in checkpoints:
            if each.origin != latest.origin:
                self.find(7, None, f"a checkpoint is of the log {each.origin}", "检查点属于其他日志")
            elif each.size > latest.size:
                self.find(
                    7, latest.size, f"a checkpoint of {each.size} entries was signed before", "曾签署更大的检查点"
                )
            elif tree.roots.get(each.size) != each.root:
                self.find(7, None, f"the first {each.size} entries were other ones", f"前 {each.size} 条曾为其他内容")


def verify_log(
    reader: LogReader,
    policy: LogPolicy,
    *,
    earlier: Sequence[Checkpoint] = (),
    progress: Callable[[int], None] = lambda _entries: None,
) -> Verified:
    """What the steps 1 to 8 of this module establish about the log behind ``reader``.

    Raises:
        Missing, Malformed, Unavailable: there is no readable checkpoint to begin with.
    """
    run = _Verification(reader, policy, progress)
    checkpoint = run.checkpoint()  # 1
    tree = _Tree({each.size for each in earlier} | {checkpoint.size})
    tree.roots[0] = tree.frontier.root()
    run.entries(checkpoint.size, tree)  # 2, 3, 4
    run.tiles(tree)  # 5
    if tree.frontier.root() != checkpoint.root:  # 6
        run.find(6, None, "the entries give another root than the one signed", "条目推导的根与签名的根不同")
    run.earlier(earlier, checkpoint, tree)  # 7
    steps = [*range(1, 8)]
    if isinstance(reader, DatabaseReader):  # 8
        steps.append(8)
        for index, en, zh in reader.bookkeeping(checkpoint.size, tree.frontier, tree.levels):
            run.find(8, index, en, zh)
    return Verified(checkpoint.origin, checkpoint.size, checkpoint.root, tuple(steps), tuple(run.findings))
