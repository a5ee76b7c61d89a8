"""A service signs the status lists 状态列表 of the papers it took in and licences it issued; the hub serves them."""

from dataclasses import dataclass
from typing import Final

from hub.client.channel import Channel
from hub.errors import Malformed, Missing
from hub.proof.statuslist import StatusList, following, sign_status_list, verify_status_list

LIST_SIZE: Final = 1_000_000
LIFETIME_SECONDS: Final = 7 * 86_400
COPY_SECONDS: Final = 12 * 3600
MEDIA_TYPE: Final = "application/statuslist+jwt"


@dataclass(frozen=True, slots=True)
class OwnStatuses:
    """The status lists of one service at one hub."""

    channel: Channel

    def place(self) -> dict[str, object]:
        """What the next paper or licence says about its status; every place is given once."""
        told = self.channel.call("POST", "/v1/statuses/places").json()
        return {"status_list": {"uri": told["uri"], "idx": told["idx"]}}

    def publish(self) -> int:
        """Every list that was due is signed by this service and at the hub afterwards; how many they were.

        Call it after papers were taken in or taken back, and every few days: a list is good for a week.

        Raises:
            Conflict: evidence ended meanwhile; call again.
        """
        due = self.channel.call("GET", "/v1/statuses").json()
        for each in due:
            self._publish(str(each["uri"]), {int(index): int(value) for index, value in each["flips"]})
        return len(due)

    def _publish(self, uri: str, flips: dict[int, int]) -> None:
        identity = self.channel.identity
        path = f"/v1/statuses/{identity.party}/{uri.rpartition('/')[2]}"
        before = self._newest(path, uri)
        statuses = following(before.statuses if before else None, flips, size=LIST_SIZE)
        now = max(int(identity.clock.now().timestamp()), before.issued_at + 1 if before else 0)
        times = (now, now + LIFETIME_SECONDS, COPY_SECONDS)
        token = sign_status_list(statuses, uri=uri, issuer=identity.party, signer=identity.signer, times=times)
        self.channel.call("PUT", path, token=False, content=token.encode(), headers={"content-type": MEDIA_TYPE})

    def _newest(self, path: str, uri: str) -> StatusList | None:
        """The newest list when this very key signed it; one of a key before it is followed as the hub asks."""
        try:
            token = self.channel.call("GET", path, token=False).content
        except Missing:
            return None
        own = self.channel.identity.signer.public
        try:
            read = verify_status_list(token, key_for=lambda kid, _iss: own if kid == own.kid else None)
        except Malformed as fault:
            if fault.code == "proof.unknown-key":
                return None
            raise
        return read if read.uri == uri else None
