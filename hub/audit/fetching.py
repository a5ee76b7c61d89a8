"""Answers of others over HTTP, bounded in size and time: whoever is asked may be hostile, and fill the memory."""

import time
from typing import Any, Final

import httpx

MOST_BYTES: Final = 32 * 1024 * 1024
"""More than the largest thing that a log serves: 256 entries of 64 KiB."""


def fetched(
    client: httpx.Client, method: str, url: str, *, most_bytes: int = MOST_BYTES, within_seconds: float, **options: Any
) -> tuple[httpx.Response, bytes]:
    """The answer and its body, as far as it came; the body is asked for as it is, and counted as it is unpacked.

    Raises:
        httpx.HTTPError: nobody answers, the body is larger than that, or it is not at its end in time.
    """
    ends = time.monotonic() + within_seconds
    headers = {**options.pop("headers", {}), "accept-encoding": "identity"}
    with client.stream(method, url, headers=headers, **options) as answer:
        body = bytearray()
        for piece in answer.iter_bytes():
            body += piece
            if len(body) > most_bytes:
                raise httpx.ReadError("The answer is larger than anything that was asked for.")
            if time.monotonic() > ends:
                raise httpx.ReadTimeout("The answer does not come to its end.")
        return answer, bytes(body)
