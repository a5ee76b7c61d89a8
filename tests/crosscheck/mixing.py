"""Bundles mixed from parts that are each genuine, sealed anew by a hub that lies; each with the step where it fails."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hub.audit.model import Entry
from hub.audit.rules import commit
from hub.exchange.bundle import spoken_claims
from hub.proof.encoding import b64url_decode
from hub.proof.jws import b64url
from hub.proof.keys import generate_signer
from hub.proof.merkle import inclusion_proof
from hub.proof.statuslist import StatusArray, sign_status_list
from tests.crosscheck import bundles
from tests.crosscheck.attacks import Damage, asking, history, lines, told_in_the_log

Part = Callable[[bundles.Cast, dict[str, Any]], Any]
OTHER_CASE, OTHER_PERSON, OTHER_CONSUMER = "2026-0002", "pw_y", "svc:other"
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def of_another_case(who: bundles.Cast) -> dict[str, Any]:
    """A whole bundle of the same consumer about somebody else in another case."""
    request = bundles.asked(who, case=OTHER_CASE, subject={"pairwise": OTHER_PERSON})
    evidence = bundles.parts(who)["evidence"]
    told = {"case": OTHER_CASE, "subject": OTHER_PERSON, "exchange": "xch_2"}
    answer = bundles.answered(who, request, evidence, **told)
    codes = {name: commit(bundles.SALT, told[name]) for name in ("case", "subject")} | {"exchange": "xch_2"}
    entry = bundles.entry_of(request, answer, **codes)
    whole = {**bundles.bundle_of(who, request, answer), "entry": b64url(entry), "receipt": bundles.receipt(who, entry)}
    return bundles.sealed(whole, who.hub)


def taken(*members: str, source: Callable[[bundles.Cast], dict[str, Any]] = of_another_case) -> Damage:
    """Those members out of the bundle ``source``."""

    def damage(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
        other = source(who)
        bundle.update(bundles.sealed({**bundle, **{name: other[name] for name in members}}, who.hub))

    return damage


def another_county(_who: bundles.Cast) -> dict[str, Any]:
    return bundles.bundle(bundles.cast())


def known_to_have_ended(_bundle: dict[str, Any], policy: dict[str, Any], who: bundles.Cast) -> None:
    """The key history is of a bundle from before the key's end, of which the policy tells."""
    policy["key_life"] = [{"party": "dept:land", "jwk": who.land.public.to_jwk(), "revoked": bundles.BEGAN + 1}]


