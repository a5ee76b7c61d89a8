"""A signed, paged interface on a real socket, over rows in memory; ``misbehave`` may answer in its stead."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from adapters.conformance.trial import Sheet

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Interface:
    """Rows by path, in order of the second in which they changed."""

    paths: dict[str, list[dict[str, Any]]]
    secret: str = "s-1"
    appkey: str = "key"
    most: int = 1000
    misbehave: Callable[[str, dict[str, str]], Answer | None] = lambda _path, _query: None
    after_page: Callable[[int], None] = lambda _count: None
    calls: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    pages: int = 0
    honours_since: bool = True

    def answer(self, target: str, headers: Mapping[str, str]) -> Answer:
        url = urlsplit(target)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        self.calls.append((url.path, query))
        told = self.misbehave(url.path, query)
        if told is not None:
            return told
        if url.path == "/sysapi/auth/refreshappsecret":
            if query.get("appkey") != self.appkey:
                return said({"code": "403"}, 403)
            until = int((time.time() + 3600) * 1000)
            return said({"code": "200", "data": {"secret": self.secret, "secretEndTime": until}})
        if not self._is_signed(headers):
            return said({"code": "401"}, 401)
        return self._page(url.path, query)

    def _is_signed(self, headers: Mapping[str, str]) -> bool:
        text = "".join(headers.get(f"gjgxjhpt_{name}", "") for name in ("sid", "rid", "rtime"))
        digest = hmac.digest(self.secret.encode(), text.encode(), hashlib.sha256)
        return hmac.compare_digest(base64.b64encode(digest).decode(), headers.get("gjgxjhpt_sign", ""))

    def _page(self, path: str, query: Mapping[str, str]) -> Answer:
        rows = self.paths.get(path)
        if rows is None:
            return said({"code": "404"}, 404)
        since = query.get("updated_since", "") if self.honours_since else ""
        start, limit = int(query["start"]), min(int(query["limit"]), self.most)
        chosen = sorted((row for row in rows if row.get("updated_at", "") >= since), key=_order)
        page = chosen[start : start + limit]
        answer = said({"code": "200", "total": len(chosen), "data": page})
        self.pages += 1
        self.after_page(self.pages)
        return answer


def _order(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row.get("updated_at", "")), str(row.get("ID", ""))


def said(body: Any, status: int = 200, **headers: str) -> Answer:
    """A JSON answer."""
    return status, {"content-type": "application/json", **headers}, json.dumps(body).encode()


@contextmanager
def running(interface: Interface) -> Iterator[str]:
    """The address of the interface while the block runs."""

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            return

        def do_GET(self) -> None:
            status, headers, content = interface.answer(self.path, self.headers)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            return

    server = Server(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def serving_sheets(sheets: Mapping[str, Sheet]) -> Iterator[str]:
    """Tables behind an interface, as the conformance kit asks for them."""
    paths = {path: rows_of(sheet.headers, sheet.rows) for path, sheet in sheets.items()}
    with running(Interface(paths)) as address:
        yield f"{address}?rid=r&sid=s&appkey=key"


def rows_of(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """Rows as JSON objects."""
    return [dict(zip(headers, row, strict=True)) for row in rows]
