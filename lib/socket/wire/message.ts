/**
 * Messages of the string and file service.
 *
 *     0            4                4 + n
 *     +------------+----------------+
 *     | n: u32, BE | payload        |     the payload's first byte says what it is:
 *     +------------+----------------+
 *
 *     0x00  control: the rest is a JSON object with a `kind`
 *     0x01  file bytes: the rest is a run of the file that `begin` announced
 *     0x02  text: the rest, UTF-8 (for texts that themselves begin with one of these three)
 *     else  text: the whole payload, UTF-8; an empty payload is an empty text
 *
 * So `struct.pack(">I", len(text)) + text` is all a client needs to exchange strings.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { isPlainObject } from "../../base/pyvalue.ts";
import { ProtocolError } from "../../base/errors.ts";
import { quoteBytes, strictUtf8ToString } from "../../base/bytes.ts";

export const PROTOCOL_VERSION = 1;
export const PayloadKind = { control: 0, data: 1, text: 2 } as const;

/** Most files and folders that one offer may list. */
export const MAX_ENTRIES = 100_000;

/** Why something did not go through; the command line turns each into an exit code. */
export const FAILURES = [
  "exists", // the target is there already
  "name", // the name leads out of the folder, or is no good name
  "space", // the disk is full, or would be
  "permission",
  "disk", // any other trouble with a file
  "missing", // there is no such file to send
  "changed", // the source changed while it was sent
  "digest", // what arrived is not what was sent
  "secret", // wrong or no shared secret
  "busy", // somebody else sends a file of that name just now
  "refused", // this server does not do that
  "reply", // the function that answers strings failed
] as const;
export type FailureCode = (typeof FAILURES)[number];

/** What the receiver does where a file of that name is there already. */
export const EXISTING = ["refuse", "overwrite", "rename", "skip"] as const;
export type Existing = (typeof EXISTING)[number];

export interface Entry {
  /** Relative, parts joined by `/`. */
  readonly name: string;
  readonly type: "file" | "folder";
  /** Bytes; `null` where only the end will tell (standard input). Folders have 0. */
  readonly size: number | null;
  /** Permission bits, 0 to 0o777. */
  readonly mode: number;
}

/** Who opens: the client. Every session may skip it, unless the server has a secret. */
export type Hello = { readonly kind: "hello"; readonly version: number; readonly nonce: string };
export type Challenge = { readonly kind: "challenge"; readonly nonce: string };
export type Proof = { readonly kind: "proof"; readonly mac: string };
export type Welcome = { readonly kind: "welcome"; readonly mac: string };

/** The client asks for files; the server answers with an offer. */
export type Get = { readonly kind: "get"; readonly names: readonly string[]; readonly digest: boolean };
/** Everything that could be sent, before anything is. `existing` is what the sender would like; the receiver decides. */
export type Offer = {
  readonly kind: "offer";
  readonly entries: readonly Entry[];
  readonly digest: boolean;
  readonly existing?: Existing;
};
/** The receiver has `offset` bytes of a file already, whose SHA-256 is `prefix` (hex; `null` for none). */
export type Want = {
  readonly kind: "want";
  readonly index: number;
  readonly offset: number;
  readonly prefix: string | null;
};
/** File bytes follow, from `offset`: what was wanted, or 0 where the prefix was another. */
export type Begin = { readonly kind: "begin"; readonly index: number; readonly offset: number };
/** The whole file has `size` bytes and this SHA-256 (`null` with digests off). */
export type End = {
  readonly kind: "end";
  readonly index: number;
  readonly size: number;
  readonly digest: string | null;
};
/** The sender cannot go on with a file. */
export type Abort = {
  readonly kind: "abort";
  readonly index: number;
  readonly code: FailureCode;
  readonly reason: string;
};
/** It bears its final name (`name`), and its digest was checked here too. */
export type Stored = { readonly kind: "stored"; readonly index: number; readonly name: string };
/** Not wanted, because it is there already and was to be skipped. */
export type Skip = { readonly kind: "skip"; readonly index: number; readonly reason: string };
/** The receiver could not, or did not want to, store it. */
export type Failed = {
  readonly kind: "failed";
  readonly index: number;
  readonly code: FailureCode;
  readonly reason: string;
};
/** The receiver has answered for every entry. */
export type Done = { readonly kind: "done" };
/** Nothing to say, but alive: sent while something takes long. */
export type Working = { readonly kind: "working" };
/** The request as a whole failed. */
export type Failure = { readonly kind: "error"; readonly code: FailureCode; readonly reason: string };

export type Control =
  | Hello
  | Challenge
  | Proof
  | Welcome
  | Get
  | Offer
  | Want
  | Begin
  | End
  | Abort
  | Stored
  | Skip
  | Failed
  | Done
  | Working
  | Failure;
export type ControlKind = Control["kind"];

