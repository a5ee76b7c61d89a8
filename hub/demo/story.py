"""The story of `hub demo`: five registries in, one signed and audited answer out, checked without trusting the hub."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from adapters.simulator.county import County, make_county
from hub.api.server import listening_socket
from hub.client.answers import Answer
from hub.client.approval import ApprovalClient
from hub.demo import verification
from hub.demo.figures import CaseFigures, Figures
from hub.demo.parties import OPERATOR, trust_policy
from hub.demo.place import Place, taken
from hub.demo.plays import OFFICER, Play, Played, brought_in, perform, window
from hub.demo.pushing import figures_of, push_all, registries_of
from hub.demo.script import plays_of, second_matter_of
from hub.demo.show import Narrator
from hub.demo.stage import MakeHub, Stage, stage
from hub.errors import Broken
from hub.exchange.steps import Verification
from hub.exchange.trust import TrustPolicy, parse_trust_policy

HOST: Final = "127.0.0.1"
FORBIDDEN: Final = "urn:hub:evidence:marriage-event:1"


@dataclass(frozen=True)
class Wish:
    """What the user of the demo asked for."""

    directory: Path
    residents: int
    organisations: int
    seed: int
    port: int
    json_file: Path | None = None


def tell(wish: Wish, narrator: Narrator, make_hub: MakeHub, afterwards: Callable[[Stage], None]) -> Figures:
    """What happened, as figures; ``afterwards`` runs while everything is still up.

    Raises:
        Conflict: the port or the directory is in use.
    """
    began = time.monotonic()
    at = listening_socket(HOST, wish.port)
    with taken(wish.directory) as place:
        narrator.chapter("Database, keys, catalogue, hub", "数据库、密钥、目录、枢纽")
        county = make_county(wish.residents, wish.organisations, seed=wish.seed)
        with stage(place, at, make_hub) as up:
            narrator.fact("hub 枢纽", up.url)
            narrator.fact("directory 目录", place.root)
            figures = Figures(county.residents, county.organisations, county.seed)
            _Story(county, up, narrator, figures).tell()
            figures.seconds = round(time.monotonic() - began, 1)
            _keep(figures, place, wish)
            narrator.say(f"Done in {figures.seconds} s.", "完成。")
            afterwards(up)
    return figures


def _keep(figures: Figures, place: Place, wish: Wish) -> None:
    figures.write(place.figures)
    if wish.json_file is not None:
        figures.write(wish.json_file)


class _Story:
    def __init__(self, county: County, up: Stage, narrator: Narrator, figures: Figures) -> None:
        self.county = county
        self.up = up
        self.narrator = narrator
        self.figures = figures
        self.policy_file = trust_policy(up.hub, up.cabinet, up.witnesses)
        self.policy: TrustPolicy = parse_trust_policy(self.policy_file)

    def tell(self) -> None:
        """Every chapter in turn."""
        self._registries()
        self._identity()
        plays = plays_of(self.county)
        played = [self._play(play) for play in plays]
        verification.keep_applicant(self.up.place, plays[0].people["applicant"][0])
        self._second_matter(played[2])
        self._refusal(plays[1], played[1])
        self._log_size()
        self._proof(played[0])

    def _registries(self) -> None:
        say = self.narrator
        say.chapter("Five registries push what they hold", "五个登记库推送凭证")
        with say.progress() as bars:
            task = bars.add_task("simulated county 模拟县", total=self.county.residents)
            with registries_of(self.county, self.up, lambda done, _all: bars.update(task, completed=done)) as addresses:
                reports = push_all(self.up, addresses, bars)
        self.figures.registries = {name: figures_of(report) for name, report in reports.items()}
        self.figures.links = sum(report.total("links") for report in reports.values())
        say.registries(self.figures.registries)
        say.reasons(self.figures.registries)

    def _identity(self) -> None:
        identity, database = self.up.hub.identity, self.up.hub.database
        with database.reading() as session:
            counted, reviews = identity.figures(session), identity.review_counts(session)
        self.figures.subjects = {kind: counted.get(kind, 0) for kind in ("resident", "legal_person")}
        self.figures.reviews = reviews.get("open", 0)
        self.narrator.chapter("Whose records are they?", "主体比对")
        self.narrator.fact("residents 自然人", f"{self.figures.subjects['resident']:,}")
        self.narrator.fact("legal persons 法人", f"{self.figures.subjects['legal_person']:,}")
        self.narrator.fact("records linked 关联", f"{self.figures.links:,}")
        self.narrator.fact("for a steward to decide 待人工复核", f"{self.figures.reviews:,}")

    def _play(self, play: Play, brought_before: frozenset[str] = frozenset()) -> Played:
        self.narrator.chapter(play.name, "")
        with window(self.up, play.window, self.policy) as client:
            played = perform(play, client, self.narrator, brought_before)
        self._tell_case(play.matter, played.figures)
        return played

    def _tell_case(self, name: str, figures: CaseFigures) -> None:
        self.figures.cases[name] = figures
        self.narrator.say(
            f"{figures.materials_listed} materials listed, {figures.materials_demanded} demanded here, "
            f"{figures.satisfied_without_asking} satisfied without asking, {figures.to_bring} to bring or sign; "
            f"answers: {figures.outcome}.",
            f"目录材料 {figures.materials_listed} 份，本情形应交 {figures.materials_demanded} 份，"
            f"免提交 {figures.satisfied_without_asking} 份，需自带或签署 {figures.to_bring} 份。",
        )

    def _second_matter(self, first: Played) -> None:
        play = second_matter_of(self.county.cast)
        figures = self._play(play, brought_in(first)).figures
        self.narrator.say(
            f"Brought for another matter before and used again: {figures.reused_from_another_matter}; "
            f"asked for again: {figures.asked_again}.",
            f"此前在另一事项中提交、本次免提交：{figures.reused_from_another_matter} 份；"
            f"重复收取：{figures.asked_again} 份。",
        )

    def _refusal(self, play: Play, played: Played) -> None:
        self.narrator.chapter("What no grant allows is refused", "未获授权的请求被拒绝")
        with window(self.up, play.window, self.policy) as client:
            answer = _ask_too_much(client, play, played)
        self.figures.cases["refusal"] = CaseFigures(play.matter, outcome=answer.outcome, reason=answer.reason)
        self.narrator.say(
            f"The association window asked for a founder's marriage records: {answer.outcome} ({answer.reason}); "
            "the refusal is signed and logged like any answer.",
            "社会组织登记窗口请求发起人的婚姻登记信息：已拒绝，拒绝同样签名并写入日志。",
        )

    def _log_size(self) -> None:
        self.figures.log_size = _size(self.up.hub.log.checkpoint())
        self.narrator.fact("log entries 日志条目", f"{self.figures.log_size:,}")

    def _proof(self, played: Played) -> None:
        say, place = self.narrator, self.up.place
        say.chapter("Verified without trusting the hub", "离线核验")
        with window(self.up, "svc:low-income-aid", self.policy) as client:
            bundle: Mapping[str, Any] = client.bundle(played.answers[0])
        say.say(f"{len(self.up.witnesses)} witnesses have cosigned the log.", "见证方已共签日志检查点。")
        verification.keep(place, bundle, self.policy_file, self.up.cabinet.signer_of(OPERATOR))
        sound = verification.verified(place)
        say.verification(place.bundle, sound)
        changed = verification.verified_with_one_byte_changed(place)
        say.verification(place.root / "bundle-changed.json", changed)
        self.figures.verification = verification.figures_of(sound, changed)
        policy, key = verification.signed_policy(place), verification.authority_key(place)
        say.say("To verify it once more:", "再次核验：")
        say.command("verify", _near(place.bundle), "--policy", _near(policy), "--authority-key", _near(key))
        _require_story(sound, changed)


def _near(path: Path) -> str:
    """The path as somebody who stands here writes it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _ask_too_much(client: ApprovalClient, play: Play, played: Played) -> Answer:
    subject = {"pairwise": str(played.case.pairwise_of("founding_person"))}
    wanted = [{"type": FORBIDDEN, "claims": ["event", "event_on"]}]
    return client.ask(played.case, subject, wanted, basis=play.basis, officer=OFFICER)


def _size(note: str) -> int:
    return int(note.splitlines()[1])


def _require_story(sound: Verification, changed: Verification) -> None:
    if not sound.is_valid or changed.is_valid:
        raise Broken(
            "demo.verification",
            "The demo's bundle did not verify as it must; see the checklist above.",
            "演示核验结果异常，请见上方清单。",
        )
