"""Who waits for a receipt: many callers, one thread that answers them all after each checkpoint."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NoReturn, Protocol

from hub.audit.model import Receipt
from hub.errors import HubError, Unavailable


class Waiting(Protocol):
    """Who waits for a receipt, and takes it on the thread that has it."""

    def answer(self, receipt: Receipt | None, fault: HubError | None = None) -> None:
        """There is a receipt, or a fault."""


class Slot:
    """A caller's place in the queue for a receipt, on its own thread."""

    __slots__ = ("_gate", "fault", "receipt")

    def __init__(self) -> None:
        self._gate = threading.Lock()
        self._gate.acquire()
        self.receipt: Receipt | None = None
        self.fault: HubError | None = None

    def answer(self, receipt: Receipt | None, fault: HubError | None = None) -> None:
        """The caller goes on with a receipt or a fault."""
        self.receipt, self.fault = receipt, fault
        self._gate.release()

    def wait(self, seconds: float) -> bool:
        """True when there is an answer."""
        return self._gate.acquire(timeout=seconds)


class Waiters:
    """The slots by entry."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots: dict[str, list[Waiting]] = defaultdict(list)

    def join(self, entry_id: str) -> Slot:
        """A slot that the next checkpoint with the entry answers."""
        slot = Slot()
        self.stand(entry_id, slot)
        return slot

    def stand(self, entry_id: str, slot: Waiting) -> None:
        """The next checkpoint with the entry answers ``slot``."""
        self.stand_all([(entry_id, slot)])

    def stand_all(self, places: Iterable[tuple[str, Waiting]]) -> None:
        """The same for many."""
        with self._lock:
            for entry_id, slot in places:
                self._slots[entry_id].append(slot)

    def leave(self, entry_id: str, slot: Waiting) -> None:
        """The slot is given up."""
        with self._lock:
            left = [each for each in self._slots.get(entry_id, ()) if each is not slot]
            if left:
                self._slots[entry_id] = left
            else:
                self._slots.pop(entry_id, None)

    def awaited(self) -> list[str]:
        """The entries that somebody waits for."""
        with self._lock:
            return list(self._slots)

    def answer(self, entry_id: str, receipt: Receipt | None, fault: HubError | None = None) -> None:
        """All who wait for the entry go on."""
        with self._lock:
            slots = self._slots.pop(entry_id, ())
        for slot in slots:
            slot.answer(receipt, fault)

    def answer_from(self, receipts_of: Callable[[Iterable[str]], Mapping[str, Receipt]]) -> None:
        """All who wait for an entry that has a receipt go on with it."""
        receipts = receipts_of(self.awaited())
        with self._lock:
            found = [(slot, receipt) for each, receipt in receipts.items() for slot in self._slots.pop(each, ())]
        for slot, receipt in found:
            slot.answer(receipt)

    def __bool__(self) -> bool:
        return bool(self._slots)


def no_receipt_yet() -> NoReturn:
    """The entry waits for its index still.

    Raises:
        Unavailable: always.
    """
    raise Unavailable(
        "audit.no-receipt-yet",
        "The entry is kept, but the log has not taken it up in time; ask for its receipt later.",
        "条目已保存，但日志未能及时定序；请稍后索取回执。",
    )
