"""Verifies a bundle offline against a trust policy file: nothing of it is believed because the hub says so.

(1) The bundle is strict JSON of the form prescribed. (2) The hub sealed exactly these bytes. (3) The request is signed
by its consumer, who is not the hub, and lives no longer than any may. (4) The answer is signed by the hub, and its
lines are whole. (5) The answer is to this request: its digest, consumer, case and time, and a line for each type asked
for. (6) It is about the subject that was asked about. (7) Every piece of evidence is signed, no later than the answer,
by the department that the answer names, which answers for the type that it names; it has the role and the date that the
answer names, and not another name and number than were asked about; no line shows again what another shows. (8) Nothing
is disclosed that was not asked for. (9) Every key was on record and counted when it signed. (10) The log entry commits
to request, answer, subject, case and what was shown, and says nothing else in clear. (11) The receipt leads from the
entry to a checkpoint signed by the log and cosigned by the policy's quorum of witnesses. (12) The departments' status
lists show the evidence as valid when it was released, as far as lists are there or the policy demands them: the log
holds the digest of each, in a bundle of the second version; one whose key did not count, such as a thief's, says
nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from hub.audit.model import SALT_BYTES
from hub.audit.rules import parse_entry
from hub.errors import HubError, Refused
from hub.exchange.bundle import MEMBERS, SEAL_TYP, bundle_digest, has_listed_form
from hub.exchange.committed import committed, told_in_clear
from hub.exchange.lines import bad_bundle, lines_in
from hub.exchange.model import Request
from hub.exchange.rules import ANSWER_BYTES, ANSWER_TYP, REQUEST_TYP, request_in
from hub.exchange.standing import Answered, LoggedList, StatusLists, logged_list
from hub.exchange.steps import Verification, worked_off
from hub.exchange.trust import NOWHERE, STATEMENTS, KeyHistory, Logged, TrustPolicy, parse_trust_policy
from hub.exchange.whose import has_role, is_about_another, own_path, place_of
from hub.proof.encoding import b64url, b64url_decode, strict_json
from hub.proof.jws import REQUEST_LIFETIME_SECONDS, VerifiedJws, verify_jws
from hub.proof.sdjwt import SdJwt, verify_sd_jwt
from hub.proof.tlogproof import TlogProof, parse_tlog_proof, verify_tlog_proof
from hub.sharing.rules import is_covered

BUNDLE_BYTES: Final = 16 * 1024 * 1024
ANSWER_SECONDS: Final = 120
"""How long after the request's end an answer may have been signed, clocks included."""


def verify_bundle(bundle: bytes | Mapping[str, Any], policy: bytes | Mapping[str, Any]) -> Verification:
    """The checklist for ``bundle``; stops at the first step that fails, and never raises for what the bundle holds.

    Raises:
        Malformed: the policy itself is not of the form prescribed.
    """
    checking = _Checking(parse_trust_policy(policy))
    work: list[tuple[str, str, Callable[[], str]]] = [
        ("bundle is well formed", "核验包格式完整", lambda: checking.form(bundle)),
        ("bundle is sealed by the hub", "核验包由枢纽封签", checking.seal),
        ("request is signed by the consumer", "请求由数据需求方签名", checking.request),
        ("answer is signed by the hub", "应答由枢纽签名", checking.answer),
        ("answer is to this request", "应答对应该请求", checking.belongs),
        ("answer is about the subject asked about", "应答所涉即所问主体", checking.subject),
        ("evidence is signed by its department", "凭证由所列部门签名", checking.evidence),
        ("nothing is disclosed that was not asked for", "未披露未请求的数据项", checking.least),
        ("every key counted when it signed", "每把密钥在签名时有效", checking.keys),
        ("log entry commits to request and answer", "日志条目锁定请求与应答", checking.entry),
        ("receipt proves the entry in the log", "回执证明条目在日志中", checking.receipt),
        ("evidence stood when it was released", "凭证在披露时有效", checking.status),
    ]
    return Verification(worked_off(work), checking.said)


