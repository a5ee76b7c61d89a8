"""After a push, the department signs the status lists 状态列表 that its changes touched, and hands them to the hub.

What was taken back stays so on every later list: the newest list is read first and its flips are kept, whatever the
hub asks for. Only a suspended status may fall away again.
"""

from dataclasses import dataclass
from typing import Final

from tenacity import Retrying, retry_if_exception, stop_after_attempt

from adapters.agent.hub_client import HubClient
from adapters.agent.references import BATCHES_PER_LIST, PLACES_PER_BATCH
from hub.errors import Conflict, Malformed, Missing
from hub.kernel.clock import Clock
from hub.proof.keys import Signer
from hub.proof.statuslist import StatusArray, StatusList, StatusValue, sign_status_list, verify_status_list

LIST_SIZE: Final = BATCHES_PER_LIST * PLACES_PER_BATCH
LIFETIME_SECONDS: Final = 7 * 86_400
COPY_SECONDS: Final = 12 * 3600
_TRIES: Final = 5
_ANEW: Final = frozenset(("status.behind", "status.goes-back"))


@dataclass(frozen=True, slots=True)
class StatusPublisher:
    """Signs one registry's lists as its department."""

    client: HubClient
    signer: Signer
    department: str
    registry: str
    clock: Clock

    def publish(self) -> int:
        """Every list that was due is signed and at the hub afterwards; how many they were.

        Raises:
            Conflict: others pushed in between again and again; run again.
            Unavailable: the hub stayed away.
        """
        retrying = Retrying(retry=retry_if_exception(_is_overtaken), stop=stop_after_attempt(_TRIES), reraise=True)
        return retrying(self._publish_due)

    def _publish_due(self) -> int:
        due = self.client.due_statuses(self.registry)
        for each in due:
            self._hand_in(str(each["uri"]), {int(index): int(value) for index, value in each["flips"]})
        return len(due)

    def _hand_in(self, uri: str, flips: dict[int, int]) -> None:
        path = f"/v1/statuses/{self.registry}/{uri.rpartition('/')[2]}"
        statuses, issued_at = self._final(path, uri)
        for index, value in flips.items():
            if not 0 <= index < len(statuses) or value not in set(StatusValue):
                raise Malformed(
                    "adapters.status-index", "The hub asks for a status that no list has.", "状态索引越界。"
                )
            if statuses[index] != StatusValue.invalid:
                statuses[index] = value
        now = max(int(self.clock.now().timestamp()), issued_at + 1)
        times = (now, now + LIFETIME_SECONDS, COPY_SECONDS)
        token = sign_status_list(statuses, uri=uri, issuer=self.department, signer=self.signer, times=times)
        self.client.hand_in_statuses(path, token)

    def _final(self, path: str, uri: str) -> tuple[StatusArray, int]:
        """A list that says only what the newest one says for good, and when that one was issued."""
        fresh = StatusArray.of_size(LIST_SIZE)
        try:
            newest = self.client.statuses_at(path)
        except Missing:
            return fresh, 0
        read = self._own(newest)
        if read is None or read.uri != uri:
            return fresh, 0
        for index, value in read.statuses.set_indexes():
            if value == StatusValue.invalid:
                fresh[index] = value
        return fresh, read.issued_at

    def _own(self, token: bytes) -> StatusList | None:
        """The list in ``token`` when this very key signed it; one of a key before it is followed as the hub asks."""
        own = self.signer.public
        try:
            return verify_status_list(token, key_for=lambda kid, _iss: own if kid == own.kid else None)
        except Malformed as fault:
            if fault.code == "proof.unknown-key":
                return None
            raise


def _is_overtaken(fault: BaseException) -> bool:
    return isinstance(fault, Conflict) and fault.code in _ANEW