def a_stranger_beside(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
    """Who was asked about by number, and behind them somebody else out of the same register."""
    paths = ("name", "number")
    own = bundles.asked_by_number(who, {"name": "张三", "number": "11010519491231002X"}, *paths)
    other = bundles.asked_by_number(who, {"name": "赵六", "number": "440524188001010014"}, *paths)
    told = [*spoken_claims(own["answer"])["evidence"], *spoken_claims(other["answer"])["evidence"]]
    answer = bundles.answered(who, own["request"], [], evidence=told)
    bundle.update(bundles.bundle_of(who, own["request"], answer))


def by_another_consumer(answered_to: str, *, signed_as: str = OTHER_CONSUMER) -> Damage:
    """The request of another consumer that the policy knows; the log says that this one asked."""

    def damage(bundle: dict[str, Any], policy: dict[str, Any], who: bundles.Cast) -> None:
        signer = generate_signer()
        request = bundles.asked(replace(who, consumer=signer), iss=signed_as)
        answer = bundles.answered(who, request, bundles.parts(who)["evidence"], aud=answered_to)
        made = bundles.bundle_of(who, request, answer)
        made["keys"].append({**made["keys"][0], "party": OTHER_CONSUMER, "jwk": signer.public.to_jwk()})
        policy["parties"][OTHER_CONSUMER] = {"jwks": [signer.public.to_jwk()]}
        bundle.update(bundles.sealed(made, who.hub))

    return damage


def list_of(who: bundles.Cast, *, status: int = 0, uri: str = bundles.LIST, issuer: str = "", age: int = 30) -> str:
    statuses = StatusArray.of_size(64)
    statuses[9] = status
    signer = who.marriage if issuer else who.land
    times = (bundles.NOW - age, bundles.NOW + 3600, 300)
    return sign_status_list(statuses, uri=uri, issuer=issuer or "dept:land", signer=signer, times=times)


def listed(
    *lists: tuple[int, dict[str, Any]], max_age: int | None = 3600, change: Part = lambda _who, lists: lists
) -> Damage:
    """Status lists at those places of the log of ten, in which the answer is the sixth entry; one list always holds.

    That is the marriage department's: with the land department's own, too, the bundle verifies.
    """

    def damage(bundle: dict[str, Any], policy: dict[str, Any], who: bundles.Cast) -> None:
        log = [*bundles.OTHERS[:5], b64url_decode(bundle["entry"]), *bundles.OTHERS[5:]]
        tokens = {index: list_of(who, **said) for index, said in (*lists, (1, {"issuer": "dept:marriage"}))}
        for index, token in tokens.items():
            claims = {"department": "dept:land", "digest": bundles.digest_of(token)}
            log[index] = Entry("status", claims, entry_id=f"ent_list{index}").content()
        tree = bundles.tree_of(log)
        told = [
            {
                "token": token,
                "entry": b64url(log[index]),
                "index": index,
                "path": [b64url(each) for each in inclusion_proof(tree, index, len(log))],
            }
            for index, token in tokens.items()
        ]
        receipt = bundles.receipt_in(who, log)
        changed = {"version": 2, "receipt": receipt, "status_lists": change(who, told)}
        bundle.update(bundles.sealed({**bundle, **changed}, who.hub))
        policy["max_status_age_seconds"] = max_age

    return damage


def with_entry_of_the_other(_who: bundles.Cast, lists: Any) -> Any:
    return [{**lists[1], "token": lists[0]["token"]}, lists[-1]]


def with_path_of_another_tree(who: bundles.Cast, lists: Any) -> Any:
    other = bundles.with_list(who, bundles.bundle(who), lists[0]["token"])["status_lists"][0]
    return [{**lists[0], "path": other["path"]}, *lists[1:]]


def placed_earlier(_who: bundles.Cast, lists: Any) -> Any:
    return [{**lists[0], "index": 2}, *lists[1:]]


def receipt_with(change: Callable[[bundles.Cast, str, str], str]) -> Damage:
    """The receipt made of itself and of one from another tree of the same log."""

    def damage(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
        receipt = change(who, bundle["receipt"], of_another_case(who)["receipt"])
        bundle.update(bundles.sealed({**bundle, "receipt": receipt}, who.hub))

    return damage


def checkpoint_of_the_other(_who: bundles.Cast, own: str, other: str) -> str:
    return own.partition("\n\n")[0] + "\n\n" + other.partition("\n\n")[2]


def signatures_of_the_other(*names: str) -> Callable[[bundles.Cast, str, str], str]:
    def change(_who: bundles.Cast, own: str, other: str) -> str:
        theirs = {line.split()[1]: line for line in other.split("\n") if line.startswith("— ")}
        lines = own.split("\n")
        return "\n".join(theirs[line.split()[1]] if line.startswith(tuple(names)) else line for line in lines)

    return change


BY_LOG, BY_WITNESS = f"— {bundles.ORIGIN} ", "— witness.audit.example "


def cosigned_elsewhere(bundle: dict[str, Any], policy: dict[str, Any], who: bundles.Cast) -> None:
    """Evidence of a key stolen since, logged afterwards; what a witness signed before the theft was another tree."""
    stolen = {"compromised_since": bundles.NOW + 2, "log_size": 3}
    stolen_since(stolen)(bundle, policy, who)
    receipt_with(signatures_of_the_other(BY_WITNESS))(bundle, policy, who)


def stolen_since(told: dict[str, int]) -> Damage:
    return history(lambda keys: [{**each, **(told if each["party"] == "dept:land" else {})} for each in keys])


def witnessed_by_others(bundle: dict[str, Any], policy: dict[str, Any], who: bundles.Cast) -> None:
    """Cosigned by the witnesses of another county, under the names of this one's."""
    other = bundles.cast()
    strangers = replace(who, witness=other.witness, quantum_witness=other.quantum_witness)
    bundle.update(bundles.bundle_of(strangers, bundle["request"], bundle["answer"]))


def respelled(presentation: str) -> str:
    """The same evidence under the other of the two signatures that ECDSA has for it."""
    jws, _, shown = presentation.partition("~")
    text, _, signature = jws.rpartition(".")
    both = b64url_decode(signature)
    r, s = (int.from_bytes(half, "big") for half in (both[:32], both[32:]))
    other = r.to_bytes(32, "big") + (P256_ORDER - s).to_bytes(32, "big")
    return f"{text}.{b64url(other)}~{shown}"


def doubled(**changed: Any) -> Damage:
    return lines(lambda told: [*told, {**told[0], **changed}])


def shown_again(change: Callable[[str], str]) -> Damage:
    return lines(lambda told: [*told, {**told[0], "presentation": change(told[0]["presentation"])}])


def with_less(presentation: str) -> str:
    jws, *_, _end = presentation.split("~")
    return f"{jws}~"


MIXED: list[tuple[str, Damage, int]] = [
    ("key history of another county", taken("keys", source=another_county), 9),
    ("key history from before the end of a key that the policy knows", known_to_have_ended, 9),
    ("somebody else's evidence beside that of who was asked about", a_stranger_beside, 7),
    ("request of another case", taken("request"), 5),
    ("answer to another case", taken("answer"), 5),
    ("answer to another case, with its log entry", taken("answer", "entry", "salt", "receipt"), 5),
    ("log entry of another case, with its receipt", taken("entry", "salt", "receipt"), 10),
    ("receipt of another case", taken("receipt"), 11),
    ("log entry of this answer under another case", told_in_the_log(case=commit(bundles.SALT, OTHER_CASE)), 10),
    ("log entry of this answer about another person", told_in_the_log(subject=commit(bundles.SALT, OTHER_PERSON)), 10),
    ("log entry of this answer by another name", told_in_the_log(exchange="xch_2"), 10),
    ("request to another hub", asking(aud="hub:elsewhere"), 3),
    ("request of another consumer, answered to this one", by_another_consumer("svc:window"), 5),
    ("request of another consumer, logged as this one's", by_another_consumer(OTHER_CONSUMER), 10),
    (
        "request of another consumer in the name of this one",
        by_another_consumer("svc:window", signed_as="svc:window"),
        3,
    ),
    ("status list at another address of the department", listed((2, {"uri": f"{bundles.LIST}2"})), 12),
    ("status list of another department at that address", listed((2, {"issuer": "dept:marriage"})), 12),
    ("status list of long ago, logged just before the answer", listed((4, {"age": 90_000})), 12),
    (
        "status list of long ago, logged behind the one on which the evidence had ended",
        listed((2, {"status": 1}), (4, {"age": 90_000}), max_age=None),
        12,
    ),
    ("status list logged after the answer", listed((9, {})), 12),
    ("status list said to be logged before the answer", listed((9, {}), change=placed_earlier, max_age=None), 12),
    (
        "status list beside the log entry of another",
        listed((2, {}), (3, {"age": 60}), change=with_entry_of_the_other, max_age=None),
        12,
    ),
    (
        "status list with its path in another tree",
        listed((2, {}), (7, {"age": 60}), change=with_path_of_another_tree),
        12,
    ),
    ("checkpoint of another tree of the log", receipt_with(checkpoint_of_the_other), 11),
    ("log's signature under another checkpoint", receipt_with(signatures_of_the_other(BY_LOG)), 11),
    ("witness's cosignature of another checkpoint", receipt_with(signatures_of_the_other(BY_WITNESS)), 11),
    ("witness's cosignature of another checkpoint for a stolen key", cosigned_elsewhere, 9),
    ("witnesses of another county", witnessed_by_others, 11),
    ("evidence shown twice", doubled(), 7),
    ("evidence shown twice, its role written in another way", doubled(role="holder"), 7),
    ("evidence shown twice, once with less", shown_again(with_less), 7),
    ("evidence shown twice, once under its other signature", shown_again(respelled), 7),
]
