"""The hub as an adapter sees it: where to go on, what is live, push a batch; what may come back is tried again."""

import secrets
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Any, Final, TypeVar

import httpx
import orjson

from adapters.sources.patience import AwayForNow, Patience, patient, retry_after
from hub.errors import Broken, Conflict, HubError, Malformed, Missing, Refused, Unavailable
from hub.kernel.clock import Clock, SystemClock
from hub.proof.jws import sign_jws
from hub.proof.keys import Signer

T = TypeVar("T")
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
NDJSON: Final = "application/x-ndjson"
_FAMILIES: Final[Mapping[int, type[HubError]]] = {
    400: Malformed,
    401: Refused,
    403: Refused,
    404: Missing,
    409: Conflict,
    413: Malformed,
    415: Refused,
    422: Malformed,
}
_MEMBERS: Final = frozenset(("type", "title", "status", "detail", "detail_zh", "code", "error", "error_description"))
_UNAUTHORISED: Final = 401
_TOO_MANY: Final = 429
_SERVER: Final = 500
_NOT_NOW: Final = 503
_ATTEMPTS_UNTOLD: Final = 3
_EARLY_SECONDS: Final = 30
_LIFETIME_SECONDS: Final = 60
_PAGE: Final = 500
_PIECE: Final = 1 << 18
_GZIP: Final = 16 + zlib.MAX_WBITS
_LEVEL: Final = 1
_NEAR: Final = frozenset(("127.0.0.1", "localhost", "::1"))
"""To a hub on this machine, packing costs more than it saves: evidence is mostly digests and signatures."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last batch that the hub kept of a registry, and where each export goes on."""

    sequence: int
    manifest_digest: str | None
    cursors: Mapping[str, Any]


