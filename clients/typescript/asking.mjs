// Asks people, and requests their approvals. Node 18 or newer, no other package. `docs/agents.md` says what is promised.
// With the same account and key it is the same question as with the Python client.

import { createHash, randomUUID } from "node:crypto";

// Made once for this purpose: the id of a question's project is derived from it.
const NAMESPACE = Buffer.from("5d0c8f0e7d0b4f0b9a531c7b8b3f7a52", "hex");
const EXISTS = "project-exists";
// In characters; what is longer is cut off a question, and refused for an approval.
const LONGEST = { title: 300, details: 20_000 };
const TEXT = { type: "string", minLength: 1, maxLength: 10_000 };
// In seconds. Between two looks for an answer the wait grows; between two tries of a call it doubles.
const LOOKS = { first: 0.5, longest: 15 };
const TRIES = { most: 6, first: 0.2, longest: 20, timeout: 60 };
// Statuses of a server or proxy that is busy or not available: the call is made again.
const PASSING = [429, 502, 503, 504];

/** Interlock refused the call, and nothing was changed. */
export class Problem extends Error {
  constructor(status, body) {
    super(`${status}: ${body.detail || body.title}`);
    Object.assign(this, { name: "Problem", status, body, type: String(body.type).split(":").pop() });
  }
}

/** There will be no answer: the question was declined, withdrawn or expired. */
export class NotAnswered extends Error {
  name = "NotAnswered";
}

/** Nobody has answered in time; the question is still open, and may be awaited again. */
export class StillOpen extends Error {
  name = "StillOpen";
}

/** Calls one Interlock server with one API key. */
export class Client {
  #key;
  #account;

  constructor(url, key) {
    this.url = `${url.replace(/\/+$/, "")}/api/v1/`;
    this.#key = key;
  }

  /** Returns the name of the key's account. */
  async account() {
    this.#account ??= (await this.call("GET", "me")).username;
    return this.#account;
  }

  /** Returns the response as JSON. A POST that is sent again takes effect once. */
  async call(method, path, body) {
    const headers = { Authorization: `Bearer ${this.#key}`, "Content-Type": "application/json" };
    if (method === "POST") headers["Idempotency-Key"] = randomUUID();
    const response = await this.#sent(path, { method, headers, body: body && JSON.stringify(body) });
    const read = await response.json().catch(() => ({}));
    if (!response.ok) throw new Problem(response.status, read);
    return read;
  }

  async #sent(path, options) {
    for (let left = TRIES.most - 1, wait = TRIES.first; ; left--, wait *= 2) {
      let asked = 0;
      try {
        const response = await fetch(this.url + path, { ...options, signal: AbortSignal.timeout(TRIES.timeout * 1000) });
        if (!PASSING.includes(response.status) || !left) return response;
        asked = Number(response.headers.get("Retry-After")) || 0;
        await response.body?.cancel();
      } catch (error) {
        if (!left) throw error;
      }
      await pause(Math.max(asked, Math.min(wait, TRIES.longest) * (0.5 + Math.random() / 2)));
    }
  }
}

/** Asks a person, waits, and returns the answer's value. Throws NotAnswered, or StillOpen after `seconds`. */
export async function ask(client, title, { key, seconds = Infinity, ...question }) {
  return (await waitForAnswer(client, await putQuestion(client, title, { key, ...question }), seconds)).value;
}

/** Asks a person to approve, waits, and returns the decision. Throws NotAnswered, or StillOpen after `seconds`. */
export async function requestApproval(client, title, { key, seconds = Infinity, ...words }) {
  const given = await waitForAnswer(client, await putApproval(client, title, { key, ...words }), seconds);
  return { approved: given.value.approved === true, notes: given.value.notes ?? "", decidedBy: given.answeredBy };
}

/** Asks a person, and returns an id for `findAnswer` without waiting. Asks once for each account and key. */
export async function putQuestion(client, title, { key, schema = TEXT, details = "", to = "" }) {
  const words = { title: cut(title, LONGEST.title), reason: cut(details, LONGEST.details), to };
  return postOnce(client, "questions", await idOf(client, key), { ...words, schema });
}

/**
 * Asks a person to approve, and returns an id for `findAnswer` without waiting. Asks once for each account, key, title and
 * details. Throws RangeError if a person could not read all of it.
 */
export async function putApproval(client, title, { key, details = "", to = "" }) {
  for (const [name, words] of Object.entries({ title, details })) {
    if ([...words].length > LONGEST[name]) {
      throw new RangeError(`The ${name} of an approval may have ${LONGEST[name]} characters: make it shorter.`);
    }
  }
  const digest = createHash("sha256").update(`${title}\0${details}`).digest("hex");
  return postOnce(client, "approvals", await idOf(client, `${key}\n${digest}`), { title, reason: details, to });
}

/** Returns the answer, or null while the question is open. Throws NotAnswered. */
export async function findAnswer(client, id) {
  const [question] = (await client.call("GET", `questions?project=${id}`)).results;
  if (!question) throw new NotAnswered(`There is no question ${id} that this account may see.`);
  const { answer, status, title } = question;
  if (answer) return { value: answer.value, answeredBy: answer.answered_by };
  if (status === "OPEN") return null;
  throw new NotAnswered(`“${title}” was closed without an answer: ${status}.`);
}

async function waitForAnswer(client, id, seconds) {
  const deadline = performance.now() + seconds * 1000;
  for (let wait = LOOKS.first; ; wait = Math.min(wait * 1.5, LOOKS.longest)) {
    const answer = await findAnswer(client, id);
    if (answer) return answer;
    if (performance.now() > deadline) {
      throw new StillOpen(`Nobody has answered after ${seconds} s; the question is still open.`);
    }
    await pause(wait);
  }
}

async function postOnce(client, path, id, body) {
  try {
    await client.call("POST", path, { project_id: id, ...body });
  } catch (error) {
    if (error.type !== EXISTS) throw error;
  }
  return id;
}

// The id of the question with this key (a UUID of version 5): the same for every process that uses the same account.
async function idOf(client, key) {
  const hash = createHash("sha1").update(NAMESPACE).update(`${await client.account()}\n${key}`).digest();
  hash[6] = (hash[6] & 0x0f) | 0x50;
  hash[8] = (hash[8] & 0x3f) | 0x80;
  return hash.toString("hex", 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function cut(text, longest) {
  return [...text].slice(0, longest).join("");
}

function pause(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
