"""Whose a record was on a day 历史归属, and why: the line of the link log in force then, and the joins behind it."""

from dataclasses import dataclass
from datetime import datetime

from hub.identity.model import LinkEntry
from hub.identity.service.asking import Asking
from hub.identity.store import IndexStore, Session

_BEHIND = frozenset({"merged", "decided", "undone"})


@dataclass(frozen=True, slots=True)
class Belonging:
    """The subject that a record belonged to, the line that says so, what that line followed from, and who answers now.

    ``answered_by`` is the subject that answers for that id today.
    """

    line: LinkEntry
    because: tuple[LinkEntry, ...]
    answered_by: str


class Belongings:
    """Reads the link log; writes nothing."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def at(self, session: Session, record: str, role: str, at: datetime) -> Belonging | None:
        """Whom the record belonged to at that instant; None before it came and after it was withdrawn."""
        line = self._asking.owner_at(session, record, role, at)
        if line is None:
            return None
        return Belonging(
            line, self._behind(session, line), IndexStore(session).resolve(line.subject_id) or line.subject_id
        )

    def _behind(self, session: Session, line: LinkEntry) -> tuple[LinkEntry, ...]:
        """A record that moved did so since two of its subject's records were joined or parted at that moment."""
        if line.action != "moved":
            return ()
        around = self._asking.history_of_subject(session, line.subject_id)
        if line.from_subject is not None:
            around += self._asking.history_of_subject(session, line.from_subject)
        found = {each.link_id: each for each in around if each.at == line.at and each.action in _BEHIND}
        return tuple(found.values())