class HubClient:
    """Calls to one hub as one department; ``waiting`` is called once for every call that takes several attempts."""

    def __init__(  # noqa: PLR0913 - each by name
        self,
        url: str,
        *,
        party: str,
        signer: Signer,
        hub_id: str | None = None,
        clock: Clock | None = None,
        patience: Patience | None = None,
        transport: httpx.BaseTransport | None = None,
        waiting: Callable[[], None] = lambda: None,
    ) -> None:
        self.url = url.rstrip("/")
        self.party = party
        self._signer = signer
        self._hub_id = hub_id
        self._clock = clock or SystemClock()
        self._patience = patience or Patience()
        self._waiting = waiting
        self._has_answered = False
        timeout = httpx.Timeout(30.0, read=300.0)
        self._http = httpx.Client(base_url=self.url, timeout=timeout, transport=transport, follow_redirects=False)
        self._compresses = httpx.URL(self.url).host not in _NEAR
        self._token = ""
        self._token_until = 0.0

    def close(self) -> None:
        """Ends the connections."""
        self._http.close()

    @property
    def hub_id(self) -> str:
        """The hub's own id, to which everything is addressed."""
        if self._hub_id is None:
            answer = self._patiently(lambda: self._plain("GET", "/.well-known/hub"))
            self._hub_id = _named_in(answer, "id", str)
        return self._hub_id

    def cursor(self, registry: str) -> Cursor:
        """Where to go on."""
        path = f"/v1/registries/{registry}/cursor"
        told = orjson.loads(self._patiently(lambda: self._with_token("GET", path)).content)
        return Cursor(int(told["sequence"]), told["manifest_digest"], told["cursors"] or {})

    def records(self, registry: str, export: str) -> dict[str, str]:
        """Record → content of everything that is live at the hub."""
        path = f"/v1/registries/{registry}/records"
        answer = self._patiently(lambda: self._with_token("GET", path, params={"export": export}))
        lines = (orjson.loads(line) for line in answer.content.split(b"\n") if line)
        return {line["record"]: line["content"] for line in lines}

    def push(
        self, registry: str, manifest: str, body: IO[bytes], sent: Callable[[], None] = lambda: None
    ) -> dict[str, Any]:
        """The hub's answer to a batch; sent again, as it is, while the hub is away. ``sent`` is called with each end.

        Raises:
            Conflict: another batch took the sequence number; read the cursor and build the batch anew.
            Unavailable: the hub stayed away.
        """
        headers = {"content-type": NDJSON, **({"content-encoding": "gzip"} if self._compresses else {})}
        path = f"/v1/registries/{registry}/batches"

        def send() -> httpx.Response:
            content = _plain_batch(manifest, body, sent)
            return self._plain("POST", path, content=_packed(content) if self._compresses else content, headers=headers)

        answer: dict[str, Any] = orjson.loads(self._patiently(send).content)
        return answer

    def quarantine(self, registry: str) -> Iterator[dict[str, Any]]:
        """Every row of the registry that waits for its owner, with code, sentence, place and what it holds."""
        path, offset = f"/v1/registries/{registry}/quarantine", 0
        while True:
            page = {"offset": offset, "limit": _PAGE}
            answer = self._patiently(lambda page=page: self._with_token("GET", path, params=page))  # type: ignore[misc]
            rows: list[dict[str, Any]] = orjson.loads(answer.content)
            yield from rows
            offset += len(rows)
            if len(rows) < _PAGE:
                return

    def due_statuses(self, registry: str) -> list[dict[str, Any]]:
        """The status lists to sign now, each with its address and what no longer stands."""
        path = f"/v1/statuses/{registry}"
        due: list[dict[str, Any]] = orjson.loads(self._patiently(lambda: self._with_token("GET", path)).content)
        return due

    def statuses_at(self, path: str) -> bytes:
        """The newest status list there.

        Raises:
            Missing: there is none yet.
        """
        return bytes(self._patiently(lambda: self._plain("GET", path)).content)

    def hand_in_statuses(self, path: str, token: str) -> None:
        """The signed list is at the hub.

        Raises:
            Conflict: it does not follow what the hub keeps; ask again what is due.
        """
        headers = {"content-type": "application/statuslist+jwt"}
        self._patiently(lambda: self._plain("PUT", path, content=token.encode("ascii"), headers=headers))

    def supplies(self) -> list[dict[str, Any]]:
        """What the department is asked to supply now: id, type, subject, and the working days it may take."""
        asked: list[dict[str, Any]] = orjson.loads(
            self._patiently(lambda: self._with_token("GET", "/v1/supplies")).content
        )
        return asked

    def answer_supply(self, supply: str, evidence: str) -> None:
        """The signed evidence, or an empty text where nothing was found, is the department's answer.

        Raises:
            Conflict: it was answered before.
        """
        path = f"/v1/supplies/{supply}/answer"
        self._patiently(lambda: self._with_token("POST", path, json={"evidence": evidence}))

    def _patiently(self, call: Callable[[], httpx.Response]) -> httpx.Response:
        patiently = patient(self._patience, has_answered=lambda: self._has_answered, told=self._tell)
        try:
            answer: httpx.Response = patiently(call)
        except (AwayForNow, httpx.HTTPError) as fault:
            raise Unavailable(
                "adapters.hub-away",
                "The hub did not answer; run the adapter again, it goes on where it stopped.",
                "枢纽无应答；请再次运行，适配器将从中断处继续。",
                heard=str(fault) or type(fault).__name__,
            ) from fault
        return answer

    def _tell(self, attempt: int) -> None:
        if attempt == _ATTEMPTS_UNTOLD:
            self._waiting()

    def _with_token(self, method: str, path: str, **options: Any) -> httpx.Response:
        for is_last in (False, True):
            headers = {"authorization": f"Bearer {self._access_token()}"}
            try:
                return self._plain(method, path, headers=headers, **options)
            except Refused as refused:
                if is_last or refused.facts.get("http") != _UNAUTHORISED:
                    raise
                self._token_until = 0.0
        raise AssertionError

    def _plain(self, method: str, path: str, **options: Any) -> httpx.Response:
        answer = self._http.request(method, path, **options)
        self._has_answered = self._has_answered or answer.status_code in (_TOO_MANY, _NOT_NOW) or answer.is_success
        if answer.status_code == _TOO_MANY or answer.status_code >= _SERVER:
            after = retry_after(answer, self._clock.now().timestamp())
            raise AwayForNow(f"HTTP {answer.status_code} {_refusal(answer).code}", after)
        is_page = answer.headers.get("content-type", "").startswith("text/html")  # for people: no hub sends one here
        if answer.is_success and not is_page:
            return answer
        raise _refusal(answer)

    def _access_token(self) -> str:
        now = self._clock.now().timestamp()
        if now >= self._token_until:
            granted = self._plain("POST", "/oauth/token", data=self._form(int(now)))
            self._token = _named_in(granted, "access_token", str)
            self._token_until = now + _named_in(granted, "expires_in", int) - _EARLY_SECONDS
        return self._token

    def _form(self, now: int) -> dict[str, str]:
        claims = {
            "iss": self.party,
            "sub": self.party,
            "aud": self.hub_id,
            "iat": now,
            "exp": now + _LIFETIME_SECONDS,
            "jti": secrets.token_urlsafe(18),
        }
        return {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": sign_jws(claims, typ="client-authentication+jwt", signer=self._signer),
            "scope": "push",
        }


def _plain_batch(manifest: str, body: IO[bytes], sent: Callable[[], None]) -> Iterator[bytes]:
    yield manifest.encode("ascii") + b"\n"
    body.seek(0)
    while piece := body.read(_PIECE):
        yield piece
    sent()


def _packed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


def _named_in(answer: httpx.Response, name: str, kind: type[T]) -> T:
    """What the hub's answer names; a page to sign in to a network, say, names nothing and is no hub's."""
    try:
        value = orjson.loads(answer.content)[name]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        raise _refusal(answer) from None
    if not isinstance(value, kind):
        raise _refusal(answer)
    return value


def _refusal(answer: httpx.Response) -> HubError:
    """The hub's refusal in its family and with its code."""
    family = _FAMILIES.get(answer.status_code, Broken)
    try:
        problem = orjson.loads(answer.content)
        facts = {name: fact for name, fact in problem.items() if name not in _MEMBERS}
        code, detail, detail_zh = (str(problem[name]) for name in ("code", "detail", "detail_zh"))
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        facts, code = {}, "adapters.hub-answer"
        detail, detail_zh = (
            f"The address answered with HTTP {answer.status_code}; is it the hub's?",
            "应答并非来自枢纽。",
        )
    return family(code, detail, detail_zh, **{**facts, "http": answer.status_code})
