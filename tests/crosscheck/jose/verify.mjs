// Checks every signed message of a bundle with the npm package jose: seal, request, answer, evidence, status lists.
//
//   node verify.mjs BUNDLE POLICY
//
// Prints one JSON object and exits 0 when every signature holds; says what does not, and exits 1, otherwise.
// It knows nothing of the hub's code: only the formats, the trust policy, and other people's JOSE.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { compactVerify, decodeProtectedHeader, importJWK } from "jose";

const [bundle, policy] = process.argv.slice(2).map((path) => JSON.parse(readFileSync(path, "utf8")));
const sha256 = (text) => createHash("sha256").update(text).digest("base64url");

/** The keys that the policy gives for a party: the hub's own, or a department's or consumer's. */
const listOf = (jwks) => (Array.isArray(jwks) ? jwks : (jwks?.keys ?? []));
const keysOf = (party) => listOf(party === policy.hub.id ? policy.hub.jwks : policy.parties[party]?.jwks);

/** The claims of `token`, after jose has verified it with the issuer's key from the policy. */
async function claimsOf(token, typ) {
  const { kid } = decodeProtectedHeader(token);
  const { iss } = JSON.parse(Buffer.from(token.split(".")[1], "base64url").toString());
  const jwk = keysOf(iss).find((key) => key.kid === kid);
  if (!jwk) throw new Error(`no trusted key ${kid} of ${iss}`);
  const alg = jwk.kty === "OKP" ? "Ed25519" : "ES256";
  const key = await importJWK({ ...jwk, alg }, alg);
  const { payload, protectedHeader } = await compactVerify(token, key, { algorithms: ["Ed25519", "EdDSA", "ES256"] });
  if (protectedHeader.typ !== typ) throw new Error(`type ${protectedHeader.typ}, not ${typ}`);
  return JSON.parse(new TextDecoder().decode(payload));
}

/** Every digest that stands in `_sd` or `...` anywhere inside. */
function digestsIn(value, found = new Set()) {
  if (Array.isArray(value)) value.forEach((member) => digestsIn(member, found));
  else if (value !== null && typeof value === "object") {
    for (const [name, member] of Object.entries(value)) {
      if (name === "_sd") member.forEach((digest) => found.add(digest));
      else if (name === "...") found.add(member);
      else digestsIn(member, found);
    }
  }
  return found;
}

/** Evidence: jose verifies the issuer's signature; each disclosure must hash to a digest that was signed. */
async function disclosedBy(presentation) {
  const [jws, ...disclosures] = presentation.split("~").slice(0, -1);
  const claims = await claimsOf(jws, "dc+sd-jwt");
  const signed = digestsIn(claims);
  const names = [];
  for (const disclosure of disclosures) {
    if (!signed.has(sha256(disclosure))) throw new Error("a disclosure that nobody signed");
    const parsed = JSON.parse(Buffer.from(disclosure, "base64url").toString());
    digestsIn(parsed, signed);
    names.push(parsed.length === 3 ? parsed[1] : "…");
  }
  return { issuer: claims.iss, type: claims.vct, disclosed: names.sort() };
}

const seal = await claimsOf(bundle.seal, "bundle-seal+jwt");
const request = await claimsOf(bundle.request, "evidence-request+jwt");
const answer = await claimsOf(bundle.answer, "evidence-answer+jwt");
if (seal.iss !== policy.hub.id) throw new Error("the seal is not the hub's");
if (answer.iss !== policy.hub.id) throw new Error("the answer is not the hub's");
if (answer.aud !== request.iss) throw new Error("the answer is for somebody else");
if (answer.request_digest !== sha256(bundle.request)) throw new Error("the answer is to another request");
const evidence = [];
for (const item of answer.evidence ?? []) {
  if (item.presentation) evidence.push(await disclosedBy(item.presentation));
}
const lists = [];
for (const list of bundle.status_lists ?? []) {
  lists.push((await claimsOf(list.token ?? list, "statuslist+jwt")).sub);
}
console.log(JSON.stringify({ consumer: request.iss, outcome: answer.outcome, evidence, status_lists: lists }));
