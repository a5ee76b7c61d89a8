"""Whose word is enough for a checkpoint: logs, witnesses 见证方 and their quorum (C2SP tlog-policy)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from hub.errors import Malformed, Refused
from hub.proof.encoding import malformed
from hub.proof.note import COSIGNATURE, COSIGNATURE_ML_DSA, PLAIN, Note, NoteVerifier, verify_note
from hub.proof.treehead import Checkpoint, parse_checkpoint_text, parse_decimal

_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
MAX_POLICY_BYTES: Final = 1_000_000


@dataclass(frozen=True)
class Group:
    """Has witnessed when at least ``least`` of ``members`` have."""

    least: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class Witness:
    """A witness of the policy: its verifier and where it answers, if that is said."""

    verifier: NoteVerifier
    url: str | None = None


@dataclass(frozen=True)
class LogPolicy:
    """The logs accepted, the witnesses known, and the quorum (None: no cosignature needed)."""

    logs: tuple[NoteVerifier, ...]
    witnesses: Mapping[str, Witness] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    quorum: str | None = None

    def has_quorum(self, witnessed: frozenset[str]) -> bool:
        """True when the witnesses named in ``witnessed`` are enough."""
        return self.quorum is None or self._has_witnessed(self.quorum, witnessed)

    def _has_witnessed(self, name: str, witnessed: frozenset[str]) -> bool:
        group = self.groups.get(name)
        if group is None:
            return name in witnessed
        return sum(self._has_witnessed(member, witnessed) for member in group.members) >= group.least

    def cosigners(self, note: Note) -> dict[str, int]:
        """The witnesses that cosigned ``note``, each with its earliest time in seconds since the epoch.

        A cosignature without a time says nothing about the whole tree, and does not count.

        Raises:
            Malformed: a cosignature of a known witness does not verify.
        """
        verified = verify_note(note, [witness.verifier for witness in self.witnesses.values()])
        times = {
            name: [signature.timestamp for verifier, signature in verified if verifier == each.verifier]
            for name, each in self.witnesses.items()
        }
        return {name: min(filter(None, found)) for name, found in times.items() if any(found)}

    def verify(self, note: Note) -> Checkpoint:
        """The checkpoint in ``note``: (1) signed by an accepted log under its origin, (2) cosigned by the quorum.

        Raises:
            Malformed: a signature does not verify, or no accepted log signed.
            Refused: the quorum is not reached.
        """
        checkpoint = parse_checkpoint_text(note.text)
        if not verify_note(note, [log for log in self.logs if log.name == checkpoint.origin]):  # 1
            raise malformed(
                "unknown-log", "No log of the trust policy signed the checkpoint.", "检查点未经信任策略所列日志签名。"
            )
        if not self.has_quorum(frozenset(self.cosigners(note))):  # 2
            raise Refused(
                "proof.too-few-witnesses",
                "The checkpoint is not cosigned by the witnesses that the trust policy demands.",
                "检查点未获信任策略要求的见证方共签。",
            )
        return checkpoint


def _bad_policy(line: int, en: str, zh: str) -> Malformed:
    refusal = malformed("policy", f"Line {line} of the policy: {en}", f"策略第 {line} 行：{zh}")
    refusal.facts["line"] = line
    return refusal


class _Builder:
    """Reads one line after the other."""

    def __init__(self) -> None:
        self.logs: list[NoteVerifier] = []
        self.witnesses: dict[str, Witness] = {}
        self.groups: dict[str, Group] = {}
        self.quorum: list[str] = []
        self._keys: set[tuple[str, bytes]] = set()
        self._used: set[str] = set()

    def take(self, number: int, words: list[str]) -> None:
        """Adds what the line ``number`` defines."""
        match words:
            case ["log", vkey, *rest] if len(rest) <= 1:
                self.logs.append(self._key(number, "log", vkey, (PLAIN, COSIGNATURE_ML_DSA)))
            case ["witness", name, vkey, *rest] if len(rest) <= 1:
                self._check_new(number, name)
                verifier = self._key(number, "witness", vkey, (COSIGNATURE, COSIGNATURE_ML_DSA))
                self.witnesses[name] = Witness(verifier, rest[0] if rest else None)
            case ["group", name, least, *members] if members:
                self._check_new(number, name)
                self.groups[name] = self._group(number, least, members)
            case ["quorum", name]:
                if name != "none":
                    self._check_known(number, name)
                self.quorum.append(name)
            case _:
                raise _bad_policy(
                    number, "not a log, witness, group or quorum.", "不是 log、witness、group 或 quorum。"
                )

    def _key(self, number: int, role: str, vkey: str, kinds: tuple[int, ...]) -> NoteVerifier:
        verifier = NoteVerifier.from_vkey(vkey)
        if verifier.kind not in kinds or (role, verifier.key) in self._keys:
            raise _bad_policy(number, "a key given twice or of a kind for something else.", "密钥重复或类型不符。")
        self._keys.add((role, verifier.key))
        return verifier

    def _check_new(self, number: int, name: str) -> None:
        if name == "none" or name in self.witnesses or name in self.groups:
            raise _bad_policy(number, "a name given twice.", "名称重复。")

    def _check_known(self, number: int, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise _bad_policy(number, "a name that no line before defines.", "引用了尚未定义的名称。")

    def _group(self, number: int, least: str, members: list[str]) -> Group:
        for member in members:
            self._check_known(number, member)
            if member in self._used:
                raise _bad_policy(number, "a member of another group already.", "成员已属于其他组。")
            self._used.add(member)
        count = {"any": 1, "all": len(members)}.get(least)
        count = parse_decimal(least) if count is None else count
        if not 1 <= count <= len(members):
            raise _bad_policy(number, "a threshold out of range.", "阈值超出范围。")
        if count > 1:
            self._check_apart(number, members)
        return Group(count, tuple(members))

    def _check_apart(self, number: int, members: list[str]) -> None:
        """Institutions are counted, not keys: what is counted beside each other shares no key name."""
        names = [name for member in members for name in self._institutions(member)]
        if len(set(names)) != len(names):
            raise _bad_policy(
                number,
                "keys of one institution in two members would count twice; give them a group `any` of their own.",
                "同一机构的密钥分属两个成员将被重复计数；请将其列入单独的 any 组。",
            )

    def _institutions(self, member: str) -> set[str]:
        group = self.groups.get(member)
        if group is None:
            return {self.witnesses[member].verifier.name}
        return {name for each in group.members for name in self._institutions(each)}


def parse_policy(content: bytes | str) -> LogPolicy:
    """The policy in a file's ``content``.

    Raises:
        Malformed: another syntax, naming the line.
    """
    if len(content) > MAX_POLICY_BYTES:
        raise malformed("policy", "The policy is too large.", "策略文件过大。")
    text = content if isinstance(content, str) else content.decode("utf-8", "surrogateescape")
    if _FORBIDDEN.search(text):
        raise malformed("policy", "The policy holds control characters.", "策略文件含有控制字符。")
    builder = _Builder()
    for number, line in enumerate(text.split("\n"), start=1):
        words = line.replace("\t", " ").split(" ")
        words = [word for word in words if word]
        if words and not words[0].startswith("#"):
            builder.take(number, words)
    if len(builder.quorum) != 1:
        raise malformed("policy", "A policy has exactly one quorum line.", "策略须有且仅有一行 quorum。")
    quorum = None if builder.quorum[0] == "none" else builder.quorum[0]
    return LogPolicy(tuple(builder.logs), builder.witnesses, builder.groups, quorum)


def policy_text(policy: LogPolicy) -> str:
    """The file that ``parse_policy`` reads back."""
    lines = [f"log {log.vkey}" for log in policy.logs]
    for name, witness in policy.witnesses.items():
        lines.append(f"witness {name} {witness.verifier.vkey}" + (f" {witness.url}" if witness.url else ""))
    lines += [f"group {name} {each.least} {' '.join(each.members)}" for name, each in policy.groups.items()]
    return "\n".join([*lines, f"quorum {policy.quorum or 'none'}", ""])
