"""The verifier page as its files stand, in a real browser."""

import functools
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.browser.browser import Browser, chromium, lacking

CONSOLE = Path(__file__).parents[2] / "hub" / "console"


class Silent(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *_: object) -> None:
        """Keeps the test's output clean."""


@pytest.fixture(scope="session")
def console_url() -> Iterator[str]:
    """Where the page's files are served, on loopback."""
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Silent, directory=str(CONSOLE))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One headless Chromium for all tests; its absence is a reason to skip."""
    if missing := lacking():
        pytest.skip(f"not installed: {missing}")
    with chromium(tmp_path_factory.mktemp("profile")) as tab:
        yield tab
