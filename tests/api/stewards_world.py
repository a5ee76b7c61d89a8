"""A served hub into which departments push, and everyone who calls it: stewards, owners, a consumer, an auditor."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.bootstrap import published_shapes
from hub.client.channel import Channel
from hub.identity.model import Found, IdentityQuery
from hub.kernel.clock import SystemClock
from hub.sharing.reading import shipped_grants
from tests.evidence.pushing import Department, withdrawn
from tests.exchange.world import AID, World
from tests.identity.conftest import number_of
from tests.support.running import Running, running

STEWARD = "auth:data-bureau"
AUDITOR = "aud:county-audit"
FUNERAL_SUBSIDY = "svc:funeral-subsidy"
_CALLERS = (STEWARD, AUDITOR, AID, FUNERAL_SUBSIDY, "dept:land", "dept:marriage", "dept:civil-affairs")


@dataclass(frozen=True)
class Desk:
    """The hub's departments as ``world``, and a channel for each caller."""

    up: Running
    world: World
    channels: Mapping[str, Channel]

    def call(self, method: str, path: str, *, by: str = STEWARD, **options: Any) -> Any:
        """The JSON that the hub answers."""
        return self.channels[by].call(method, path, **options).json()

    def reviews(self, **query: Any) -> list[dict[str, Any]]:
        """Open review items about people called ``name``, or all."""
        name = query.pop("name", None)
        found = self.call("GET", "/v1/identity/reviews", params=query)
        return [each for each in found if name in (None, each["left"]["fields"].get("name"))
                or name == each["right"]["fields"].get("name")]  # fmt: skip

    def decide(self, review: str, decision: str, note: str = "") -> Any:
        """The item as decided."""
        word = {"decision": decision, "steward": "李科员", "note": note}
        return self.call("POST", f"/v1/identity/reviews/{review}/decision", json=word)

    def pair(self, path: str, one: tuple[str, str], other: tuple[str, str]) -> Any:
        """What comes of joining or splitting two mentions."""
        named = [{"record": record, "role": role} for record, role in (one, other)]
        return self.call("POST", path, json={"one": named[0], "other": named[1], "steward": "李科员"})

    def tell(
        self, registry: str, export: str, records: Mapping[str, Mapping[str, Any]], gone: Sequence[str] = ()
    ) -> None:
        """The export's next batch: what the records with those keys say now, and the keys of those that are gone."""
        shape = next(each for each in published_shapes() if (each.registry, each.export) == (registry, export))
        issuer = f"dept:{registry.replace('_', '-')}"
        department = Department(issuer, shape, self.world.signers[issuer], self.world.clock)
        lines = [department.line(key, form) for key, form in records.items()]
        self.world.push(registry, export, lines=[*lines, *(withdrawn(key) for key in gone)])

    def history(self, subject: str) -> list[dict[str, Any]]:
        """What the history call says that registries said of the subject."""
        said: list[dict[str, Any]] = self.call("GET", f"/v1/identity/subjects/{subject}/history")["said"]
        return said

    def subject_of(self, number: str, name: str, kind: str = "resident") -> str | None:
        """Who answers to a number and a name."""
        with self.up.hub.database.reading() as session:
            found = self.up.hub.identity.subject_for(session, IdentityQuery(kind, number, name))
        return found.subject_id if isinstance(found, Found) else None

    def mentions(self, number: str) -> dict[str, tuple[str, str]]:
        """Record and role of every mention whose key or fields hold the number, by registry/role."""
        hub, found = self.up.hub, {}
        with hub.database.reading() as session:
            rows = session.connection().exec_driver_sql(
                "SELECT mention_id, sealed, registry_id, record, role FROM identity_mention WHERE gone_at IS NULL"
            )
            vault = hub.identity._parts.vault
            for mention_id, sealed, registry, record, role in rows:
                if vault.open_said(bytes(mention_id), bytes(sealed))["fields"].get("number") == number:
                    found[f"{registry}/{role}"] = (record, role)
        return found


@contextmanager
def stewards_desk(database_url: str, place: Path) -> Iterator[Desk]:
    """The hub with the published catalogue and its grants, and nobody in it."""
    with running(database_url, place) as up, ExitStack() as stack:
        edition = up.hub.catalogue.publish_shipped(by=STEWARD)
        up.hub.sharing.take_over(shipped_grants(edition.catalogue), by=STEWARD)
        signers = {party: up.cabinet.signer_of(party) for party in (*_CALLERS, "dept:funeral", "dept:low-income")}
        world = World(up.hub, SystemClock(), signers=signers)
        channels = {party: stack.enter_context(up.channel(party)) for party in _CALLERS}
        yield Desk(up, world, channels)


def resident(name: str, born: str, sequence: int, **more: Any) -> dict[str, Any]:
    """A roster line of somebody of that name."""
    number = number_of(born, sequence)
    return {"name": name, "number": number, "number_valid": True, "document_kind": "111", "birth_date": born, **more}


def flat(holder: Mapping[str, Any], unit: int = 1) -> dict[str, Any]:
    """A right of which that person is the one holder."""
    named = {name: holder[name] for name in ("name", "number", "document_kind", "number_valid") if name in holder}
    return {
        "unit": f"320684413219GB00029F{unit:08}",
        "certificate": f"苏(2017)海门市不动产权第{unit:07}号",
        "right_kind": "4",
        "registered_status": "current",
        "location": "某县某路1号",
        "sharing": "sole",
        "holders": [named | {"holder_kind": "person"}],
    }
