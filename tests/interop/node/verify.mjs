// Verifies JWTs with `jose` and SD-JWTs with `@sd-jwt/core`: one question a line in, one answer a line out.
// {"library", "reads", "text", "now", "audience", "typ"} -> {"claims"} or {"error"}.

import { createHash, createPublicKey, verify as verifySignature, webcrypto } from "node:crypto";
import { createInterface } from "node:readline";
import { SDJwtInstance } from "@sd-jwt/core";
import { calculateJwkThumbprint, decodeProtectedHeader, importJWK, jwtVerify } from "jose";

// Node 18 has it, but not as a global.
globalThis.crypto ??= webcrypto;

const THUMBPRINT = "urn:ietf:params:oauth:jwk-thumbprint:sha-256:";

async function withJose({ reads, text, now, audience, typ }) {
  const jwt = text.split("~")[0];
  const { jwk } = decodeProtectedHeader(jwt);
  const options = { algorithms: ["EdDSA", "Ed25519"], currentDate: new Date(now * 1000), typ };
  if (reads === "disclosure") {
    options.audience = audience;
    options.requiredClaims = ["iss", "aud", "jti", "iat", "nbf", "exp"];
  }
  if (reads !== "status-list") options.issuer = THUMBPRINT + (await calculateJwkThumbprint(jwk, "sha256"));
  const { payload } = await jwtVerify(jwt, await importJWK(jwk, "EdDSA"), options);
  return payload;
}

async function withSdJwt({ text, now }) {
  const { jwk } = decodeProtectedHeader(text.split("~")[0]);
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const reader = new SDJwtInstance({
    hasher: (data) => new Uint8Array(createHash("sha256").update(data).digest()),
    verifier: (data, signature) => verifySignature(null, Buffer.from(data), key, Buffer.from(signature, "base64url")),
  });
  return (await reader.verify(text, { currentDate: now })).payload;
}

const READERS = { jose: withJose, "@sd-jwt/core": withSdJwt };

for await (const line of createInterface({ input: process.stdin })) {
  const question = JSON.parse(line);
  let answer;
  try {
    answer = { claims: await READERS[question.library](question) };
  } catch (error) {
    answer = { error: `${error.name}: ${error.message}`.slice(0, 200) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
