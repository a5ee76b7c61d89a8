"""The signed interface 接口 as the national platform shapes it: a secret renewed daily, calls signed, patience.

A call is repeated while repeating can help: after a time-out, a 429 (as long as Retry-After asks), a 5xx, a page that
is no JSON. A 401 renews the secret. One for the new secret counts as absence for a while: many interfaces know a single
secret of a caller, and another adapter may just have renewed it. 400 and 403 end the reading.
"""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any, Final

import httpx

from adapters.mapping.model import Rest
from adapters.sources.answers import Page, page_in, parsed
from adapters.sources.patience import AwayForNow, Patience, patient, retry_after
from hub.errors import Malformed, Refused, Unavailable
from hub.kernel.clock import Clock

_OK: Final = 200
_BAD_REQUEST: Final = 400
_UNAUTHORISED: Final = 401
_FORBIDDEN: Final = 403
_TOO_MANY: Final = 429
_SERVER: Final = 500
_MOST_BYTES: Final = 32 << 20
_SKEW_SECONDS: Final = 30
_DAY_SECONDS: Final = 86_400
_LONGEST_TOLD: Final = 160
_LONGEST_TIMEOUT: Final = 600
_MOST_TIMEOUTS: Final = 4
"""An answer that comes byte by byte never runs into the time-out for one of them."""
_CODE_BYTES: Final = 500
_UNAUTHORISED_CODE: Final = re.compile(rb'"code"\s*:\s*"?401\b')


class _SecretRefusedError(AwayForNow):
    """The secret is refused that was renewed just now."""