export type Text = { readonly kind: "text"; readonly text: string };
/** `bytes` is a view into what was received. */
export type Data = { readonly kind: "data"; readonly bytes: Uint8Array };
export type Message = Control | Text | Data;

type Fields = Record<string, unknown>;

const PARSERS: ReadonlyMap<string, (fields: Fields) => Control> = new Map<string, (fields: Fields) => Control>([
  ["hello", (f) => ({ kind: "hello", version: integer(f, "version"), nonce: hex(f, "nonce") })],
  ["challenge", (f) => ({ kind: "challenge", nonce: hex(f, "nonce") })],
  ["proof", (f) => ({ kind: "proof", mac: hex(f, "mac") })],
  ["welcome", (f) => ({ kind: "welcome", mac: hex(f, "mac") })],
  ["get", (f) => ({ kind: "get", names: list(f, "names").map(text), digest: f.digest !== false })],
  ["offer", parseOffer],
  [
    "want",
    (f) => ({ kind: "want", index: integer(f, "index"), offset: integer(f, "offset"), prefix: digest(f, "prefix") }),
  ],
  ["begin", (f) => ({ kind: "begin", index: integer(f, "index"), offset: integer(f, "offset") })],
  ["end", (f) => ({ kind: "end", index: integer(f, "index"), size: integer(f, "size"), digest: digest(f, "digest") })],
  ["abort", (f) => ({ kind: "abort", index: integer(f, "index"), code: failure(f), reason: text(f.reason) })],
  ["stored", (f) => ({ kind: "stored", index: integer(f, "index"), name: text(f.name) })],
  ["skip", (f) => ({ kind: "skip", index: integer(f, "index"), reason: text(f.reason) })],
  ["failed", (f) => ({ kind: "failed", index: integer(f, "index"), code: failure(f), reason: text(f.reason) })],
  ["done", () => ({ kind: "done" })],
  ["working", () => ({ kind: "working" })],
  ["error", (f) => ({ kind: "error", code: failure(f), reason: text(f.reason) })],
]);

/** Reads a control message. @throws {ProtocolError} for whatever is none. */
export function parseControl(bytes: Uint8Array): Control {
  const value = parseJson(bytes);
  if (!isPlainObject(value)) {
    throw new ProtocolError(`Cannot read message: expected an object, got ${quoteBytes(bytes)}`);
  }
  const parse = PARSERS.get(text(value.kind));
  if (parse === undefined) {
    throw new ProtocolError(`Cannot read message: ${quoteBytes(bytes)} has no kind that is known`);
  }
  return parse(value);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(strictUtf8ToString(bytes));
  } catch (cause) {
    throw new ProtocolError(`Cannot read message: ${quoteBytes(bytes)} is no JSON`, { cause });
  }
}

function parseOffer(fields: Fields): Offer {
  const offer = {
    kind: "offer",
    entries: list(fields, "entries").map(parseEntry),
    digest: fields.digest !== false,
  } as const;
  if (fields.existing === undefined) return offer;
  const existing = EXISTING.find((each) => each === fields.existing);
  if (existing === undefined) throw expected(`existing to be one of ${EXISTING.join(", ")}`, fields.existing);
  return { ...offer, existing };
}

function parseEntry(value: unknown): Entry {
  if (!isPlainObject(value)) throw expected("an entry", value);
  const size = value.size === null ? null : integer(value, "size");
  const type = value.type;
  if (type !== "file" && type !== "folder") throw expected("an entry of type file or folder", type);
  return { name: text(value.name), type, size, mode: integer(value, "mode") & 0o777 };
}

function expected(what: string, got: unknown): ProtocolError {
  const shown = typeof got === "object"
    ? (got === null ? "null" : "an object")
    : `${String(got).slice(0, 64)} (${typeof got})`;
  return new ProtocolError(`Cannot read message: expected ${what}, got ${shown}`);
}

function text(value: unknown): string {
  if (typeof value !== "string") throw expected("a text", value);
  return value;
}

function integer(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw expected(`${name} to be a whole number from 0`, value);
  }
  return value;
}

function hex(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== "string" || !/^(?:[0-9a-f]{2}){0,64}$/.test(value)) throw expected(`${name} in hex`, value);
  return value;
}

function digest(fields: Fields, name: string): string | null {
  const value = fields[name] ?? null;
  if (value === null) return null;
  if (typeof value !== "string" || !/^[0-9a-f]{64}$/.test(value)) throw expected(`${name}, a SHA-256 in hex`, value);
  return value;
}

function list(fields: Fields, name: string): readonly unknown[] {
  const value: unknown = fields[name];
  if (!Array.isArray(value)) throw expected(`${name} to be a list`, value);
  if (value.length > MAX_ENTRIES) throw expected(`at most ${MAX_ENTRIES} ${name}`, value.length);
  return value;
}

function failure(fields: Fields): FailureCode {
  const found = FAILURES.find((code) => code === fields.code);
  if (found === undefined) throw expected("a known code", fields.code);
  return found;
}
