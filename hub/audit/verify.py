"""Re-deriving the whole log 核验 from its entries, trusting only the log's public key and the witnesses'.

1. The checkpoint is signed by the log's key. Where the trust policy demands a quorum, that cosigned it, or else an
   earlier one: the entries after that are told as signed by the log alone, as the youngest of a busy log always are.
2. Every entry up to the signed size is there, and its bundle is well formed.
3. Every entry is canonical JSON of a known version and kind, and no id appears twice.
4. Every entry hashes to its leaf in the lowest tile.
5. Every tile's hashes are the roots of the tiles below it.
6. The root over all entries is the one that was signed.
7. Earlier checkpoints, where given (a witness's, an old receipt's), are the roots of the tree's beginnings.
8. What the hub's tables say beside the tree agrees with it (live database or dump only).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeGuard

from hub.audit.checking import Checking, SeenIds
from hub.audit.model import Bookkeeping, Finding
from hub.audit.readers import MOST_MISSING, LogReader, TableReader
from hub.errors import HubError, Refused
from hub.proof.checkpoint import Checkpoint, parse_checkpoint
from hub.proof.merkle import HASH_BYTES, Frontier, complete_root
from hub.proof.note import parse_note
from hub.proof.policy import LogPolicy
from hub.proof.tiles import HEIGHT, WIDTH, Tile, hash_at, tile_width

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
class Verified:
    """What the verification established."""

    origin: str
    size: int
    root: bytes
    steps: tuple[int, ...]
    findings: tuple[Finding, ...]
    cosigned: int
    """How many entries, from the first, stand under a checkpoint that is signed as the trust policy demands."""

    @property
    def is_sound(self) -> bool:
        """True when nothing was found."""
        return not self.findings

    def lines(self) -> list[str]:
        """The numbered checklist, as people read it."""
        failed = {finding.step for finding in self.findings}
        lines = [f"{'✘' if step in failed else '✔'} {step}. {STEPS[step][0]} {STEPS[step][1]}" for step in self.steps]
        if self.cosigned < self.size and 1 not in failed:
            alone = self.size - self.cosigned
            lines.append(
                f"  The witnesses cosigned the first {self.cosigned} entries; {alone} younger ones are signed by the"
                f" log alone so far. 见证方已共签前 {self.cosigned} 条；其后 {alone} 条目前仅有日志自身的签名。"
            )
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

    def add(self, leaves: bytes | None, root: bytes | None) -> None:
        """The tree holds one bundle's leaves more, and ``root`` over them where the bundle is full.

        The root is enough where no root within the bundle is asked for.
        """
        if root is not None:
            self.levels[1].append(root)
        if leaves is None or (root is not None and not self._is_asked_within()):
            self.frontier.append_complete(root or b"", WIDTH)
            self._note_root()
            return
        for at in range(len(leaves) // HASH_BYTES):
            self.frontier.append(hash_at(leaves, at))
            self._note_root()

    def _is_asked_within(self) -> bool:
        start = self.frontier.size
        return any(start < size < start + WIDTH for size in self.wanted)

    def _note_root(self) -> None:
        if self.frontier.size in self.wanted:
            self.roots[self.frontier.size] = self.frontier.root()


class _Verification:
    """One run; keeps what it finds, up to a limit."""

    def __init__(self, reader: LogReader, policy: LogPolicy, progress: Callable[[int], None], processes: int) -> None:
        self.reader = reader
        self.policy = policy
        self.progress = progress
        self.processes = processes
        self.findings: list[Finding] = []

    def find(self, step: int, index: int | None, en: str, zh: str) -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(step, index, en, zh))

    def checkpoint(self) -> tuple[Checkpoint, Checkpoint]:
        """The newest, and the one up to which the log is signed as the policy demands: mostly the same."""
        before = self.reader.witnessed_checkpoint() if self.policy.quorum is not None else None
        note, newest = parse_checkpoint(self.reader.checkpoint())
        try:
            try:
                return newest, self.policy.verify(note)
            except Refused:  # signed by the log alone
                if not before:
                    raise
                return newest, self.policy.verify(parse_note(before))
        except HubError as fault:
            self.find(1, None, fault.en, fault.zh)
            return newest, newest

    def entries(self, size: int, tree: _Tree) -> None:
        expected = 0
        ids = SeenIds()
        checking = Checking(size, frozenset(tree.wanted), self.progress)
        for bundle in checking.bundles(self.reader, self.processes):
            for missing in range(expected, bundle.index):
                self._missing(missing, size, tree)
            for finding in bundle.findings:
                self.find(finding.step, finding.index, finding.en, finding.zh)
            ids.add(bundle)
            if bundle.is_formed:
                tree.add(bundle.leaves, bundle.root)
            else:
                self._add_stored(bundle.index, size, tree)
            expected = bundle.index + 1
        for at in ids.doubled():
            self.find(3, at, "an id appears twice", "编号重复")
        behind = range(expected, -(-size // WIDTH))
        if len(behind) >= MOST_MISSING:  # the tree stays short, and step 6 fails as well
            first, last = expected * WIDTH, size - 1
            self.find(2, first, f"entries {first} to {last} are not there", f"缺少条目 {first} 至 {last}")
            return
        for missing in behind:
            self._missing(missing, size, tree)

    def _missing(self, bundle: int, size: int, tree: _Tree) -> None:
        first, last = bundle * WIDTH, bundle * WIDTH + tile_width(0, bundle, size) - 1
        self.find(2, first, f"entries {first} to {last} are not there", f"缺少条目 {first} 至 {last}")
        self._add_stored(bundle, size, tree)

    def _add_stored(self, index: int, size: int, tree: _Tree) -> None:
        """What the lowest tile says stands in for entries that cannot be read, so that the rest is still checked."""
        width = tile_width(0, index, size)
        try:
            content = self.reader.tile(Tile(0, index, width))
        except HubError:
            content = b""
        leaves = content[: width * HASH_BYTES].ljust(width * HASH_BYTES, b"\0")
        root = complete_root(leaves) if width == WIDTH else None
        tree.add(leaves, root)

    def tiles(self, tree: _Tree) -> None:
        for level in range(1, len(tree.levels)):
            roots = tree.levels[level]
            for index in range(-(-len(roots) // WIDTH)):
                derived = roots[index * WIDTH : (index + 1) * WIDTH]
                self._check_tile(level, index, derived)
                if len(derived) == WIDTH and level + 1 < len(tree.levels):
                    tree.levels[level + 1].append(complete_root(b"".join(derived)))

    def _check_tile(self, level: int, index: int, derived: list[bytes]) -> None:
        tile = Tile(level, index, len(derived))
        try:
            stored = self.reader.tile(tile)
        except HubError:
            first = index * WIDTH << (HEIGHT * level)
            self.find(5, first, f"{tile.path()} is not there", f"缺少 {tile.path()}")
            return
        for at, root in enumerate(derived):
            if hash_at(stored, at) != root:
                span = 1 << (HEIGHT * level)
                first = (index * WIDTH + at) * span
                en = f"{tile.path()} hash {at} does not follow from entries {first} to {first + span - 1}"
                self.find(5, first, en, f"{tile.path()} 第 {at} 个哈希与条目 {first} 至 {first + span - 1} 不符")
        if len(stored) > len(derived) * HASH_BYTES:
            first = (index * WIDTH + len(derived)) << (HEIGHT * level)
            self.find(5, first, f"bytes stand behind the hashes of {tile.path()}", f"{tile.path()} 的哈希之后另有内容")

    def earlier(self, checkpoints: Iterable[Checkpoint], latest: Checkpoint, tree: _Tree) -> None:
        for each in checkpoints:
            if each.origin != latest.origin:
                self.find(7, None, f"a checkpoint is of the log {each.origin}", "检查点属于其他日志")
            elif each.size > latest.size:
                en = f"a checkpoint of {each.size} entries was signed before"
                self.find(7, latest.size, en, "曾签署更大的检查点")
            elif tree.roots.get(each.size) != each.root:
                self.find(7, None, f"the first {each.size} entries were other ones", f"前 {each.size} 条曾为其他内容")

    def bookkeeping(self, kept: Bookkeeping, size: int, tree: _Tree) -> None:
        for index in kept.misplaced:
            en = "an entry is missing at this index, or lies beyond the head"
            self.find(8, index, en, "此处缺条目，或条目超出日志头")
        for level, derived in enumerate(tree.levels[1:]):
            for at, root in enumerate(derived):
                if hash_at(kept.roots[level], at) != root:
                    first = at << (HEIGHT * (level + 1))
                    self.find(8, first, "the root kept beside a tile is not its root", "分片旁所存根不符")
        if kept.head is None:
            self.find(8, None, "the head contradicts itself", "日志头自相矛盾")
        elif kept.head.size < size:
            self.find(8, kept.head.size, "the head is behind the signed checkpoint", "日志头落后于已签名检查点")
        elif kept.head.size == size and kept.head.to_bytes() != tree.frontier.to_bytes():
            self.find(8, None, "the head does not follow from the entries", "日志头与条目不符")


def _has_tables(reader: LogReader) -> TypeGuard[TableReader]:
    return hasattr(reader, "bookkeeping")


def verify_log(
    reader: LogReader,
    policy: LogPolicy,
    *,
    earlier: Sequence[Checkpoint] = (),
    progress: Callable[[int], None] = lambda _entries: None,
    processes: int = 1,
) -> Verified:
    """What the steps 1 to 8 of this module establish about the log behind ``reader``.

    Raises:
        Missing, Malformed, Unavailable: there is no readable checkpoint to begin with.
    """
    run = _Verification(reader, policy, progress, processes)
    checkpoint, cosigned = run.checkpoint()  # 1
    tree = _Tree({each.size for each in (*earlier, checkpoint, cosigned)})
    tree.roots[0] = tree.frontier.root()
    run.entries(checkpoint.size, tree)  # 2, 3, 4
    run.tiles(tree)  # 5
    if tree.frontier.root() != checkpoint.root:  # 6
        run.find(6, None, "the entries give another root than the one signed", "条目推导的根与签名的根不同")
    run.earlier((*earlier, cosigned), checkpoint, tree)  # 7
    steps = [*range(1, 8)]
    if _has_tables(reader):  # 8
        steps.append(8)
        run.bookkeeping(reader.bookkeeping(checkpoint.size, len(tree.levels) - 1), checkpoint.size, tree)
    findings = tuple(run.findings)
    return Verified(checkpoint.origin, checkpoint.size, checkpoint.root, tuple(steps), findings, cosigned.size)
