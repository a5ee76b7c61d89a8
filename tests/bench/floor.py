"""The floor under an exchange: the same HTTP server, one request verified, one answer signed, one durable commit."""

import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI, Request, Response
from sqlalchemy import text

from hub.proof.jws import b64url, sign_jws, verify_request
from hub.proof.keys import FileSigner
from hub.storage.database import Database

TABLE = "CREATE TABLE IF NOT EXISTS bench_floor (digest bytea PRIMARY KEY, request text NOT NULL, answer text NOT NULL)"
KEEP = text("INSERT INTO bench_floor VALUES (:digest, :request, :answer)")


def application() -> FastAPI:
    """``POST /floor``: what nothing that is signed, audited and durable can be faster than."""
    database = Database(os.environ["FLOOR_DATABASE_URL"])
    signer = FileSigner.from_pem(os.environ["FLOOR_KEY"])
    limiter = CapacityLimiter(64)

    def answer(body: bytes) -> str:
        verified = verify_request(
            body,
            typ="evidence-request+jwt",
            key_for=lambda _kid, _iss: signer.public,
            audience="hub:bench",
            now=datetime.now(UTC),
        )
        signed = sign_jws(
            {"iss": "hub:bench", "request_digest": b64url(verified.digest)}, typ="evidence-answer+jwt", signer=signer
        )
        with database.writing() as session:
            row = {"digest": hashlib.sha256(body).digest(), "request": body.decode(), "answer": signed}
            session.execute(KEEP, row)
        return signed

    @asynccontextmanager
    async def alive(_app: FastAPI) -> AsyncIterator[None]:
        with database.writing() as session:
            session.execute(text("SELECT pg_advisory_xact_lock(1)"))
            session.execute(text(TABLE))
        yield
        database.close()

    app = FastAPI(lifespan=alive, telemetry={"tracing": False, "metrics": False, "logs": False})

    @app.post("/floor")
    async def floor(request: Request) -> Response:
        body = await request.body()
        return Response(await to_thread.run_sync(answer, body, limiter=limiter), media_type="application/jwt")

    return app
