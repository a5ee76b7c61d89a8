// The bytes under every signature: one spelling of base64url, JSON, JWS, SD-JWT, note and Merkle proof; the rest is
// refused. Plain browser JavaScript on WebCrypto alone, written apart from the hub's own Python on purpose.
"use strict";

const HubStrict = (() => {
  class Refusal extends Error {
    constructor(code, en, zh) {
      super(en);
      this.code = code;
      this.en = en;
      this.zh = zh;
    }
  }

  const refuse = (code, en, zh) => {
    throw new Refusal(code, en, zh);
  };

  const utf8 = new TextEncoder();
  const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

  function textOf(bytes) {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      return refuse("json", "The content is not UTF-8.", "内容不是 UTF-8 编码。");
    }
  }

  function concat(...pieces) {
    const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    return whole;
  }

  const equal = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);
  const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));

  // --- base64 ------------------------------------------------------------------------------------------------------

  function base64(bytes) {
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
  }

  const b64url = (bytes) => base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

  function unbase64(text) {
    let decoded = null;
    try {
      decoded = atob(text);
    } catch {
      decoded = null;
    }
    if (decoded === null || btoa(decoded) !== text) refuse("base64", "A part is not canonical base64.", "某部分不是规范的 base64 编码。");
    return Uint8Array.from(decoded, (character) => character.charCodeAt(0));
  }

  function unb64url(text) {
    if (typeof text !== "string" || !/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) {
      refuse("base64url", "A part is not canonical base64url without padding.", "某部分不是规范的无填充 base64url 编码。");
    }
    return unbase64(text.replaceAll("-", "+").replaceAll("_", "/") + "=".repeat((4 - (text.length % 4)) % 4));
  }

  // --- JSON --------------------------------------------------------------------------------------------------------

  const badJson = (en = "The content is not strict JSON.", zh = "内容不是严格的 JSON。") => refuse("json", en, zh);

  /** The JSON value in `text`; a doubled key, a fraction, a lone surrogate, NUL or deep nesting is refused. */
  function strictJson(text, maxDepth = 16) {
    const string = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
    const scalar = /true|false|null|-?(?:0|[1-9]\d*)(?![\d.eE])/y;
    let at = 0;

    const space = () => {
      while (at < text.length && " \t\n\r".includes(text[at])) at += 1;
    };
    const taken = (pattern) => {
      pattern.lastIndex = at;
      const found = pattern.exec(text);
      if (!found) badJson();
      at += found[0].length;
      return JSON.parse(found[0]);
    };
    const readText = () => {
      const value = taken(string);
      if (value.includes("\0") || LONE_SURROGATE.test(value)) badJson("A text holds NUL or half a character.", "文本含 NUL 或不完整字符。");
      return value;
    };
    const members = (close, read) => {
      at += 1;
      space();
      if (text[at] === close) {
        at += 1;
        return;
      }
      for (;;) {
        read();
        space();
        const next = text[at];
        at += 1;
        if (next === close) return;
        if (next !== ",") badJson();
        space();
      }
    };
    const read = (depth) => {
      space();
      if (text[at] === '"') return readText();
      if (text[at] !== "{" && text[at] !== "[") {
        const value = taken(scalar);
        if (typeof value === "number" && !Number.isSafeInteger(value)) badJson("An integer is too large to be exact.", "整数过大。");
        return value;
      }
      if (depth <= 0) badJson("The content is nested too deeply.", "内容嵌套过深。");
      if (text[at] === "[") {
        const list = [];
        members("]", () => list.push(read(depth - 1)));
        return list;
      }
      const object = Object.create(null);
      members("}", () => {
        const key = readText();
        if (key in object) badJson("An object names one key twice.", "JSON 对象中出现重复的键。");
        space();
        if (text[at] !== ":") badJson();
        at += 1;
        object[key] = read(depth - 1);
      });
      return object;
    };

    const value = read(maxDepth);
    space();
    if (at !== text.length) badJson();
    return value;
  }

  /** The one spelling of a value: sorted keys, no blanks (RFC 8785 for what strict JSON can hold). */
  function canonicalJson(value) {
    if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    const members = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`);
    return `{${members.join(",")}}`;
  }

  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

  // --- keys and JWS ------------------------------------------------------------------------------------------------

  const PRIVATE = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

  /** A public key from its JWK: what algorithm it uses is the key's word, never the message's. */
  async function publicKey(jwk) {
    const operations = jwk.key_ops ?? ["verify"];
    if (PRIVATE.some((name) => name in jwk) || (jwk.use ?? "sig") !== "sig" || !operations.includes("verify")) {
      refuse("bad-key", "A key on record is not a public key for signatures.", "登记的密钥不是签名公钥。");
    }
    let members = null;
    if (jwk.kty === "OKP" && jwk.crv === "Ed25519") members = { crv: "Ed25519", kty: "OKP", x: jwk.x };
    if (jwk.kty === "EC" && jwk.crv === "P-256") members = { crv: "P-256", kty: "EC", x: jwk.x, y: jwk.y };
    if (!members) refuse("bad-key", "A key on record is neither Ed25519 nor P-256.", "登记的密钥既不是 Ed25519 也不是 P-256。");
    const alg = members.kty === "OKP" ? "Ed25519" : "ES256";
    const how = alg === "Ed25519" ? { name: "Ed25519" } : { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
    const loaded = await crypto.subtle.importKey("jwk", members, how, false, ["verify"]);
    const kid = jwk.kid ?? b64url(await sha256(utf8.encode(JSON.stringify(members))));
    return { kid, alg, verifies: (signature, message) => crypto.subtle.verify(how, loaded, signature, message) };
  }

  /** The claims of a compact JWS of type `typ`, signed by the key that `keyFor(kid, iss, claims)` names. */
  async function verifyJws(token, typ, keyFor) {
    const parts = typeof token === "string" ? token.split(".") : [];
    if (parts.length !== 3) refuse("not-jws", "The content is not a JWS in compact form.", "内容不是 JWS 紧凑格式。");
    const header = strictJson(textOf(unb64url(parts[0])), 3);
    if (!isObject(header) || header.typ !== typ) refuse("typ", `The message is not of type ${typ}.`, `报文类型不是 ${typ}。`);
    if ("crit" in header || "b64" in header) refuse("crit", "The header demands an extension.", "报文头要求使用扩展。");
    const claims = strictJson(textOf(unb64url(parts[1])));
    if (!isObject(claims)) refuse("claims", "The claims are not a JSON object.", "声明不是 JSON 对象。");
    const key = await keyFor(header.kid, claims.iss, claims);
    if (!key) refuse("unknown-key", "No trusted key for this issuer and kid.", "信任策略中没有该签发方及 kid 的公钥。");
    const alg = header.alg === "EdDSA" ? "Ed25519" : header.alg;
    if (alg !== key.alg) refuse("algorithm", "The algorithm is not the key's own.", "算法与密钥不符。");
    const signature = unb64url(parts[2]);
    if (signature.length !== 64 || !(await key.verifies(signature, utf8.encode(`${parts[0]}.${parts[1]}`)))) {
      refuse("bad-signature", "The signature does not match the content.", "签名与内容不符。");
    }
    return { header, claims, key, digest: await sha256(utf8.encode(token)) };
  }

  // --- SD-JWT (RFC 9901) -------------------------------------------------------------------------------------------

  const RESERVED = ["_sd", "...", "_sd_alg"];
  const ALWAYS_CLEAR = ["iss", "iat", "nbf", "exp", "jti", "vct", "cnf", "status", "aud", "sub"];
  const badDisclosure = () => refuse("disclosure", "A disclosure is not of the form RFC 9901 prescribes.", "披露项格式不符合 RFC 9901。");

  /** The evidence in `token`: its clear claims, all presented claims, and the path of each disclosed value. */
  async function verifySdJwt(token, keyFor, typ = "dc+sd-jwt") {
    const parts = typeof token === "string" ? token.split("~") : [];
    if (parts.length < 2 || parts.at(-1) !== "") refuse("not-sd-jwt", "The content is not an SD-JWT.", "内容不是 SD-JWT。");
    const signed = await verifyJws(parts[0], typ, keyFor);
    if ((signed.claims._sd_alg ?? "sha-256") !== "sha-256") refuse("sd-hash", "The evidence does not hash with SHA-256.", "凭证未使用 SHA-256。");

    const waiting = new Map();
    for (const spelled of parts.slice(1, -1)) {
      const digest = b64url(await sha256(utf8.encode(spelled)));
      if (waiting.has(digest)) refuse("doubled-disclosure", "A disclosure appears twice.", "披露项重复出现。");
      waiting.set(digest, strictJson(textOf(unb64url(spelled))));
    }
    const seen = new Set();
    const paths = [];
    const disclosed = (digest, size) => {
      if (typeof digest !== "string") badDisclosure();
      if (seen.has(digest)) refuse("doubled-digest", "A digest appears twice in the evidence.", "凭证中摘要重复出现。");
      seen.add(digest);
      const found = waiting.get(digest);
      waiting.delete(digest);
      if (found && (!Array.isArray(found) || found.length !== size || typeof found[0] !== "string")) badDisclosure();
      return found;
    };
    const resolve = (value, path) => {
      if (Array.isArray(value)) return resolveList(value, path);
      return isObject(value) ? resolveObject(value, path) : value;
    };
    const resolveList = (list, path) => {
      const shown = [];
      for (const member of list) {
        if (!isObject(member) || !("..." in member)) {
          shown.push(resolve(member, [...path, shown.length]));
          continue;
        }
        const found = disclosed(member["..."], 2);
        if (!found) continue;
        paths.push([...path, shown.length]);
        shown.push(resolve(found[1], [...path, shown.length]));
      }
      return shown;
    };
    const resolveObject = (object, path) => {
      const shown = Object.create(null);
      for (const [name, value] of Object.entries(object)) {
        if (name === "_sd") continue;
        if (RESERVED.includes(name)) badDisclosure();
        shown[name] = resolve(value, [...path, name]);
      }
      if ("_sd" in object && !Array.isArray(object._sd)) badDisclosure();
      for (const digest of object._sd ?? []) {
        const found = disclosed(digest, 3);
        if (!found) continue;
        const [, name, value] = found;
        if (typeof name !== "string" || name in shown || RESERVED.includes(name) || (!path.length && ALWAYS_CLEAR.includes(name))) {
          refuse("reserved-name", "A disclosure takes a reserved name or one in clear.", "披露项占用保留名或明文项。");
        }
        paths.push([...path, name]);
        shown[name] = resolve(value, [...path, name]);
      }
      return shown;
    };

    const top = { ...signed.claims };
    delete top._sd_alg;
    const claims = resolveObject(top, []);
    if (waiting.size) refuse("orphan-disclosure", "A disclosure belongs to no digest of the evidence.", "披露项与凭证摘要不对应。");
    return { clear: signed.claims, claims, paths, key: signed.key };
  }

  // --- note, checkpoint, Merkle proof (C2SP) -----------------------------------------------------------------------

  const badNote = () => refuse("note", "The checkpoint is not a signed note.", "检查点不是签名便笺格式。");

  /** A verifier key `name+id+base64`: who signs, with what kind of signature. */
  async function noteVerifier(vkey) {
    const [, name, id, spelled] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(vkey) ?? badNote();
    const bytes = unbase64(spelled);
    const want = (await sha256(concat(utf8.encode(`${name}\n`), bytes))).slice(0, 4);
    if (Array.from(want, (byte) => byte.toString(16).padStart(2, "0")).join("") !== id) badNote();
    const kind = { 1: "ed25519", 4: "cosignature", 6: "ml-dsa-44" }[bytes[0]] ?? "unknown";
    const loaded = bytes.length === 33 ? await crypto.subtle.importKey("raw", bytes.slice(1), { name: "Ed25519" }, false, ["verify"]) : null;
    return { name, id: want, kind, verifies: (signature, message) => crypto.subtle.verify({ name: "Ed25519" }, loaded, signature, message) };
  }

  function parseNote(text) {
    const cut = text.lastIndexOf("\n\n");
    if (cut < 0 || !text.endsWith("\n")) badNote();
    const signatures = text.slice(cut + 2, -1).split("\n").map((line) => {
      const [, name, spelled] = /^— ([^+\s]+) (\S+)$/.exec(line) ?? badNote();
      const bytes = unbase64(spelled);
      if (bytes.length < 5) badNote();
      return { name, id: bytes.slice(0, 4), signature: bytes.slice(4) };
    });
    return { body: text.slice(0, cut + 1), signatures };
  }

  /** The time at which `verifier` signed `note`: 0 for a plain signature, null when it did not sign. */
  async function signedBy(note, verifier) {
    const times = [];
    for (const one of note.signatures) {
      if (one.name === verifier.name && equal(one.id, verifier.id)) times.push(await signedAt(note, verifier, one));
    }
    const counted = verifier.kind === "cosignature" ? times.filter((at) => at > 0) : times.filter((at) => at !== null);
    return counted.length ? Math.min(...counted) : null;
  }

  async function signedAt(note, verifier, found) {
    let [message, signature, at] = [utf8.encode(note.body), found.signature, 0];
    if (verifier.kind === "cosignature") {
      if (signature.length !== 72) badNote();
      at = Number(new DataView(signature.buffer, signature.byteOffset).getBigUint64(0));
      message = utf8.encode(`cosignature/v1\ntime ${at}\n${note.body}`);
      signature = signature.slice(8);
    } else if (verifier.kind !== "ed25519") return null;
    if (!(await verifier.verifies(signature, message))) {
      refuse("checkpoint-signature", `The signature of ${verifier.name} on the checkpoint is wrong.`, `${verifier.name} 对检查点的签名有误。`);
    }
    return at;
  }

  const NUMBER = /^(?:0|[1-9]\d{0,15})$/;

  function parseCheckpoint(body) {
    const [origin, size, root] = body.split("\n");
    if (!origin || !NUMBER.test(size ?? "") || !root) badNote();
    return { origin, size: Number(size), root: unbase64(root) };
  }

  /** `c2sp.org/tlog-proof@v1`: index, hashes and the signed checkpoint. */
  function parseProof(text) {
    const bad = () => refuse("receipt", "The receipt is not a tlog-proof.", "回执不是 tlog-proof 格式。");
    const cut = text.indexOf("\n\n");
    const lines = cut < 0 ? bad() : text.slice(0, cut).split("\n");
    if (lines.shift() !== "c2sp.org/tlog-proof@v1") bad();
    if (lines[0]?.startsWith("extra ")) unbase64(lines.shift().slice(6));
    const index = /^index (\d+)$/.exec(lines.shift() ?? "")?.[1] ?? bad();
    if (!NUMBER.test(index) || lines.length > 63) bad();
    const hashes = lines.map(unbase64);
    if (hashes.some((hash) => hash.length !== 32)) bad();
    return { index: Number(index), hashes, note: parseNote(text.slice(cut + 2)) };
  }

  const leafHash = (entry) => sha256(concat([0], entry));
  const nodeHash = (left, right) => sha256(concat([1], left, right));

  /** The root that `hashes` lead to from the leaf at `index` in a tree of `size` (RFC 9162 §2.1.3.2), or null. */
  async function rootFrom(leaf, index, size, hashes) {
    if (index >= size) return null;
    let [node, last, root] = [index, size - 1, leaf];
    for (const hash of hashes) {
      if (last === 0) return null;
      if (node % 2 === 1 || node === last) {
        root = await nodeHash(hash, root);
        while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
      } else {
        root = await nodeHash(root, hash);
      }
      [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
    }
    return last === 0 ? root : null;
  }

  return {
    Refusal, refuse, utf8, textOf, concat, equal, sha256, base64, unbase64, b64url, unb64url, strictJson, canonicalJson, isObject,
    publicKey, verifyJws, verifySdJwt, noteVerifier, signedBy, parseCheckpoint, parseProof, leafHash, rootFrom,
  };
})();

globalThis.HubStrict = HubStrict;
