"""Attacks on a bundle, most by a hub that lies, seals and logs the lie; each with the step at which it must fail."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hub.exchange.bundle import spoken_claims
from hub.proof.jws import sign_jws
from hub.proof.keys import FileSigner, generate_signer
from hub.proof.note import Ed25519Cosigner, MlDsaCosigner, NoteSigner, NoteVerifier
from hub.proof.sdjwt import issue_sd_jwt
from hub.proof.statuslist import StatusArray, sign_status_list
from tests.crosscheck import bundles

Damage = Callable[[dict[str, Any], dict[str, Any], bundles.Cast], None]


def sealed(**changed: Any) -> Damage:
    """Members of the bundle replaced, or one more."""

    def damage(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
        bundle.update(bundles.sealed({**bundle, **changed}, who.hub))

    return damage


def disclosures(change: Callable[[list[str]], list[str]], *, is_logged: bool) -> Damage:
    """The first piece of evidence shown with its disclosures changed; logged so, or slipped in after the logging."""

    def damage(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
        made = bundles.parts(who)
        jws, *shown, end = made["evidence"][0].split("~")
        other = "~".join([jws, *change(shown), end])
        answer = bundles.answered(who, made["request"], [other, made["evidence"][1]])
        right = bundles.answered(who, made["request"], made["evidence"])
        bundle.update(bundles.bundle_of(who, made["request"], answer if is_logged else right))
        bundle.update(bundles.sealed({**bundle, "answer": answer}, who.hub))

    return damage


def another_persons(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
    """Somebody else's evidence under an answer that was valid."""
    made = bundles.parts(who)
    other = bundles.evidence(
        who.land, "dept:land", bundles.RIGHT_TYPE, {**bundles.RIGHT, "holders": [{"name": "赵六"}]}
    )
    shown = bundles.presented(other, who.land, ["unit", "holders.0.name"])
    answer = bundles.answered(who, made["request"], [shown, made["evidence"][1]])
    bundle.update(bundles.bundle_of(who, made["request"], bundles.answered(who, made["request"], made["evidence"])))
    bundle.update(bundles.sealed({**bundle, "answer": answer}, who.hub))


