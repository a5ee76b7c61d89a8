"""A service signs the status lists 状态列表 of the papers it took in and licences it issued; the hub serves them."""

from dataclasses import dataclass
from typing import Final

from hub.client.channel import Channel
from hub.errors import Missing
from hub.proof.statuslist import StatusSigner

LIST_SIZE: Final = 1_000_000
MEDIA_TYPE: Final = "application/statuslist+jwt"


@dataclass(frozen=True, slots=True)
class OwnStatuses:
    """The status lists of one service at one hub."""

    channel: Channel

    def place(self) -> dict[str, object]:
        """What the next paper or licence says about its status; every place is given once."""
        told = self.channel.told("POST", "/v1/statuses/places")
        return {"status_list": {"uri": told["uri"], "idx": told["idx"]}}

    def publish(self) -> int:
        """Every list that was due is signed by this service and at the hub afterwards; how many they were.

        Call it after papers were taken in or taken back, and every few days: a list is good for a week.

        Raises:
            Conflict: evidence ended meanwhile; call again.
        """
        due = self.channel.told("GET", "/v1/statuses")
        for each in due:
            self._publish(str(each["uri"]), {int(index): int(value) for index, value in each["flips"]})
        return len(due)

    def _publish(self, uri: str, flips: dict[int, int]) -> None:
        identity = self.channel.identity
        path = f"/v1/statuses/{identity.party}/{uri.rpartition('/')[2]}"
        signing = StatusSigner(identity.party, identity.signer, LIST_SIZE)
        token = signing.after(self._newest(path), flips, uri=uri, now=int(identity.clock.now().timestamp()))
        self.channel.call("PUT", path, token=False, content=token.encode(), headers={"content-type": MEDIA_TYPE})

    def _newest(self, path: str) -> bytes | None:
        try:
            return self.channel.call("GET", path, token=False).content
        except Missing:
            return None
