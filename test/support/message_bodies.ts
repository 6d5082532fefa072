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
