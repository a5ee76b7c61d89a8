"""A hub that keeps everything in memory and takes the push protocol literally: what it does not allow, it refuses.

It can be away, lose an answer or let another adapter be faster, on a plan, so that tests can stop an adapter anywhere.
"""

import gzip
import hashlib
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import httpx
import orjson

from adapters.schemas import schema, validator
from hub.errors import HubError, Malformed
from hub.kernel.clock import Clock, SystemClock
from hub.proof.jws import b64url, strict_json, verify_jws, verify_request
from hub.proof.keys import PublicKey
from hub.proof.sdjwt import SdJwt, verify_sd_jwt

CLEAR = {"iss", "vct", "iat", "jti", "registry", "export", "record", "content", "status", "as_of"}
EXPORTS = {
    ("civil_affairs", "residents"): "resident",
    ("civil_affairs", "organisations"): "social-organisation",
    ("land", "rights"): "real-estate-right",
    ("marriage", "events"): "marriage-event",
    ("funeral", "funerals"): "funeral",
    ("funeral", "cancellations"): "household-cancellation",
    ("low_income", "households"): "low-income-household",
}


@dataclass(frozen=True)
class Kept:
    """One live record."""

    content: str
    claims: dict[str, Any]
    evidence: SdJwt
    token: str


@dataclass
class Chain:
    """What is kept of one registry."""

    sequence: int = 0
    digest: str | None = None
    cursors: dict[str, Any] = field(default_factory=dict)
    batches: dict[int, tuple[str, dict[str, Any], dict[str, Any]]] = field(default_factory=dict)
    live: dict[str, dict[str, Kept]] = field(default_factory=dict)
    withdrawn: list[tuple[str, str, str]] = field(default_factory=list)
    unusable: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


class Stopped(Exception):
    """The connection breaks here."""


