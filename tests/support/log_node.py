"""One node of the log in a process of its own, to be killed: appends entries and prints each id once it has a receipt.

Run as ``python -m tests.support.log_node DATABASE_URL FOLDER``; the folder holds ``key.pem`` and ``last-signed``.
"""

import sys
import threading
from pathlib import Path

from hub.audit.lastsigned import SignedFile
from hub.audit.parts import LogParts
from hub.audit.service import Log
from hub.audit.store import AuditStore
from hub.errors import HubError
from hub.kernel.clock import SystemClock
from hub.proof.keys import FileSigner
from hub.proof.note import NoteSigner
from hub.storage.database import Database
from tests.support.log import ORIGIN, entry

CLIENTS = 4


def main(url: str, folder: Path) -> None:
    signer = NoteSigner(ORIGIN, FileSigner.from_pem(folder / "key.pem"))
    database = Database(url)
    log = Log(database, LogParts(signer, SignedFile(folder / "last-signed"), SystemClock()))
    log.start()
    lock = threading.Lock()

    def client() -> None:
        while True:
            made = entry()
            try:
                with database.writing() as session:
                    AuditStore(session).append(made)
                receipt = log.receipt_for(made.entry_id, 30)
            except HubError:
                continue
            with lock:
                sys.stdout.write(f"{receipt.index} {made.entry_id}\n")
                sys.stdout.flush()

    clients = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for each in clients:
        each.start()
    for each in clients:
        each.join()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
