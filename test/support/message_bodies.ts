import { Buffer } from "node:buffer";
import { parseJson } from "../../lib/celery/wire/json_read.ts";
import { fixture } from "./fixture.ts";

/** A value with what Python writes for it. */
export interface MessageBody {
  readonly what: string;
  readonly value: unknown;
  /** In hex; null where msgpack cannot carry the value. */
  readonly msgpack: string | null;
  readonly yaml: string | null;
}

interface Captured extends Omit<MessageBody, "value"> {
  readonly json: string;
}

const FILE = "celery/message-bodies.json";

/** What msgpack and PyYAML write, from the fixtures; floats are `PyFloat`s where a number would be an int. */
export function messageBodies(): MessageBody[] {
  const { cases } = fixture<{ readonly cases: readonly Captured[] }>(FILE);
  return cases.map(({ json, ...others }) => ({ ...others, value: valueOf(json) }));
}

/** Texts in YAML with what PyYAML reads; undefined where it refuses them. */
export function yamlTexts(): { readonly text: string; readonly value: unknown }[] {
  const { read } = fixture<{ readonly read: readonly { text: string; json: string | null }[] }>(FILE);
  return read.map(({ text, json }) => ({ text, value: json === null ? undefined : valueOf(json) }));
}

function valueOf(json: string): unknown {
  return plainBytes(parseJson(json, { floats: "exact" }));
}

/** JSON reads some bytes as Buffers, which compare as something else. */
function plainBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  return Array.isArray(value) ? value.map(plainBytes) : value;
}

/** A result of a task as a backend holds it. */
export interface StoredResult {
  readonly serializer: "json" | "msgpack" | "yaml";
  readonly failure: Buffer;
  /** The same with the other state. */
  readonly success: Buffer;
  /** The failure again, with a text in its error that looks like a success. */
  readonly liar: Buffer;
}

/** The result among the values of `messageBodies`, in each serialization. */
export function storedResults(): StoredResult[] {
  const { cases } = fixture<{ readonly cases: readonly Captured[] }>(FILE);
  const result = cases.find(({ what }) => what === "a result");
  if (result?.msgpack == null || result.yaml === null) throw new Error(`${FILE} holds no result`);
  const lie = '\xa6status\xa7SUCCESS{"status": "SUCCESS"';
  const turned = (serializer: StoredResult["serializer"], failure: Buffer): StoredResult => {
    const text = failure.toString("latin1");
    return {
      serializer,
      failure,
      success: Buffer.from(text.replace("FAILURE", "SUCCESS"), "latin1"),
      liar: Buffer.from(text.replace("boom", serializer === "json" ? JSON.stringify(lie).slice(1, -1) : lie), "latin1"),
    };
  };
  return [
    turned("json", Buffer.from(result.json)),
    turned("msgpack", Buffer.from(result.msgpack, "hex")),
    turned("yaml", Buffer.from(result.yaml)),
  ];
}
