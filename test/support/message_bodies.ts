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

/** What msgpack and PyYAML write, from the fixtures; floats are `PyFloat`s where a number would be an int. */
export function messageBodies(): MessageBody[] {
  const { cases } = fixture<{ readonly cases: readonly Captured[] }>("celery/message-bodies.json");
  return cases.map(({ json, ...others }) => ({ ...others, value: plainBytes(parseJson(json, { floats: "exact" })) }));
}

/** JSON reads some bytes as Buffers, which compare as something else. */
function plainBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return new Uint8Array(value);
  return Array.isArray(value) ? value.map(plainBytes) : value;
}
