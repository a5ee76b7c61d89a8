"""Access tokens for everything that is not its own credential: a signed assertion in, a short token out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from hub.errors import Malformed, Refused
from hub.kernel.clock import Clock
from hub.kernel.ids import new_id
from hub.parties.directory import PartyDirectory
from hub.parties.model import AccessToken, Caller, Scope
from hub.parties.rules import scopes_for
from hub.parties.store import PartyStore
from hub.proof.jws import VerifiedJws, sign_jws, verify_request
from hub.proof.keys import PublicKey, Signer
from hub.storage.database import Database

ASSERTION_TYP: Final = "client-authentication+jwt"
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKEN_TYP: Final = "at+jwt"  # noqa: S105 - a media type, no secret
TOKEN_LIFETIME: Final = timedelta(minutes=10)


@dataclass(frozen=True)
class TokenService:
    """Hands out and reads the access tokens of one hub, whose id is ``issuer``."""

    database: Database
    directory: PartyDirectory
    signer: Signer
    issuer: str
    clock: Clock

    def grant(self, form: Mapping[str, str]) -> AccessToken:
        """A token for the party that signed the form's assertion (``private_key_jwt``, RFC 7523).

        (1) The grant is client credentials, the assertion a JWT. (2) Its type, key, sole audience (RFC 10070: the
        issuer id of the hub), lifetime. (3) ``sub`` equals ``iss``, and so does ``client_id`` where it is sent
        (RFC 7521 §4.2). (4) The party is active, the scopes are open to it. (5) The assertion was not used before.

        Raises:
            Malformed: the form or the assertion cannot be what it claims to be.
            Refused: another audience, expired, used before, suspended, or a scope that is not open.
        """
        _check_form(form)  # 1
        assertion = self._verified(form["client_assertion"])  # 2
        party = str(assertion.claims["iss"])
        if [assertion.claims.get("sub"), form.get("client_id", party)] != [party, party]:  # 3
            raise Malformed(
                "parties.subject-is-not-issuer",
                "iss and sub of a client assertion, and client_id where it is sent, must be the same party.",
                "客户端断言的 iss 与 sub，以及所发送的 client_id，须为同一参与方。",
            )
        caller = Caller(self.directory.require_party(party), frozenset())
        scopes = scopes_for(caller.party.kind, form.get("scope", "").split())  # 4
        self._use_once(assertion)  # 5
        return self._token(Caller(caller.party, scopes), assertion.key.kid)

    def verify(self, token: str, scope: Scope) -> Caller:
        """The caller behind ``token``, which opens ``scope``.

        A token lives no longer than the key that asked for it: whoever stole the key holds nothing once it is revoked.

        Raises:
            Malformed: not a token of this hub, or of a key that has ended.
            Refused: expired, or not for this scope.
        """
        lifetime = int(TOKEN_LIFETIME.total_seconds())
        claims = verify_request(
            token,
            typ=TOKEN_TYP,
            key_for=self._own_key,
            audience=self.issuer,
            now=self.clock.now(),
            lifetime_seconds=lifetime,
            leeway_seconds=0,
        ).claims
        party, kid = str(claims["sub"]), claims.get("key")  # a node of an older version names none
        if kid is not None and self.directory.key_for(str(kid), party) is None:
            raise Malformed(
                "parties.token-of-ended-key",
                "The key that asked for this access token has ended; ask for a new one with a key that counts.",
                "申请该访问令牌的密钥已失效；请以有效密钥重新申请。",
            )
        scopes = frozenset(Scope(each) for each in str(claims["scope"]).split())
        if scope not in scopes:
            raise Refused(
                "parties.scope-missing",
                "The access token does not open this; ask for the scope named here.",
                "访问令牌不含所需权限；请申请此处所列的权限。",
                scope=scope.value,
            )
        return Caller(self.directory.require_party(party), scopes)

    def _verified(self, assertion: str) -> VerifiedJws:
        return verify_request(
            assertion,
            typ=ASSERTION_TYP,
            key_for=self.directory.key_for,
            audience=self.issuer,
            now=self.clock.now(),
        )

    def _use_once(self, assertion: VerifiedJws) -> None:
        now = self.clock.now()
        claims = assertion.claims
        with self.database.writing() as session:
            store = PartyStore(session)
            store.forget_messages(now - timedelta(minutes=5))
            if not store.use_message(str(claims["iss"]), str(claims["jti"]), now + timedelta(minutes=5)):
                raise Refused(
                    "parties.assertion-used",
                    "This client assertion was used before; sign a new one with a new jti.",
                    "该客户端断言已被使用；请以新的 jti 重新签发。",
                )

    def _own_key(self, kid: str | None, iss: str | None) -> PublicKey | None:
        own = self.signer.public
        if iss != self.issuer:
            return None
        return own if kid == own.kid else self.directory.key_for(kid, iss)

    def _token(self, caller: Caller, kid: str) -> AccessToken:
        now = int(self.clock.now().timestamp())
        seconds = int(TOKEN_LIFETIME.total_seconds())
        scope = " ".join(sorted(each.value for each in caller.scopes))
        claims = {
            "iss": self.issuer,
            "aud": self.issuer,
            "sub": caller.party.id,
            "client_id": caller.party.id,
            "iat": now,
            "exp": now + seconds,
            "jti": new_id("tok"),
            "scope": scope,
            "key": kid,
        }
        return AccessToken(sign_jws(claims, typ=TOKEN_TYP, signer=self.signer), seconds, scope)


def _check_form(form: Mapping[str, str]) -> None:
    if "grant_type" not in form:
        raise Malformed(
            "parties.no-grant-type",
            "The form names no grant; send grant_type=client_credentials.",
            "表单未写明授权类型；请发送 grant_type=client_credentials。",
        )
    if form["grant_type"] != "client_credentials":
        raise Malformed(
            "parties.grant-type",
            "Only grant_type=client_credentials is offered.",
            "仅支持 grant_type=client_credentials。",
        )
    if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
        raise Malformed(
            "parties.assertion-missing",
            f"Send client_assertion_type={ASSERTION_TYPE} and a client_assertion.",
            f"请发送 client_assertion_type={ASSERTION_TYPE} 和 client_assertion。",
        )


def bearer_token(header: str | None) -> str:
    """The token in an ``Authorization`` header.

    Raises:
        Refused: there is none.
    """
    kind, _, token = (header or "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise Refused(
            "parties.no-token",
            "Send an access token: Authorization: Bearer ….",
            "请携带访问令牌：Authorization: Bearer …。",
        )
    return token
