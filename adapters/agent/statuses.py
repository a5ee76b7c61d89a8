"""After a push, the department signs the status lists 状态列表 that its changes touched, and hands them to the hub.

The newest list is read first: what was taken back stays so on every later one, whatever the hub asks for.
"""

from dataclasses import dataclass
from typing import Final

from tenacity import Retrying, retry_if_exception, stop_after_attempt

from adapters.agent.hub_client import HubClient
from adapters.agent.references import BATCHES_PER_LIST, PLACES_PER_BATCH
from hub.errors import Conflict, Missing
from hub.kernel.clock import Clock
from hub.proof.keys import Signer
from hub.proof.statuslist import StatusSigner

LIST_SIZE: Final = BATCHES_PER_LIST * PLACES_PER_BATCH
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
        signing = StatusSigner(self.department, self.signer, LIST_SIZE)
        now = int(self.clock.now().timestamp())
        self.client.hand_in_statuses(path, signing.after(self._newest(path), flips, uri=uri, now=now))

    def _newest(self, path: str) -> bytes | None:
        try:
            return self.client.statuses_at(path)
        except Missing:
            return None


def _is_overtaken(fault: BaseException) -> bool:
    return isinstance(fault, Conflict) and fault.code in _ANEW
