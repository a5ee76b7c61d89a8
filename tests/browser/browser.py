"""A headless Chromium, driven over the W3C WebDriver protocol by plain HTTP."""

import base64
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip
PROMISED = """const done = arguments[arguments.length - 1], args = [...arguments].slice(0, -1);
(async () => { %s })().then((value) => done({value}), (fault) => done({fault: String(fault)}));"""
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"


def lacking() -> str:
    """What of the browser is not installed, or nothing."""
    return ", ".join(name for name in ("chromium", "chromedriver") if not shutil.which(name))


class Browser:
    """One tab of one browser."""

    def __init__(self, session: httpx.Client) -> None:
        self._session = session

    def open(self, url: str) -> None:
        self._say("POST", "/url", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        """What the promise that ``script`` (the body of an async function) returns resolves to."""
        answer = self._say("POST", "/execute/async", {"script": PROMISED % script, "args": list(arguments)})
        assert "fault" not in answer, answer["fault"]
        return answer.get("value")

    def choose(self, css: str, path: Path) -> None:
        """A person picks the file ``path`` in the file field ``css``."""
        self._say("POST", f"/element/{self._element(css)}/value", {"text": str(path)})

    def click(self, css: str) -> None:
        self._say("POST", f"/element/{self._element(css)}/click", {})

    def text(self, css: str) -> str:
        return str(self._say("GET", f"/element/{self._element(css)}/text"))

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self._say("GET", "/screenshot")))

    def _element(self, css: str) -> str:
        return str(self._say("POST", "/element", {"using": "css selector", "value": css})[ELEMENT])

    def _say(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._session.request(method, path.lstrip("/"), json=body)
        value = answer.json()["value"]
        assert answer.status_code == httpx.codes.OK, value
        return value


@contextmanager
def chromium(profile: Path) -> Iterator[Browser]:
    """A browser of its own, closed afterwards; ``profile`` is an empty folder for its files."""
    with subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, text=True) as driver:  # noqa: S607
        try:
            assert driver.stdout is not None
            port = next(int(line.split()[-1].rstrip(".")) for line in driver.stdout if "started successfully" in line)
            base = f"http://127.0.0.1:{port}/session"
            options = {"args": [*QUIET, f"--user-data-dir={profile}"], "binary": shutil.which("chromium")}
            wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}
            made = httpx.post(base, json=wanted, timeout=60).json()["value"]
            try:
                with httpx.Client(base_url=f"{base}/{made['sessionId']}/", timeout=60) as session:
                    yield Browser(session)
            finally:
                httpx.delete(f"{base}/{made['sessionId']}", timeout=60).raise_for_status()
        finally:
            driver.terminate()
