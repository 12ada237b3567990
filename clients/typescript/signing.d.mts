/** Signs with one private key, PEM or its 32 bytes in base64, for one namespace and log. */
export declare class Signer {
  constructor(privateKey: string, place?: { namespace?: string; log?: string });
  /** The public key, its 32 bytes in base64. */
  readonly publicKey: string;
  /** The name of the key. */
  readonly kid: string;
  /** Returns a signer with the key in PRODUCER_KEY, or in the file that PRODUCER_KEY_FILE names. */
  static fromEnvironment(values?: Record<string, string | undefined>): Signer;
  /** Returns the fields of the stream entry for this event, for XADD. Bytes are signed and sent as they are. */
  fields(event: Buffer | Record<string, unknown>): { event: Buffer; kid: string; sig: string };
}
