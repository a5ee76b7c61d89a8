"""An answer's lines 应答条目 as a verifier reads them: each whole, and all of them saying one thing."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from hub.errors import Malformed
from hub.exchange.model import Outcome

_TEXTS_OR_NONE: Final = ("presentation", "provider", "role", "reason")


def bad_bundle() -> Malformed:
    """The refusal of a bundle, or of anything inside, of another form."""
    return Malformed("exchange.bundle-form", "The bundle is not of the form prescribed.", "核验包格式不符合规定。")


def lines_in(answer: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The lines of an answer with those claims.

    Raises:
        Malformed: a line is of another form, shows something although it was refused or nothing although it was
            released; the outcome on the whole is not what the lines say; or the answer has no name of its own.
    """
    if not all(isinstance(answer.get(name), str) for name in ("exchange", "jti")):
        raise bad_bundle()
    lines = answer.get("evidence")
    if not isinstance(lines, list) or not lines or not all(isinstance(line, Mapping) for line in lines):
        raise bad_bundle()
    outcomes = {_outcome(line) for line in lines}
    told = outcomes.pop() if len(outcomes) == 1 else Outcome.partial
    if answer.get("outcome") != told.value:
        raise bad_bundle()
    return lines


def _outcome(line: Mapping[str, Any]) -> Outcome:
    texts = [line.get(name) for name in _TEXTS_OR_NONE]
    if not isinstance(line.get("type"), str) or not all(isinstance(each, str | None) for each in texts):
        raise bad_bundle()
    if type(line.get("as_of")) not in {int, type(None)}:
        raise bad_bundle()
    outcome = next((each for each in Outcome if each.value == line.get("outcome")), None)
    if outcome is None or (outcome is Outcome.refused) is not (line.get("presentation") is None):
        raise bad_bundle()
    return outcome