class FakeHub:
    """The hub's side of the push protocol. ``kill_at`` breaks the n-th call, before or after it counts."""

    def __init__(self, *, hub_id: str = "hub:test", clock: Clock | None = None) -> None:
        self.hub_id = hub_id
        self.clock = clock or SystemClock()
        self.keys: dict[str, PublicKey] = {}
        self.owners: dict[str, str] = {}
        self.chains: dict[str, Chain] = {}
        self.plan: list[str] = []
        self.kill_at: tuple[int, bool] | None = None
        self.call_count = 0
        self.calls: Counter[str] = Counter()
        self.status_places: set[tuple[str, int]] = set()
        self.on_batch: Callable[[dict[str, Any]], None] = lambda _manifest: None
        self._lock = threading.RLock()

    def register(self, registry: str, party: str, key: PublicKey) -> None:
        self.keys[key.kid] = key
        self.owners[registry] = party

    def chain(self, registry: str) -> Chain:
        return self.chains.setdefault(registry, Chain())

    def live(self, registry: str, export: str) -> dict[str, Kept]:
        return self.chain(registry).live.setdefault(export, {})

    def contents(self, registry: str) -> dict[tuple[str, str], str]:
        """(export, record) → content of everything live."""
        live = self.chain(registry).live
        return {(export, ref): kept.content for export, records in live.items() for ref, kept in records.items()}

    def put_aside(self, registry: str) -> dict[str, list[dict[str, Any]]]:
        """The rows put aside, by export."""
        return self.chain(registry).unusable

    def claims(self, registry: str, export: str) -> list[dict[str, Any]]:
        return [kept.claims for kept in self.live(registry, export).values()]

    # --- HTTP ------------------------------------------------------------------------------------------------------

    def answer(self, request: httpx.Request) -> httpx.Response:
        """One call, with what the plan has in store for it."""
        path = request.url.path
        self.calls[f"{request.method} {path}"] += 1
        self.call_count += 1
        if self.kill_at == (self.call_count, False):
            raise Stopped
        answer = self._planned(request, path)
        if self.kill_at == (self.call_count, True):
            raise Stopped
        return answer

    def _planned(self, request: httpx.Request, path: str) -> httpx.Response:
        fault = self.plan.pop(0) if self.plan and path.endswith("/batches") else ""
        if fault == "503":
            problem = {"code": "storage.database-away", "detail": "It does not answer.", "detail_zh": "无应答。"}
            return httpx.Response(503, headers={"Retry-After": "0"}, json=problem)
        if fault == "429":
            return httpx.Response(429, headers={"Retry-After": "0"})
        if fault == "drop":
            raise httpx.ConnectError("dropped")
        try:
            answer = self._answer(request, path)
        except HubError as refused:
            status = {"malformed": 400, "refused": 403, "missing": 404, "conflict": 409}[refused.family]
            problem = {"code": refused.code, "detail": refused.en, "detail_zh": refused.zh, **refused.facts}
            return httpx.Response(status, json={"type": "about:blank", "title": "", "status": status, **problem})
        if fault == "lose-answer":
            raise httpx.ReadError("lost")
        return answer

    def transport(self) -> httpx.BaseTransport:
        return httpx.MockTransport(self.answer)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """The address of this hub on a real socket."""
        fake = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                return

            def _serve(self) -> None:
                body = self._body()
                url = f"http://{self.headers['Host']}{self.path}"
                answer = fake.answer(httpx.Request(self.command, url, headers=dict(self.headers), content=body))
                self.send_response(answer.status_code)
                for name in ("content-type", "retry-after"):
                    if name in answer.headers:
                        self.send_header(name, answer.headers[name])
                self.send_header("content-length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            do_GET = do_POST = _serve  # noqa: N815 - the names that http.server calls

            def _body(self) -> bytes:
                if self.headers.get("transfer-encoding", "") != "chunked":
                    return self.rfile.read(int(self.headers.get("content-length", 0)))
                parts = []
                while size := int(self.rfile.readline().strip(), 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)

        server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _answer(self, request: httpx.Request, path: str) -> httpx.Response:
        if path == "/.well-known/hub" or path.startswith("/v1/statuses/"):
            return httpx.Response(200, json={"id": self.hub_id} if path.endswith("/hub") else [])
        if path == "/oauth/token":
            return self._token(request)
        registry, what = path.removeprefix("/v1/registries/").split("/")
        if what == "batches":
            with self._lock:
                return httpx.Response(200, json=self._accept(registry, request))
        party = request.headers.get("authorization", "").removeprefix("Bearer ")
        if party != self.owners.get(registry):
            return httpx.Response(401, json={"code": "api.bad-token", "detail": "no", "detail_zh": "无"})
        with self._lock:
            chain = self.chain(registry)
            if what == "cursor":
                told = {"sequence": chain.sequence, "manifest_digest": chain.digest, "cursors": chain.cursors}
                return httpx.Response(200, json={"registry": registry, **told})
            live = chain.live.get(str(request.url.params["export"]), {})
            lines = [orjson.dumps({"record": ref, "content": kept.content}) + b"\n" for ref, kept in live.items()]
        return httpx.Response(200, content=b"".join(lines), headers={"content-type": "application/x-ndjson"})

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        assert form["grant_type"] == "client_credentials"
        assert form["scope"] == "push"
        verified = verify_request(
            form["client_assertion"],
            typ="client-authentication+jwt",
            key_for=self._key,
            audience=self.hub_id,
            now=self.clock.now(),
        )
        told = {"access_token": verified.claims["iss"], "token_type": "Bearer", "expires_in": 600, "scope": "push"}
        return httpx.Response(200, json=told)

    # --- batches ---------------------------------------------------------------------------------------------------

    def _key(self, kid: str | None, _issuer: str | None) -> PublicKey | None:
        return self.keys.get(kid or "")

    def _accept(self, registry: str, request: httpx.Request) -> dict[str, Any]:
        assert request.headers["content-type"] == "application/x-ndjson"
        packed = request.headers.get("content-encoding") == "gzip"
        content = gzip.decompress(request.content) if packed else request.content
        first, _, body = content.partition(b"\n")
        message = verify_jws(first, typ="batch-manifest+jwt", key_for=self._key)
        manifest = dict(message.claims)
        self._check_manifest(registry, manifest)
        digest = b64url(hashlib.sha256(first).digest())
        chain = self.chain(registry)
        if manifest["sequence"] in chain.batches:
            known, answer, _ = chain.batches[manifest["sequence"]]
            if known == digest:
                return {**answer, "duplicate": True}
            raise _conflict("intake.sequence-reused")
        if manifest["sequence"] != chain.sequence + 1:
            raise _conflict("intake.sequence-gap", expected=chain.sequence + 1)
        if manifest["previous"] != chain.digest:
            raise _conflict("intake.chain-broken")
        lines = body.split(b"\n")[:-1]
        if len(lines) != manifest["lines"] or b64url(hashlib.sha256(body).digest()) != manifest["digest"]:
            raise Malformed("intake.lines-differ", "Count or digest of the lines differ.", "行数或摘要不符。")
        return self._keep(chain, manifest, digest, [strict_json(line) for line in lines])

    def _check_manifest(self, registry: str, manifest: dict[str, Any]) -> None:
        assert manifest["aud"] == self.hub_id
        assert manifest["registry"] == registry
        assert manifest["iss"] == self.owners[registry]
        assert (registry, manifest["export"]) in EXPORTS
        assert manifest["mode"] in ("full", "delta")
        assert isinstance(manifest["jti"], str)
        assert isinstance(manifest["read"], int)
        assert "cursor" in manifest
        self.on_batch(manifest)

    def _keep(self, chain: Chain, manifest: dict[str, Any], digest: str, lines: list[Any]) -> dict[str, Any]:
        export = manifest["export"]
        live = dict(chain.live.get(export, {}))
        withdrawn: list[tuple[str, str, str]] = []
        unusable: list[dict[str, Any]] = []
        counts: Counter[str] = Counter()
        for line in lines:
            if "evidence" in line:
                assert type(line["row"]) is int
                ref, kept = self._evidence(line["evidence"], manifest)
                same = ref in live and live[ref].content == kept.content
                counts["unchanged" if same else "accepted"] += 1
                live[ref] = live[ref] if same else kept
            elif "withdrawn" in line:
                assert line["reason"] in ("gone", "reversed", "superseded")
                assert live.pop(line["withdrawn"], None) is not None, "withdrawal of a record that is not live"
                withdrawn.append((export, line["withdrawn"], line["reason"]))
            else:
                assert set(line) == {"unusable", "row", "record", "raw"}
                assert set(line["unusable"]) == {"code", "column", "en", "zh"}
                unusable.append(line)
        if manifest["mode"] == "full":
            assert manifest["present"] == len(live), (manifest["present"], len(live))
            chain.unusable[export] = unusable
        else:
            chain.unusable.setdefault(export, []).extend(unusable)
        chain.live[export] = live
        chain.withdrawn += withdrawn
        chain.sequence, chain.digest = manifest["sequence"], digest
        chain.cursors = {**chain.cursors, export: manifest["cursor"]}
        answer = {
            "registry": manifest["registry"],
            "sequence": manifest["sequence"],
            "manifest_digest": digest,
            "accepted": counts["accepted"],
            "unchanged": counts["unchanged"],
            "withdrawn": len(withdrawn),
            "quarantined": len(unusable),
            "reasons": dict(Counter(line["unusable"]["code"] for line in unusable)),
            "duplicate": False,
            "subjects_new": 0,
            "links": 0,
            "reviews": 0,
        }
        chain.batches[manifest["sequence"]] = (digest, answer, manifest)
        return answer

    def _evidence(self, token: str, manifest: dict[str, Any]) -> tuple[str, Kept]:
        evidence = verify_sd_jwt(token, key_for=self._key)
        claims = dict(evidence.claims)
        clear = {name: claims.pop(name) for name in list(claims) if name in CLEAR}
        name = EXPORTS[manifest["registry"], manifest["export"]]
        assert set(clear) == CLEAR
        assert clear["vct"] == schema(f"evidence/{name}")["x-vct"]
        assert (clear["iss"], clear["registry"], clear["export"]) == (
            manifest["iss"],
            manifest["registry"],
            manifest["export"],
        )
        place = clear["status"]["status_list"]
        assert (place["uri"], place["idx"]) not in self.status_places, "a status index given out twice"
        self.status_places.add((place["uri"], place["idx"]))
        assert validator(f"evidence/{name}").is_valid(claims)
        return clear["record"], Kept(clear["content"], claims, evidence, token)


def _conflict(code: str, **facts: Any) -> HubError:
    from hub.errors import Conflict

    return Conflict(code, "The batch does not follow the last one kept.", "批次不衔接。", **facts)
