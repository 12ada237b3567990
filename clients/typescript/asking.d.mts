/** Interlock refused the call, and nothing was changed. `type` is the last part of the problem's type. */
export declare class Problem extends Error {
  readonly status: number;
  readonly type: string;
  readonly body: Record<string, unknown>;
}
/** There will be no answer: the question was declined, withdrawn or expired. */
export declare class NotAnswered extends Error {}
/** Nobody has answered in time; the question is still open, and may be awaited again. */
export declare class StillOpen extends Error {}

/** Calls one Interlock server with one API key. */
export declare class Client {
  constructor(url: string, key: string);
  /** Returns the name of the key's account. */
  account(): Promise<string>;
  /** Returns the response as JSON. A POST that is sent again takes effect once. */
  call(method: string, path: string, body?: unknown): Promise<any>;
}

/** `key` names the question among those of the account; `to` is the person or the group to ask. */
export interface Words {
  key: string;
  details?: string;
  to?: string;
}
/** `schema` is the JSON Schema of the answer, a text if it is left out. */
export interface Question extends Words {
  schema?: Record<string, unknown>;
}
export interface Wait {
  seconds?: number;
}
export interface Answer {
  value: any;
  answeredBy: string;
}
/** `notes` say what to do differently, after a rejection. */
export interface Decision {
  approved: boolean;
  notes: string;
  decidedBy: string;
}

/** Asks a person, waits, and returns the answer's value. Throws NotAnswered, or StillOpen after `seconds`. */
export declare function ask(client: Client, title: string, question: Question & Wait): Promise<any>;
/** Asks a person to approve, waits, and returns the decision. Throws NotAnswered, or StillOpen after `seconds`. */
export declare function requestApproval(client: Client, title: string, words: Words & Wait): Promise<Decision>;
/** Asks a person, and returns an id for `findAnswer` without waiting. Asks once for each account and key. */
export declare function putQuestion(client: Client, title: string, question: Question): Promise<string>;
/** As `putQuestion`, for an approval: once for each account, key, title and details. */
export declare function putApproval(client: Client, title: string, words: Words): Promise<string>;
/** Returns the answer, or null while the question is open. Throws NotAnswered. */
export declare function findAnswer(client: Client, id: string): Promise<Answer | null>;
