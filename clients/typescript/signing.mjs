// Signs events for the stream, for programs that write there themselves. Node 18 or newer, no other package.
// `docs/producers.md` says what is signed.

import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";

const PURPOSE = "interlock.event.v1";
// What stands before the 32 bytes of a private key in PKCS #8 (RFC 8410).
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

export class Signer {
  /** Signs with one private key, PEM or its 32 bytes in base64, for one namespace and log. */
  constructor(privateKey, { namespace = "audit", log = `${namespace}:events` } = {}) {
    this.key = readPrivateKey(privateKey);
    this.prefix = Buffer.from([PURPOSE, namespace, log, ""].join("\0"));
    const raw = Buffer.from(createPublicKey(this.key).export({ format: "jwk" }).x, "base64url");
    this.publicKey = raw.toString("base64");
    this.kid = createHash("sha256").update(raw).digest("hex").slice(0, 16);
  }

  /** Returns a signer with the key in PRODUCER_KEY, or in the file that PRODUCER_KEY_FILE names. */
  static fromEnvironment(values = process.env) {
    const text = values.PRODUCER_KEY_FILE ? readFileSync(values.PRODUCER_KEY_FILE, "utf8") : values.PRODUCER_KEY;
    if (!text) {
      throw new Error("Set PRODUCER_KEY_FILE to the file that holds the private key, or PRODUCER_KEY to the key.");
    }
    return new Signer(text, { namespace: values.NAMESPACE || undefined, log: values.STREAM_NAME || undefined });
  }

  /** Returns the fields of the stream entry for this event, for XADD. Bytes are signed and sent as they are. */
  fields(event) {
    const wire = Buffer.isBuffer(event) ? event : Buffer.from(JSON.stringify(event));
    const signature = sign(null, Buffer.concat([this.prefix, wire]), this.key).toString("base64");
    return { event: wire, kid: this.kid, sig: signature };
  }
}

function readPrivateKey(text) {
  const key = text.includes("BEGIN")
    ? createPrivateKey(text)
    : createPrivateKey({ key: Buffer.concat([PKCS8, Buffer.from(text, "base64")]), format: "der", type: "pkcs8" });
  if (key.asymmetricKeyType !== "ed25519") {
    throw new Error("The key is of another kind than Ed25519.");
  }
  return key;
}