class SignedInterface:
    """One interface of one registry."""

    def __init__(self, address: str, settings: Rest, *, clock: Clock, patience: Patience | None = None) -> None:
        url = _parsed_address(address)
        given = dict(url.params)
        self._rid = str(given.pop("rid", settings.rid))
        self._sid = str(given.pop("sid", settings.sid))
        self._appkey = str(given.pop("appkey", settings.appkey))
        self._timeout = _seconds(given.pop("timeout_seconds", settings.timeout_seconds))
        self._secret_path = str(given.pop("secret_path", settings.secret_path))
        self._extra = given
        self._base = url.copy_with(query=None)
        self._settings = settings
        self._clock = clock
        self._patience = patience or Patience()
        self._http = httpx.Client(timeout=self._timeout, follow_redirects=False)
        self._secret: bytes | None = None
        self._secret_until = 0.0
        self._skew = 0.0

    @property
    def path(self) -> str:
        """The path in the address, empty when it names only the host."""
        return self._base.path if self._base.path != "/" else ""

    def close(self) -> None:
        """Ends the connections."""
        self._http.close()

    def fetch(self, path: str, parameters: Mapping[str, str], *, rows: str) -> Page:
        """The page that one call is answered with, its rows at the place ``rows``.

        Raises:
            Malformed: ``adapters.source-rows``: they stand at another.
            Refused: ``adapters.source-refused``: the interface will not answer this caller or this call.
            Unavailable: ``adapters.source-away``: it did not answer usefully however often it was asked.
        """
        url = self._base.copy_with(path=path or self._base.path)
        try:
            return self._patiently(lambda: self._page(url, parameters, rows))
        except _SecretRefusedError as fault:
            raise _refused(_UNAUTHORISED) from fault
        except (AwayForNow, httpx.HTTPError) as fault:
            raise Unavailable(
                "adapters.source-away",
                f"The registry's interface gave no answer of use ({_told(fault)}); the next run goes on from here.",
                "登记库接口未给出可用的应答；下次运行将从此处继续。",
            ) from fault

    def _patiently(self, call: Callable[[], Page]) -> Page:
        page: Page = patient(self._patience)(call)
        return page

    def _page(self, url: httpx.URL, parameters: Mapping[str, str], rows: str) -> Page:
        response = self._send(url, parameters)
        if self._settings.signed and _is_unauthorised(response):
            self._secret = None
            response = self._send(url, parameters)
            if _is_unauthorised(response):
                self._secret = None
                raise _SecretRefusedError(str(_UNAUTHORISED))
        page = page_in(self._read(response), rows)
        if page is None:
            raise AwayForNow(f"an answer without rows under {rows}")
        return page

    def _send(self, url: httpx.URL, parameters: Mapping[str, str]) -> httpx.Response:
        headers = self._signature() if self._settings.signed else {}
        return self._fetch(url, {**self._extra, **parameters}, headers)

    def _fetch(self, url: httpx.URL, parameters: Mapping[str, str], headers: Mapping[str, str]) -> httpx.Response:
        """The answer, given up when it grows beyond what a page can be or drips without an end."""
        end = time.monotonic() + self._timeout * _MOST_TIMEOUTS
        with self._http.stream("GET", url, params=dict(parameters), headers=dict(headers)) as response:
            pieces, size = [], 0
            for piece in response.iter_bytes():
                size += len(piece)
                if size > _MOST_BYTES:
                    raise _too_large()
                if time.monotonic() > end:
                    raise AwayForNow("an answer that does not end")
                pieces.append(piece)
        return httpx.Response(response.status_code, headers=_plain(response.headers), content=b"".join(pieces))

    def _signature(self) -> dict[str, str]:
        now = self._now()
        if self._secret is None or now >= self._secret_until:
            self._renew()
            now = self._now()
        stamp = str(int(now * 1000))
        message = f"{self._sid}{self._rid}{stamp}".encode()
        signed = base64.b64encode(hmac.digest(self._secret or b"", message, hashlib.sha256)).decode("ascii")
        return {
            "gjgxjhpt_rid": self._rid,
            "gjgxjhpt_sid": self._sid,
            "gjgxjhpt_rtime": stamp,
            "gjgxjhpt_sign": signed,
        }

    def _now(self) -> float:
        return self._clock.now().timestamp() + self._skew

    def _renew(self) -> None:
        """A new secret; the interface's own clock is followed when ours is minutes away from it."""
        url = self._base.copy_with(path=self._secret_path)
        response = self._fetch(url, {**self._extra, "appkey": self._appkey}, {})
        self._follow_clock(response)
        found = self._read(response).get("data")
        if not isinstance(found, dict) or not isinstance(found.get("secret"), str):
            raise AwayForNow("the secret could not be renewed")
        self._secret = found["secret"].encode("utf-8")
        until = found.get("secretEndTime")
        self._secret_until = self._clock.now().timestamp() + _DAY_SECONDS
        if str(until).isdigit():
            self._secret_until = float(str(until)) / 1000

    def _follow_clock(self, response: httpx.Response) -> None:
        try:
            theirs = parsedate_to_datetime(response.headers.get("Date", "")).timestamp()
        except (ValueError, TypeError):
            return
        skew = theirs - self._clock.now().timestamp()
        self._skew = skew if abs(skew) > _SKEW_SECONDS else 0.0

    def _read(self, response: httpx.Response) -> dict[str, Any]:
        status = response.status_code
        if status == _TOO_MANY or status >= _SERVER:
            raise AwayForNow(f"HTTP {status}", retry_after(response, self._clock.now().timestamp()))
        if status != _OK:
            raise _refused(status, response.headers.get("Location", ""))
        try:
            answer = parsed(response.content)
        except (ValueError, RecursionError):
            raise AwayForNow("an answer that is not JSON") from None
        if not isinstance(answer, dict):
            raise AwayForNow("an answer of another form")
        return self._judged(answer)

    def _judged(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Interfaces of this kind also say no with status 200 and a code inside."""
        code = str(answer.get("code", "200"))
        if code in ("200", "0"):
            return answer
        if code in ("400", "401", "403"):
            raise _refused(int(code))
        raise AwayForNow(f"code {code[:20]}")


def _parsed_address(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        raise _not_an_address() from None
    if not url.host:
        raise _not_an_address()
    return url


def _not_an_address() -> Malformed:
    return Malformed(
        "adapters.source-address",
        "The source is no HTTP address; write https://host/path?appkey=…&rid=…&sid=….",
        "数据源不是有效的 HTTP 地址；请写作 https://主机/路径?appkey=…&rid=…&sid=…。",
    )


def _seconds(given: object) -> float:
    try:
        seconds = float(str(given))
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _LONGEST_TIMEOUT:
        raise Malformed(
            "adapters.source-timeout",
            f"timeout_seconds in the source is no number of seconds up to {_LONGEST_TIMEOUT}; correct it.",
            f"数据源的 timeout_seconds 应为不超过 {_LONGEST_TIMEOUT} 的秒数；请更正。",
        )
    return seconds


def _is_unauthorised(response: httpx.Response) -> bool:
    """True when the secret or the sign is refused, by status or, with status 200, by the code inside."""
    if response.status_code != _OK:
        return response.status_code == _UNAUTHORISED
    start = response.content[:_CODE_BYTES]
    return b'"data"' not in start and _UNAUTHORISED_CODE.search(start) is not None


def _plain(headers: httpx.Headers) -> dict[str, str]:
    """The headers of an answer whose content is unpacked already."""
    return {name: value for name, value in headers.items() if name not in ("content-encoding", "content-length")}


def _too_large() -> Refused:
    return Refused(
        "adapters.source-too-large",
        "The registry's interface answers with more than any page holds; ask for smaller pages in the mapping.",
        "登记库接口返回内容过大；请在映射中减小页大小。",
    )


def _refused(status: int, location: str = "") -> Refused:
    elsewhere = location.partition("?")[0][:_LONGEST_TOLD]
    moved = (f"it points to {elsewhere}: write that address", f"其指向 {elsewhere}，请改用该地址")
    advice, advice_zh = {
        _BAD_REQUEST: ("check the mapping's parameters", "请检查映射中的参数"),
        _UNAUTHORISED: (
            "check rid, sid and appkey, the clock, and that no other program renews the secret all the time",
            "请检查 rid、sid、appkey 和时钟，并确认没有其他程序不断更换密钥",
        ),
        _FORBIDDEN: ("ask the department to allow this caller", "请部门允许该调用方访问"),
    }.get(status, moved if elsewhere else ("check the address", "请检查地址"))
    return Refused(
        "adapters.source-refused",
        f"The registry's interface refuses the call (HTTP {status}); {advice}.",
        f"登记库接口拒绝调用（HTTP {status}）；{advice_zh}。",
        status=status,
    )


def _told(fault: Exception) -> str:
    return fault.what if isinstance(fault, AwayForNow) else f"{type(fault).__name__} {fault}".strip()[:_LONGEST_TOLD]