def lines(change: Callable[[list[dict[str, Any]]], Any], **answer: Any) -> Damage:
    """An answer with its lines changed, truly signed, logged and sealed."""

    def damage(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
        made = bundles.parts(who)
        told = spoken_claims(bundles.answered(who, made["request"], made["evidence"]))["evidence"]
        lied = bundles.answered(who, made["request"], [], evidence=change(told), **answer)
        bundle.update(bundles.bundle_of(who, made["request"], lied))

    return damage


def first_line(**changed: Any) -> Damage:
    return lines(lambda told: [{**told[0], **changed}, *told[1:]])


def made_by(signer: str, issuer: str, **clear: Any) -> Damage:
    """The first piece of evidence made by somebody, under a key of theirs that the policy knows and that counts."""

    def damage(bundle: dict[str, Any], policy: dict[str, Any], who: bundles.Cast) -> None:
        made = bundles.parts(who)
        said = {"iss": issuer, "vct": bundles.RIGHT_TYPE, "iat": bundles.NOW - 9000, "jti": "j", **clear}
        token = issue_sd_jwt(said, bundles.RIGHT, signer=getattr(who, signer))
        shown = bundles.presented(token, getattr(who, signer), ["unit"])
        request = bundles.asked(who, types=(said["vct"], bundles.EVENT_TYPE))
        told = spoken_claims(bundles.answered(who, request, [shown, made["evidence"][1]]))["evidence"]
        told[0].update(provider=issuer, type=said["vct"])
        answer = bundles.answered(who, request, [], evidence=told)
        bundle.update(bundles.bundle_of(who, request, answer))
        policy["parties"]["dept:land"]["evidence"] = [bundles.RIGHT_TYPE]

    return damage


def asking(**claims: Any) -> Damage:
    """A request that its consumer signed so, answered as if it were as usual."""

    def damage(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
        request = bundles.asked(who, **claims)
        answer = bundles.answered(who, request, bundles.parts(who)["evidence"])
        bundle.update(bundles.bundle_of(who, request, answer))

    return damage


def stated(**clear: Any) -> Damage:
    """The hub's own statement, with that in clear, in the place of the first piece of evidence."""

    def damage(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
        made = bundles.parts(who)
        said = {"iss": bundles.HUB, "vct": "urn:hub:statement:alive:1", "iat": bundles.NOW, "jti": "j", **clear}
        shown = bundles.presented(issue_sd_jwt(said, {"unit": "alive"}, signer=who.hub), who.hub, ["unit"])
        request = bundles.asked(who, types=(said["vct"], bundles.EVENT_TYPE))
        told = spoken_claims(bundles.answered(who, request, [shown, made["evidence"][1]]))["evidence"]
        told[0].update(provider=bundles.HUB, type=said["vct"], role="self")
        bundle.update(bundles.bundle_of(who, request, bundles.answered(who, request, [], evidence=told)))

    return damage


def told_in_the_log(**codes: Any) -> Damage:
    """An entry that says something else in clear, truly logged."""

    def damage(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
        entry = bundles.entry_of(bundle["request"], bundle["answer"], **codes)
        receipt = bundles.receipt(who, entry)
        bundle.update(bundles.sealed({**bundle, "entry": bundles.b64url(entry), "receipt": receipt}, who.hub))

    return damage


def asked_by_the_hub(bundle: dict[str, Any], policy: dict[str, Any], who: bundles.Cast) -> None:
    """Nobody asked: the hub signs a request of its own and answers it."""
    asked = spoken_claims(bundles.parts(who)["request"])
    request = sign_jws({**asked, "iss": bundles.HUB}, typ="evidence-request+jwt", signer=who.hub)
    bundle.update(bundles.bundle_of(who, request, bundles.answered(who, request, bundles.parts(who)["evidence"])))


def of_a_type_not_asked_for(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
    """Evidence of one more type, without a claim disclosed: what stands in it in clear was not asked for either."""
    made = bundles.parts(who)
    more = bundles.evidence(who.marriage, "dept:marriage", "urn:hub:evidence:divorce:1", bundles.EVENT)
    told = spoken_claims(bundles.answered(who, made["request"], made["evidence"]))["evidence"]
    bare = bundles.presented(more, who.marriage, [])
    told.append({**told[1], "type": "urn:hub:evidence:divorce:1", "presentation": bare})
    answer = bundles.answered(who, made["request"], [], evidence=told)
    bundle.update(bundles.bundle_of(who, made["request"], answer))


def evidence_valid(**period: int) -> Damage:
    """Evidence with a period of its own, released at ``bundles.NOW``."""

    def damage(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
        made = bundles.parts(who)
        clear = {"iss": "dept:land", "vct": bundles.RIGHT_TYPE, "iat": bundles.NOW - 9000, "jti": "j", **period}
        token = issue_sd_jwt(clear, bundles.RIGHT, signer=who.land)
        shown = bundles.presented(token, who.land, ["unit"])
        answer = bundles.answered(who, made["request"], [shown, made["evidence"][1]])
        bundle.update(bundles.bundle_of(who, made["request"], answer))

    return damage


def history(change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Damage:
    """The key history rewritten."""

    def damage(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
        bundle.update(bundles.sealed({**bundle, "keys": change([dict(line) for line in bundle["keys"]])}, who.hub))

    return damage


def without(party: str) -> Damage:
    return history(lambda lines: [line for line in lines if line["party"] != party])


def begun_later(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**line, "from": bundles.NOW + 600} for line in lines]


def renewed(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A second word about each key, in the hope that the last one counts."""
    return [*({**line, "revoked": bundles.BEGAN + 1} for line in lines), *lines]


def listed(signer: str, *, issuer: str = "dept:land", ends: int = 3600) -> Damage:
    """A status list signed by ``signer`` as ``issuer``, and a policy that demands one."""

    def damage(bundle: dict[str, Any], policy: dict[str, Any], who: bundles.Cast) -> None:
        key: FileSigner = getattr(who, signer)
        times = (bundles.NOW - 30, bundles.NOW + ends, 10)
        token = sign_status_list(StatusArray.of_size(64), uri=bundles.LIST, issuer=issuer, signer=key, times=times)
        bundle.update(bundles.sealed({**bundle, "status_lists": [token]}, who.hub))
        policy["max_status_age_seconds"] = 3600

    return damage


def logged_in(origin: str) -> Damage:
    """The receipt of the same entry from a log that the policy does not name."""

    def damage(bundle: dict[str, Any], _policy: dict[str, Any], who: bundles.Cast) -> None:
        entry = bundles.entry_of(bundle["request"], bundle["answer"])
        other = replace(who, log=NoteSigner(origin, generate_signer()))
        receipt = bundles.receipt(other, entry)
        bundle.update(bundles.sealed({**bundle, "entry": bundles.b64url(entry), "receipt": receipt}, who.hub))

    return damage


def twice_witnessed(bundle: dict[str, Any], policy: dict[str, Any], who: bundles.Cast) -> None:
    """One institution cosigns with two keys where two institutions are demanded."""
    twin = MlDsaCosigner(who.witness.verifier.name, secrets.token_bytes(32))
    absent = Ed25519Cosigner("witness.court.example", generate_signer())
    bundle.update(bundles.bundle_of(replace(who, quantum_witness=twin), bundle["request"], bundle["answer"]))
    policy["witnesses"] = [each.verifier.vkey for each in (who.witness, twin, absent)]
    policy["quorum"] = 2


Policy = dict[str, Any]


def in_policy(*path: str | int, **changed: Any) -> Callable[[Policy, bundles.Cast], None]:
    """A member of the trust policy replaced, or one more, where ``path`` leads."""

    def change(policy: Policy, _who: bundles.Cast) -> None:
        place: Any = policy
        for step in path:
            place = place[step]
        place.update(changed)

    return change


def key_life(**changed: Any) -> Callable[[Policy, bundles.Cast], None]:
    def change(policy: Policy, who: bundles.Cast) -> None:
        policy["key_life"] = [{"party": "dept:land", "jwk": who.land.public.to_jwk(), **changed}]

    return change


def key_life_of_another_id(policy: Policy, who: bundles.Cast) -> None:
    told = {**who.land.public.to_jwk(), "kid": "land-1"}
    policy["key_life"] = [{"party": "dept:land", "jwk": told, "revoked": bundles.NOW}]


def witnessed_by(kind: int) -> Callable[[Policy, bundles.Cast], None]:
    """The log's own key as its witness."""

    def change(policy: Policy, who: bundles.Cast) -> None:
        own = who.log.verifier
        policy["witnesses"] = [*policy["witnesses"], NoteVerifier(own.name, kind, own.key).vkey]

    return change


def further_key_of_the_hub(policy: Policy, who: bundles.Cast) -> None:
    policy["parties"][bundles.HUB] = {"jwks": [who.consumer.public.to_jwk()]}


def two_keys_of_one_id(policy: Policy, who: bundles.Cast) -> None:
    policy["parties"]["dept:land"]["jwks"] = [{**each.public.to_jwk(), "kid": "k"} for each in (who.land, who.marriage)]


POLICIES: list[tuple[str, Callable[[Policy, bundles.Cast], None]]] = [
    ("a demand misspelt", in_policy(max_status_age=60)),
    ("a member of the hub misspelt", in_policy("hub", orgin="hub.example/log")),
    ("a member of a party misspelt", in_policy("parties", "dept:land", evidences=[bundles.RIGHT_TYPE])),
    ("the end of a key misspelt", key_life(revokd=bundles.NOW)),
    ("the end of a key as a text", key_life(revoked=str(bundles.NOW))),
    ("the end of a key of a party misspelt", key_life(party="dept:lnad", revoked=bundles.NOW)),
    ("the end of a key under another id", key_life_of_another_id),
    ("two keys under one id", two_keys_of_one_id),
    ("a further key of the hub among the parties", further_key_of_the_hub),
    ("no parties", in_policy(parties=None)),
    ("no quorum", in_policy(quorum=None)),
    ("a quorum beyond the institutions", in_policy(quorum=3)),
    ("the log as its own witness", witnessed_by(1)),
    ("the log's key as a witness's", witnessed_by(4)),
    (
        "a witness as the log",
        in_policy("hub", log_vkey=Ed25519Cosigner(bundles.ORIGIN, generate_signer()).verifier.vkey),
    ),
    ("a private key", in_policy("parties", "dept:land", "jwks", 0, d="AAAA")),
    ("a key for another algorithm", in_policy("parties", "dept:land", "jwks", 0, alg="Ed25519")),
    ("a key without an id", in_policy("parties", "dept:land", "jwks", 0, kid=None)),
]
"""Trust policies that say something else than their author may have meant, or hold no key: each is refused whole."""

ATTACKS: list[tuple[str, Damage, int]] = [
    ("one member more", sealed(note="trust me"), 1),
    ("disclosure doubled", disclosures(lambda shown: [*shown, shown[0]], is_logged=True), 7),
    ("disclosure dropped after logging", disclosures(lambda shown: shown[1:], is_logged=False), 10),
    ("disclosures in another order after logging", disclosures(lambda shown: shown[::-1], is_logged=False), 10),
    ("evidence of another person under a valid answer", another_persons, 10),
    ("hub's key left out of the history", without(bundles.HUB), 9),
    ("department's key left out of the history", without("dept:land"), 9),
    ("keys that began after they signed", history(begun_later), 9),
    ("two words about one key", history(renewed), 9),
    ("end of a key misspelt", history(lambda lines: [{**line, "revokd": 1} for line in lines]), 9),
    (
        "key history of a list of parties",
        history(lambda lines: [{**line, "party": [line["party"]]} for line in lines]),
        9,
    ),
    ("no key history", history(lambda _lines: []), 9),
    ("receipt from another log of the same name", logged_in(bundles.ORIGIN), 11),
    ("receipt from a log of another name", logged_in("hub.elsewhere/log"), 11),
    ("one institution cosigns twice", twice_witnessed, 11),
    ("request by the hub itself", asked_by_the_hub, 3),
    ("request that lives for an hour", asking(exp=bundles.NOW + 3598), 3),
    ("request with a claim that nobody knows", asking(purpose="curiosity"), 3),
    ("request for a pattern that is none", asking(types=(bundles.RIGHT_TYPE, bundles.EVENT_TYPE), patterns=["**"]), 3),
    ("request that begins after its answer", asking(nbf=bundles.NOW + 3600), 5),
    ("line of a type asked for left out", lines(lambda told: told[:1]), 5),
    ("answer without a name", lines(list, exchange=None), 4),
    ("line whose date is none", first_line(as_of="2026-10-01"), 4),
    ("role that the evidence does not have", first_line(role="holder.2"), 7),
    ("role with a number where none is", lines(lambda told: [told[0], {**told[1], "role": "man.1"}]), 7),
    ("evidence passed off as fresher than it is", made_by("land", "dept:land", as_of=bundles.NOW - 90_000), 7),
    ("statement about nobody", stated(), 8),
    ("statement about somebody else", stated(sub="pw_y"), 8),
    ("entry that tells auditors of another type", told_in_the_log(released=["urn:hub:evidence:resident:1"]), 10),
    ("entry that tells auditors of another provider", told_in_the_log(providers=[]), 10),
    ("entry that tells auditors of less asked for", told_in_the_log(asked=[bundles.RIGHT_TYPE]), 10),
    ("entry that tells auditors of a reason", told_in_the_log(reason="sharing.no-grant"), 10),
    ("answer without lines", lines(lambda _told: []), 4),
    ("line that is none", lines(lambda told: [None, *told]), 4),
    ("line that names no type", first_line(type=None), 4),
    ("line with a presentation that is no text", first_line(presentation=[]), 4),
    ("line refused that shows something", first_line(outcome="refused"), 4),
    ("line released that shows nothing", first_line(presentation=None), 4),
    ("outcome that the lines do not say", lines(list, outcome="partial"), 4),
    ("department's evidence made by the hub", made_by("hub", bundles.HUB), 7),
    ("department's evidence made by the consumer", made_by("consumer", "svc:window"), 7),
    ("department's evidence made by another department", made_by("marriage", "dept:marriage"), 7),
    ("hub's statement made by a department", made_by("land", "dept:land", vct="urn:hub:statement:alive:1"), 7),
    ("evidence signed after the answer", made_by("land", "dept:land", iat=bundles.NOW + 3600), 7),
    ("evidence of a type that was not asked for", of_a_type_not_asked_for, 5),
    ("evidence that had ended by its own word", evidence_valid(exp=bundles.NOW), 12),
    ("evidence that had not begun", evidence_valid(nbf=bundles.NOW + 3600), 12),
    ("status list of another department", listed("marriage", issuer="dept:marriage"), 12),
    ("status list under another department's key", listed("marriage"), 12),
    ("status list that had expired", listed("land", ends=-10), 12),
]
