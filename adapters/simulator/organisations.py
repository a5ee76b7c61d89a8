"""Makes organisations 法人: companies, and the social ones that civil affairs registers, with their representatives."""
# ruff: noqa: PLR2004  # shares, ages and lengths are this module's content, and stand where they are used

from dataclasses import replace
from datetime import timedelta

from adapters.simulator import lexicon
from adapters.simulator.model import Organisation, Person
from adapters.simulator.people import Maker
from adapters.simulator.place import COUNTY, office_address, town_code, village_name

COMPANY, ASSOCIATION, SERVICE_BODY, FOUNDATION = "91", "51", "52", "53"
_KINDS = (COMPANY,) * 45 + (ASSOCIATION,) * 20 + (SERVICE_BODY,) * 32 + (FOUNDATION,) * 3


def make_organisations(maker: Maker, count: int) -> None:
    """Add organisations, each represented by a living grown-up of the village."""
    village = maker.village
    grown_up = [
        one
        for one in village.people.values()
        if 24 <= one.age_on(village.on) <= 68 and village.is_alive(one.id) and one.id not in maker.apart
    ]
    for _ in range(count):
        representative = maker.rng.choice(grown_up)
        kind = maker.rng.choice(_KINDS)
        made = add_organisation(maker, kind, _unused_name(maker, kind), representative)
        if made.is_social and maker.rng.random() < 0.06:
            _branch(maker, made)


def add_organisation(maker: Maker, kind: str, name: str, representative: Person) -> Organisation:
    """Register one organisation with its codes."""
    rng, numbers, village = maker.rng, maker.numbers, maker.village
    code = numbers.organisation_code("MA" if kind == COMPANY else "MJ")
    status = rng.choices(("正常", "在册", "注销", "撤销"), (80, 12, 6, 2))[0] if kind != COMPANY else "正常"
    founded = village.on - timedelta(days=rng.randint(400, 9000))
    made = Organisation(
        id=f"organisation:{village.index:04d}-{len(village.organisations) + 1:04d}",
        name=name,
        kind=kind,
        credit_code=numbers.credit_code(kind, code),
        organisation_code=code,
        registration_number=numbers.registration_number(),
        representative=representative.id,
        address=office_address(rng, village.index, len(village.organisations)),
        phone=numbers.phone(),
        founded=founded,
        capital_fen=rng.choice((3, 5, 10, 30, 50, 200)) * 1000000,
        scope=_SCOPES[kind],
        supervisor=_SUPERVISORS.get(kind, ""),
        status=status,
        ended_on=village.on - timedelta(days=rng.randint(10, 390)) if status in ("注销", "撤销") else None,
    )
    village.organisations[made.id] = made
    return made


_SCOPES = {
    COMPANY: "依法须经批准的项目除外，自主开展经营活动",
    ASSOCIATION: "行业自律、交流培训、咨询服务",
    SERVICE_BODY: "为居民提供照料、教育、康复服务",
    FOUNDATION: "资助困难群众，奖励先进",
}
_SUPERVISORS = {ASSOCIATION: f"{COUNTY}民政局", SERVICE_BODY: f"{COUNTY}教育局", FOUNDATION: f"{COUNTY}民政局"}


def _unused_name(maker: Maker, kind: str) -> str:
    used = {one.name for one in maker.village.organisations.values()}
    for _ in range(20):
        name = _name(maker, kind)
        if name not in used:
            return name
    return f"{name}（{len(used)}）"


def _name(maker: Maker, kind: str) -> str:
    rng = maker.rng
    place = COUNTY if rng.random() < 0.5 else f"{COUNTY}{village_name(maker.village.index)[:-3]}"
    word = rng.choice(lexicon.COMPANY_WORDS)
    if kind == COMPANY:
        form = rng.choice(("有限公司", "有限责任公司", "(集团)有限公司", "股份有限公司"))
        return f"{place}{word}{rng.choice(lexicon.COMPANY_TRADES)}{form}"
    if kind == ASSOCIATION:
        return f"{place}{word}{rng.choice(lexicon.ASSOCIATION_TOPICS)}协会"
    if kind == SERVICE_BODY:
        return f"{place}{word}{rng.choice(lexicon.SERVICE_TOPICS)}{rng.choice(lexicon.SERVICE_FORMS)}"
    return f"{place}{word}{rng.choice(lexicon.FOUNDATION_TOPICS)}基金会"


def _branch(maker: Maker, main: Organisation) -> None:
    representative = maker.village.people[main.representative]
    name = f"{main.name}{town_code(maker.village.index)[-2:]}分会"
    made = add_organisation(maker, main.kind, name, representative)
    maker.village.organisations[made.id] = _of(made, main)


def _of(branch: Organisation, main: Organisation) -> Organisation:
    return replace(branch, branch_of=main.id, status="正常", ended_on=None)
