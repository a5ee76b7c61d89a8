"""Scanners for uploads: each says nothing, or refuses a file that would harm whoever opens it."""

import socket
import struct
from collections.abc import Iterable
from typing import BinaryIO, Final, Protocol

from hub.errors import Refused, Unavailable

PART_BYTES: Final = 1024 * 1024
EICAR: Final = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
ACTIVE_PDF: Final = (b"/JavaScript", b"/Launch", b"/EmbeddedFile")


class Scanner(Protocol):
    """Looks at a whole file."""

    name: str

    def scan(self, file: BinaryIO) -> None:
        """Nothing, when the file is harmless as far as this scanner knows; the file is left at any position.

        Raises:
            Refused: ``cases.harmful-file``.
            Unavailable: the scanner does not answer.
        """
        ...


def parts_of(file: BinaryIO) -> Iterable[bytes]:
    """The whole file from its start, in parts of at most 1 MB."""
    file.seek(0)
    while part := file.read(PART_BYTES):
        yield part


class SignatureScanner:
    """Looks for known byte strings, also across part borders: the EICAR test file, and what makes a PDF act."""

    def __init__(self, signatures: Iterable[bytes] = (EICAR, *ACTIVE_PDF)) -> None:
        self.name = "signatures"
        self._signatures = tuple(signatures)
        self._overlap = max(map(len, self._signatures)) - 1

    def scan(self, file: BinaryIO) -> None:
        """See ``Scanner``."""
        tail = b""
        for part in parts_of(file):
            window = tail + part
            if any(signature in window for signature in self._signatures):
                raise harmful(self.name)
            tail = window[-self._overlap :]


class ClamdScanner:
    """Asks a ClamAV daemon by its INSTREAM command over TCP."""

    def __init__(self, host: str, port: int = 3310, *, timeout_seconds: float = 30) -> None:
        self.name = "clamd"
        self._address = (host, port)
        self._timeout_seconds = timeout_seconds

    def scan(self, file: BinaryIO) -> None:
        """See ``Scanner``; an answer that is neither clean nor found counts as no answer."""
        try:
            answer = self._ask(file)
        except OSError as fault:
            raise _no_answer() from fault
        if answer.endswith(b"FOUND"):
            raise harmful(self.name)
        if not answer.endswith(b"OK"):
            raise _no_answer()

    def _ask(self, file: BinaryIO) -> bytes:
        with socket.create_connection(self._address, timeout=self._timeout_seconds) as connection:
            connection.sendall(b"zINSTREAM\0")
            for part in parts_of(file):
                connection.sendall(struct.pack(">I", len(part)) + part)
            connection.sendall(struct.pack(">I", 0))
            answer = b""
            while not answer.endswith(b"\0") and (more := connection.recv(4096)):
                answer += more
        return answer.rstrip(b"\0\n")


def harmful(scanner: str) -> Refused:
    """The refusal of a file that a scanner objects to."""
    return Refused(
        "cases.harmful-file",
        "The scanner objects to this file; bring it as a plain scan or photograph.",
        "文件未通过安全检查，请重新扫描或拍照上传。",
        scanner=scanner,
    )


def _no_answer() -> Unavailable:
    return Unavailable(
        "cases.scanner-away", "The file scanner does not answer; try again.", "文件安全检查服务无应答，请稍后重试。"
    )
