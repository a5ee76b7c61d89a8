"""The way to a hub over HTTP: tokens, retries of what may come back, refusals as the hub's own error families."""

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from hub.errors import Broken, Conflict, HubError, Malformed, Missing, Refused, Unavailable
from hub.kernel.clock import Clock, SystemClock
from hub.proof.jws import sign_jws, strict_json
from hub.proof.keys import Signer

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FAMILIES: Final[Mapping[int, type[HubError]]] = {
    400: Malformed,
    401: Refused,
    403: Refused,
    404: Missing,
    405: Refused,
    409: Conflict,
    413: Malformed,
    415: Refused,
    503: Unavailable,
}
EARLY_SECONDS: Final = 30
PROBLEM_MEMBERS: Final = frozenset(
    {"type", "title", "status", "detail", "detail_zh", "code", "error", "error_description"}
)
"""The last two stand for those who speak OAuth 2.0 only, and say again what code and detail say."""


@dataclass(frozen=True)
class Identity:
    """Who is calling: a party's id, its key, and the id of the hub it talks to."""

    party: str
    signer: Signer
    hub_id: str
    clock: Clock = field(default_factory=SystemClock)

    def claims(self, lifetime_seconds: int = 60) -> dict[str, Any]:
        """The claims that every request to the hub begins with."""
        now = int(self.clock.now().timestamp())
        return {
            "iss": self.party,
            "aud": self.hub_id,
            "iat": now,
            "exp": now + lifetime_seconds,
            "jti": secrets.token_urlsafe(18),
        }


class Channel:
    """Calls to one hub as one party. Safe to share between threads.

    What the network or a restarting hub refuses is tried again for ``patience_seconds``: every call here may be
    repeated, because the hub answers a repeated message as it answered the first.
    """

    def __init__(
        self,
        url: str,
        identity: Identity,
        *,
        patience_seconds: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.identity = identity
        self._http = httpx.Client(base_url=url, timeout=60.0, transport=transport, follow_redirects=False)
        self._patience = patience_seconds
        self._token = ""
        self._token_until = 0.0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        """The channel itself."""
        return self

    def __exit__(self, *_fault: object) -> None:
        self.close()

    def close(self) -> None:
        """Every connection is closed afterwards."""
        self._http.close()

    def call(self, method: str, path: str, *, token: bool = True, **options: Any) -> httpx.Response:
        """The hub's answer with a status below 400.

        Raises:
            HubError: the refusal, in its family and with its code; ``Unavailable`` when patience ends.
        """
        return self._patiently(lambda: self._once(method, path, token=token, **options))

    def told(self, method: str, path: str, **options: Any) -> Any:
        """The JSON that the hub answers ``call`` with.

        Raises:
            HubError: as ``call`` does; ``client.not-the-hub`` where the answer is something else.
        """
        return _json_in(self.call(method, path, **options))

    def hub_named_there(self) -> str:
        """The id that the hub at this address says it has.

        Raises:
            HubError: nothing answers, or not as a hub does.
        """
        told = self.told("GET", "/.well-known/hub", token=False)
        named = told.get("id") if isinstance(told, dict) else None
        if not isinstance(named, str) or not named:
            raise _foreign(httpx.codes.OK)
        return named

    def _once(self, method: str, path: str, *, token: bool, **options: Any) -> httpx.Response:
        answer = self._sent(method, path, token=token, **options)
        if token and answer.status_code == httpx.codes.UNAUTHORIZED:  # the hub signs its tokens with another key by now
            self._token_until = 0.0
            answer = self._sent(method, path, token=token, **options)
        if answer.is_success and not _is_page(answer):
            return answer
        raise fault_in(answer)

    def _sent(self, method: str, path: str, *, token: bool, **options: Any) -> httpx.Response:
        headers = dict(options.pop("headers", {}))
        if token:
            headers["authorization"] = f"Bearer {self.access_token()}"
        try:
            return self._http.request(method, path, headers=headers, **options)
        except httpx.TransportError as fault:
            raise _no_answer() from fault

    def _patiently(self, deed: Callable[[], httpx.Response]) -> httpx.Response:
        retrying = Retrying(
            retry=retry_if_exception_type(Unavailable),
            stop=stop_after_delay(self._patience),
            wait=wait_exponential_jitter(multiplier=0.1, max=3.0),
            reraise=True,
        )
        return retrying(deed)

    def access_token(self) -> str:
        """A token that is good for half a minute at least."""
        with self._lock:
            if time.monotonic() >= self._token_until:
                self._token, seconds = self._granted()
                self._token_until = time.monotonic() + seconds - EARLY_SECONDS
            return self._token

    def _granted(self) -> tuple[str, int]:
        claims = self.identity.claims() | {"sub": self.identity.party}
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": sign_jws(claims, typ="client-authentication+jwt", signer=self.identity.signer),
        }
        granted = _json_in(self._once("POST", "/oauth/token", token=False, data=form))
        token, seconds = map(granted.get, ("access_token", "expires_in")) if isinstance(granted, dict) else (None, None)
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or type(seconds) is not int:
            raise _foreign(httpx.codes.OK)
        return token, seconds


def _json_in(answer: httpx.Response) -> Any:
    """What the answer says; a page to sign in to a network, say, is no hub's."""
    try:
        return strict_json(answer.content, floats=True)
    except Malformed:
        raise _foreign(answer.status_code) from None


def fault_in(answer: httpx.Response) -> HubError:
    """The refusal that ``answer`` carries, as the family that its status stands for."""
    family = FAMILIES.get(answer.status_code, Broken)
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return _foreign(answer.status_code)
    try:
        problem = strict_json(answer.content, floats=True)
        facts = {name: fact for name, fact in problem.items() if name not in PROBLEM_MEMBERS}
        return family(str(problem["code"]), str(problem["detail"]), str(problem["detail_zh"]), **facts)
    except (Malformed, KeyError, TypeError, AttributeError):
        return _foreign(answer.status_code)


def _is_page(answer: httpx.Response) -> bool:
    """True of a page for people, which no hub sends to a program: a portal's, or that of a proxy that wants a login."""
    return str(answer.headers.get("content-type")).startswith("text/html")


def _foreign(status: int) -> HubError:
    family = Unavailable if status in {429, 502, 503, 504} else Broken
    return family(
        "client.not-the-hub",
        "The address answers, but not as a hub does; check the address.",
        "该地址有应答，但不是枢纽；请核对地址。",
        status=status,
    )


def _no_answer() -> Unavailable:
    return Unavailable("client.no-answer", "The hub does not answer at this address.", "该地址上的枢纽没有应答。")
