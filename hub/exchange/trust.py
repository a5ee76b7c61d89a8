"""The trust policy 信任策略: whose keys a verifier accepts, for which party, and when a key counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from hub.errors import Malformed, Refused
from hub.proof.encoding import strict_json
from hub.proof.keys import PublicKey
from hub.proof.note import COSIGNATURE, COSIGNATURE_ML_DSA, NoteVerifier
from hub.proof.policy import Group, LogPolicy, Witness

VERSION: Final = 1
STATEMENTS: Final = "urn:hub:statement:"
"""The types of what the hub itself derives and signs; whatever else it signs is no evidence."""
MEMBERS: Final = frozenset({"version", "hub", "parties", "witnesses", "quorum", "key_life", "max_status_age_seconds"})
HUB_MEMBERS: Final = frozenset({"id", "jwks", "log_vkey", "origin"})
PARTY_MEMBERS: Final = frozenset({"jwks", "evidence"})
LIFE_MEMBERS: Final = frozenset({"party", "jwk", "from", "until", "revoked", "compromised_since", "log_size", "reason"})
COSIGNING: Final = frozenset({COSIGNATURE, COSIGNATURE_ML_DSA})
_QUORUM: Final = "quorum"


def _bad_policy(member: str) -> Malformed:
    return Malformed(
        "exchange.trust-policy",
        f"The trust policy is not of the form prescribed: {member}.",
        f"信任策略文件格式不符合规定：{member}。",
        member=member,
    )


@dataclass(frozen=True, slots=True)
class KeyLife:
    """When one key of one party counted; ends are exclusive, in seconds since 1970."""

    party: str
    kid: str
    begins: int | None = None
    ends: int | None = None
    compromised_since: int | None = None
    log_size: int | None = None

    def counts_at(self, at: int, logged: "Logged") -> bool:
        """True when a signature of that time counts.

        The time is the signer's claim. Of a key that somebody else had, it counts only when the log or its witnesses
        show that the signature was there before: ``logged`` says where and by when.
        """
        is_within = (self.begins is None or self.begins <= at) and (self.ends is None or at < self.ends)
        return is_within and (self.compromised_since is None or self._stood_before(logged))

    def _stood_before(self, logged: "Logged") -> bool:
        if self.log_size is not None and logged.index < self.log_size:
            return True
        return logged.by is not None and self.compromised_since is not None and logged.by <= self.compromised_since


@dataclass(frozen=True, slots=True)
class Logged:
    """Where in the log a message is, and by when enough witnesses had seen it there (seconds since 1970), if any."""

    index: int
    by: int | None = None


NOWHERE: Final = Logged(2**63)
"""For what nothing in the log bounds in time."""


@dataclass(frozen=True, slots=True)
class KeyHistory:
    """The lives of keys, by party and kid."""

    lives: Mapping[tuple[str, str], KeyLife]

    @classmethod
    def of(cls, lines: Sequence[Any]) -> Self:
        """The history that a bundle carries.

        Raises:
            Malformed: a line is not of the form prescribed, or two tell of one key.
        """
        lives = {(life.party, life.kid): life for life in map(_life, lines)}
        if len(lives) < len(lines):
            raise _bad_policy("keys")
        return cls(lives)

    def counted(self, party: str, kid: str, at: int, logged: Logged) -> bool:
        """True when that key is on record and counted then."""
        life = self.lives.get((party, kid))
        return life is not None and life.counts_at(at, logged)


def _require_known(told: Mapping[str, Any], members: frozenset[str]) -> None:
    """Returns when all that ``told`` names is known here: a misspelt end of a key would be no end."""
    if unknown := sorted(told.keys() - members):
        raise _bad_policy(unknown[0])


def _life(line: Any) -> KeyLife:
    if not isinstance(line, Mapping) or not isinstance(line.get("jwk"), Mapping):
        raise _bad_policy("keys")
    if not isinstance(line.get("party"), str):
        raise _bad_policy("party")
    _require_known(line, LIFE_MEMBERS)
    ends = [_instant(line, name) for name in ("until", "revoked", "compromised_since")]
    last = min((end for end in ends if end is not None), default=None)
    return KeyLife(
        party=line["party"],
        kid=PublicKey.from_jwk(line["jwk"]).kid,
        begins=_instant(line, "from"),
        ends=last,
        compromised_since=_instant(line, "compromised_since"),
        log_size=_instant(line, "log_size"),
    )


def _instant(line: Mapping[str, Any], name: str) -> int | None:
    value = line.get(name)
    if value is not None and type(value) is not int:
        raise _bad_policy(name)
    return value


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """Whose word counts: the hub, the parties with their keys, the log with its witnesses."""

    hub: str
    keys: Mapping[tuple[str, str], PublicKey]
    log: LogPolicy = field(repr=False)
    lives: Mapping[tuple[str, str], KeyLife] = field(default_factory=dict)
    max_status_age_seconds: int | None = None
    answering: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def require_own_word(self, vct: str, issuer: str) -> None:
        """Returns when ``issuer`` may sign that type: the hub statements and nothing else, and a type that the policy
        names among the ``evidence`` of parties one of those parties only.

        Raises:
            Refused: it may not.
        """  # noqa: D205 - one sentence
        if vct.startswith(STATEMENTS) is not (issuer == self.hub) or issuer not in self.answering.get(vct, {issuer}):
            raise Refused(
                "exchange.bundle-not-its-word",
                "Evidence is signed by a party that does not answer for it: the hub signs statements and nothing else, "
                "a department what it registers.",
                "凭证由不对其负责的一方签名：枢纽只签署派生证明，登记信息由登记部门签署。",
            )

    def key_for(self, kid: str | None, iss: str | None) -> PublicKey | None:
        """The key that the policy names for that party, or None."""
        return self.keys.get((iss or "", kid or ""))

    def counted(self, party: str, kid: str, at: int, logged: Logged) -> bool:
        """False when the policy itself says that the key did not count then."""
        life = self.lives.get((party, kid))
        return life is None or life.counts_at(at, logged)


def parse_trust_policy(content: bytes | Mapping[str, Any]) -> TrustPolicy:
    """The policy in a file's ``content``.

    A member of another name is refused at every level: misspelt, a demand would be dropped without a word. ``parties``
    names each party's ``jwks``, each key id once, and as ``evidence`` the types that it answers for: one named there
    counts from nobody else; the hub, if it is named there, brings no further key. ``witnesses`` and ``quorum`` say
    whose cosignatures a checkpoint needs, and of how many institutions: several keys under one name count once, the
    log's own not at all; ``key_life``, where given, lists keys as a bundle does: ``from``, ``until``, ``revoked``,
    ``compromised_since``, ``log_size``; each of a key that the policy names. ``max_status_age_seconds``, where given,
    demands that status lists no older than that show every piece of evidence as valid when it was released.

    Raises:
        Malformed: another form, naming the member.
    """
    told = strict_json(content) if isinstance(content, bytes) else content
    if not isinstance(told, Mapping) or type(told.get("version")) is not int or told["version"] != VERSION:
        raise _bad_policy("version")
    _require_known(told, MEMBERS)
    hub = told.get("hub")
    if not isinstance(hub, Mapping) or not isinstance(hub.get("id"), str):
        raise _bad_policy("hub")
    _require_known(hub, HUB_MEMBERS)
    keys = _keys(hub["id"], hub)
    parties, history = told.get("parties", {}), told.get("key_life", [])
    if not isinstance(parties, Mapping):
        raise _bad_policy("parties")
    if not isinstance(history, list):
        raise _bad_policy("key_life")
    for party, each in parties.items():
        own = _keys(party, each)
        _require_known(each, PARTY_MEMBERS)
        if party == hub["id"] and not own.items() <= keys.items():
            raise _bad_policy("parties")
        keys |= own
    lives = KeyHistory.of(history).lives
    if not lives.keys() <= keys.keys():
        raise _bad_policy("key_life")
    oldest = _instant(told, "max_status_age_seconds")
    return TrustPolicy(hub["id"], keys, _log(hub, told), lives, oldest, _answering(parties))


def _answering(parties: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """The parties that answer for each type that any of them names."""
    found: dict[str, frozenset[str]] = {}
    for party, each in parties.items():
        types = each.get("evidence", [])
        if not isinstance(types, list) or not all(isinstance(vct, str) for vct in types):
            raise _bad_policy("evidence")
        found |= {vct: found.get(vct, frozenset()) | {party} for vct in types}
    return found


def _keys(party: str, holder: Any) -> dict[tuple[str, str], PublicKey]:
    jwks = holder.get("jwks") if isinstance(holder, Mapping) else None
    listed = jwks.get("keys") if isinstance(jwks, Mapping) else jwks
    if not isinstance(listed, list) or not all(isinstance(jwk, Mapping) for jwk in listed):
        raise _bad_policy("jwks")
    keys = {(party, key.kid): key for key in map(PublicKey.from_jwk, listed)}
    if len(keys) < len(listed):
        raise _bad_policy("jwks")
    return keys


def _log(hub: Mapping[str, Any], told: Mapping[str, Any]) -> LogPolicy:
    if not isinstance(hub.get("log_vkey"), str):
        raise _bad_policy("log_vkey")
    verifier = NoteVerifier.from_vkey(hub["log_vkey"])
    if verifier.kind == COSIGNATURE:
        raise _bad_policy("log_vkey")
    if hub.get("origin", verifier.name) != verifier.name:
        raise _bad_policy("origin")
    vkeys, least = told.get("witnesses", []), told.get("quorum", 0)
    if not isinstance(vkeys, list) or not all(isinstance(vkey, str) for vkey in vkeys):
        raise _bad_policy("witnesses")
    return _witnessed(verifier, [NoteVerifier.from_vkey(vkey) for vkey in vkeys], least)


def _witnessed(log: NoteVerifier, keys: Sequence[NoteVerifier], least: Any) -> LogPolicy:
    """``least`` institutions must have cosigned: keys of one name are one institution's, whatever their algorithms.

    A log's own key, or one that signs without a time, bears witness to nothing.
    """
    if len({each.key for each in (log, *keys)}) <= len(keys) or not {each.kind for each in keys} <= COSIGNING:
        raise _bad_policy("witnesses")
    witnesses = {f"w{number}": Witness(key) for number, key in enumerate(keys, 1)}
    names = dict.fromkeys(key.name for key in keys)
    if type(least) is not int or not 0 <= least <= len(names):
        raise _bad_policy("quorum")
    if not least:
        return LogPolicy((log,), witnesses)
    institutions = {
        f"i{number}": Group(1, tuple(each for each, witness in witnesses.items() if witness.verifier.name == name))
        for number, name in enumerate(names, 1)
    }
    groups = {**institutions, _QUORUM: Group(least, tuple(institutions))}
    return LogPolicy((log,), witnesses, groups, _QUORUM)