def _differs(fact: str, en: str, zh: str) -> Refused:
    return Refused(f"exchange.bundle-{fact}", en, zh)


class _Checking:
    """The steps on one bundle; each uses what the steps before it established."""

    def __init__(self, policy: TrustPolicy) -> None:
        self._policy = policy
        self._bundle: dict[str, Any] = {}
        self._request: VerifiedJws
        self._answer: VerifiedJws
        self._asked: Request
        self._proof: TlogProof
        self._logged: Logged
        self._items: Sequence[Mapping[str, Any]] = ()
        self._shown: list[tuple[Mapping[str, Any], SdJwt]] = []
        self._signatures: list[tuple[str, str, int]] = []

    @property
    def said(self) -> Mapping[str, Any]:
        """The answer's claims, once verified."""
        return self._answer.claims if hasattr(self, "_answer") else {}

    def form(self, bundle: bytes | Mapping[str, Any]) -> str:
        """Step 1."""
        told: Any = bundle
        if isinstance(bundle, bytes | bytearray):
            told = strict_json(bytes(bundle)) if len(bundle) <= BUNDLE_BYTES else None
        if not isinstance(told, Mapping) or told.keys() != MEMBERS:
            raise bad_bundle()
        texts = [told[name] for name in ("request", "answer", "entry", "salt", "receipt", "seal")]
        lists = (told["keys"], told["status_lists"])
        if type(told["version"]) is not int or not all(isinstance(each, list) for each in lists):
            raise bad_bundle()
        if not all(isinstance(each, str) for each in texts) or not has_listed_form(told):
            raise bad_bundle()
        self._bundle = dict(told)
        return f"version {told['version']}"

    def seal(self) -> str:
        """Step 2."""
        sealed = self._verified("seal", SEAL_TYP, self._policy.hub)
        if sealed.claims.get("digest") != bundle_digest(self._bundle):
            raise _differs("altered", "The bundle is not the one that the hub sealed.", "核验包与枢纽封签的内容不符。")
        return f"by {self._policy.hub}"

    def request(self) -> str:
        """Step 3."""
        self._request = self._verified("request", REQUEST_TYP, None)
        self._asked = request_in(self._request, self._bundle["request"])
        if self._request.claims.get("aud") != self._policy.hub:
            raise _differs("foreign", "The request is addressed to another hub.", "请求是发给其他枢纽的。")
        if self._asked.consumer == self._policy.hub:
            raise _differs("own-request", "The hub asked itself.", "请求由枢纽自己签名。")
        begun, ended = _seconds(self._request.claims, "iat"), _seconds(self._request.claims, "exp")
        if not 0 < ended - begun <= REQUEST_LIFETIME_SECONDS:
            raise _differs("lifetime", "The request lives longer than any may.", "请求有效期超出上限。")
        return f"by {self._asked.consumer}"

    def answer(self) -> str:
        """Step 4."""
        self._answer = self._verified("answer", ANSWER_TYP, self._policy.hub)
        self._items = [item for item in lines_in(self._answer.claims) if item.get("presentation") is not None]
        return f"{self._answer.claims.get('outcome')} by {self._policy.hub}"

    def belongs(self) -> str:
        """Step 5."""
        answer, request = self._answer.claims, self._request.claims
        told = (answer.get("aud"), answer.get("request_digest"), answer.get("case"))
        if told != (self._asked.consumer, b64url(self._request.digest), self._asked.case):
            raise _differs("unrelated", "The answer is not to this request.", "应答与请求不对应。")
        begun = max(_seconds({"nbf": request["iat"], **request}, name) for name in ("iat", "nbf"))
        answered, ended = _seconds(answer, "iat"), _seconds(request, "exp")
        if not begun - ANSWER_SECONDS <= answered <= ended + ANSWER_SECONDS:
            raise _differs(
                "untimely", "The answer was not signed while the request lived.", "应答不在请求有效期内签署。"
            )
        if {line["type"] for line in answer["evidence"]} != {wanted.type for wanted in self._asked.wanted}:
            raise _differs("other-lines", "The answer is not to just what was asked for.", "应答与所请求类型不一致。")
        return f"case {self._asked.case}"

    def subject(self) -> str:
        """Step 6."""
        told = self._answer.claims.get("subject")
        if not isinstance(told, str | None):
            raise bad_bundle()
        if self._asked.pairwise is not None and told not in {None, self._asked.pairwise}:
            raise _differs("other-subject", "The answer is about somebody else.", "应答所涉主体与请求不符。")
        if told is None and self._items:
            raise _differs("no-subject", "Evidence is shown about nobody named.", "应答披露了凭证但未写明主体。")
        return str(told)

    def evidence(self) -> str:
        """Step 7."""
        for item in self._items:
            shown = verify_sd_jwt(item["presentation"], key_for=self._policy.key_for)
            claims = shown.claims
            if (claims.get("iss"), claims.get("vct")) != (item.get("provider"), item.get("type")):
                raise _differs(
                    "other-evidence",
                    "Evidence is not of the provider and type named.",
                    "凭证的提供方或类型与应答不符。",
                )
            self._policy.require_own_word(item["type"], str(item.get("provider")))
            _require_as_told(item, claims)
            if is_about_another(self._asked.query, claims, item.get("role") or ""):
                raise _differs(
                    "other-person",
                    "Evidence has another name and number than were asked about.",
                    "凭证所载姓名与号码均与请求不符。",
                )
            self._signed(str(claims["iss"]), shown.key.kid if shown.key else "", claims.get("iat"))
            if _seconds(claims, "iat") > _seconds(self._answer.claims, "iat") + ANSWER_SECONDS:
                raise _differs(
                    "evidence-later",
                    "Evidence was signed after the answer that shows it.",
                    "凭证的签发晚于披露它的应答。",
                )
            self._shown.append((item, shown))
        if len({_seen(*each) for each in self._shown}) < len(self._shown):
            raise _differs(
                "evidence-twice",
                "Two lines show the same evidence, as if there were two pieces.",
                "应答有两行披露同一份凭证，形同两份。",
            )
        by = ", ".join(sorted({str(item.get("provider")) for item in self._items}))
        return f"{len(self._shown)} pieces" + (f" by {by}" if by else "")

    def least(self) -> str:
        """Step 8."""
        asked = {wanted.type: wanted.claims for wanted in self._asked.wanted}
        count = 0
        for item, shown in self._shown:
            patterns = asked[item["type"]]  # step 5
            own = own_path(shown.claims, item.get("role") or "")
            if not all(is_covered(path, patterns, own=own, sensitive=False) for path in shown.paths):
                raise _differs("too-much", "More is disclosed than was asked for.", "披露内容超出请求范围。")
            about = shown.claims.get("sub")
            is_named = about is not None or item["type"].startswith(STATEMENTS)
            if is_named and about != self._answer.claims.get("subject"):
                raise _differs("other-subject", "A statement is about somebody else.", "派生证明所涉主体与应答不符。")
            count += len(shown.paths)
        return f"{count} claims"

    def keys(self) -> str:
        """Step 9."""
        self._history = KeyHistory.of(self._bundle["keys"])
        logged = self._logged = self._where()
        for number, (party, kid, at) in enumerate(self._signatures):
            where = logged if number else NOWHERE  # the first is the seal, which no log entry bounds
            if not self._counted(party, kid, at, where):
                raise _differs(
                    "key-not-counted",
                    f"A key of {party} was not on record, or no longer good, when it signed.",
                    f"{party} 的密钥在签名时未登记或已失效。",
                )
        return f"{len({(party, kid) for party, kid, _ in self._signatures})} keys"

    def entry(self) -> str:
        """Step 10."""
        salt, content = b64url_decode(self._bundle["salt"]), b64url_decode(self._bundle["entry"])
        if len(salt) != SALT_BYTES:
            raise bad_bundle()
        entry = parse_entry(content)
        answer = self._answer.claims
        expected = committed(self._asked, answer, self._bundle["answer"], salt)
        told = told_in_clear(self._asked, answer.get("reason"), self._items).items()
        expected |= {name: value for name, value in told if name in entry}
        wrong = next((name for name, value in expected.items() if entry.get(name) != value), None)
        if wrong is not None:
            raise _differs("other-entry", f"The log entry says otherwise: {wrong}.", f"日志条目与此不符：{wrong}。")
        return str(entry["id"])

    def receipt(self) -> str:
        """Step 11."""
        entry = b64url_decode(self._bundle["entry"])
        self._proof = verify_tlog_proof(self._bundle["receipt"], entry=entry, policy=self._policy.log)
        return f"index {self._proof.index} of {self._proof.checkpoint.size}"

    def status(self) -> str:
        """Step 12."""
        checkpoint, key_for = self._proof.checkpoint, self._policy.key_for
        told = [logged_list(each, checkpoint, key_for) for each in self._bundle["status_lists"]]
        counted = [each for each in told if self._is_counted(each)]
        answered = Answered(_seconds(self._answer.claims, "iat"), self._proof.index)
        lists = StatusLists(counted, answered, self._policy.max_status_age_seconds)
        passed_over = f", {len(told) - len(counted)} lists of keys that did not count" if counted != told else ""
        return lists.found([shown.claims for _, shown in self._shown]) + passed_over

    def _is_counted(self, each: LoggedList) -> bool:
        logged = NOWHERE if each.index is None else Logged(each.index, self._logged.by)
        return self._counted(each.said.issuer, each.said.key.kid, each.said.issued_at, logged)

    def _counted(self, party: str, kid: str, at: int, logged: Logged) -> bool:
        counts = (self._history.counted(party, kid, at, logged), self._policy.counted(party, kid, at, logged))
        return all(counts)

    def _where(self) -> Logged:
        """Where the receipt, which step 11 verifies, says that the entry is, and by when its witnesses had seen it."""
        try:
            proof = parse_tlog_proof(self._bundle["receipt"])
            times = self._policy.log.cosigners(proof.note)
        except HubError:
            return NOWHERE
        enough = (at for at in sorted(times.values()) if self._is_quorum({n for n, t in times.items() if t <= at}))
        return Logged(proof.index, next(enough, None))

    def _is_quorum(self, names: set[str]) -> bool:
        return self._policy.log.quorum is not None and self._policy.log.has_quorum(frozenset(names))

    def _verified(self, member: str, typ: str, issuer: str | None) -> VerifiedJws:
        message = verify_jws(self._bundle[member], typ=typ, key_for=self._policy.key_for, max_bytes=ANSWER_BYTES)
        signer = message.claims.get("iss")
        if not isinstance(signer, str) or issuer not in {None, signer}:
            raise _differs(
                "other-signer",
                "A message is signed by somebody else than it should be.",
                "有一份报文不是由应当签名的参与方签名的。",
            )
        self._signed(signer, message.key.kid, message.claims.get("iat"))
        return message

    def _signed(self, party: str, kid: str, at: Any) -> None:
        if type(at) is not int:
            raise bad_bundle()
        self._signatures.append((party, kid, at))


def _seen(line: Mapping[str, Any], shown: SdJwt) -> tuple[str, tuple[str | int, ...]]:
    """Which evidence a line shows, and as whose: one record may name a person in two roles.

    What was signed says which, not the signature: of ECDSA's anybody makes a second one.
    """
    return shown.jws.rpartition(".")[0], place_of(shown.claims, line.get("role") or "")


def _require_as_told(line: Mapping[str, Any], claims: Mapping[str, Any]) -> None:
    as_of = line.get("as_of")
    if not has_role(claims, line.get("role") or "") or claims.get("as_of", as_of) != as_of:
        raise _differs(
            "other-role",
            "The answer names a role or a date that the evidence does not have.",
            "应答所列角色或日期与凭证不符。",
        )


def _seconds(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    if type(value) is not int:
        raise bad_bundle()
    return value
