/**
 * Serializers by name and content type, and the check of what a receiver accepts.
 *
 * JSON, msgpack, YAML and raw content are built in; pickle is known by name, so that it is refused in kombu's words.
 *
 * Spec: kombu 5.6 kombu/serialization.py
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { strictUtf8ToString, utf8, viewOf } from "../../base/bytes.ts";
import { LimitError } from "../../base/errors.ts";
import { ContentDisallowed, DecodeError, EncodeError, SerializerNotInstalled } from "./errors.ts";
import { type JsonReadOptions, parseJson } from "./json_read.ts";
import { stringifyJson } from "./json_write.ts";
import { msgpackSerializer } from "./msgpack.ts";
import type { JsonTypeStyle } from "./special_types.ts";
import { yamlSerializer } from "./yaml/serializer.ts";

export interface Serializer {
  readonly name: string;
  readonly contentType: string;
  readonly contentEncoding: string;
  /**
   * @param name of the value in errors
   * @throws {EncodeError}
   */
  encode(value: unknown, name?: string): Uint8Array;
  /** Writes a list whose items have names of their own in errors. */
  encodeList(items: readonly (readonly [name: string, value: unknown])[]): Uint8Array;
  /** @throws {DecodeError} */
  decode(bytes: Uint8Array, options?: JsonReadOptions): unknown;
}

/** An encoded value with what its reader has to know. */
export interface Content {
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly body: Uint8Array;
}

/** JSON is ASCII, and ASCII is quicker to write as Latin-1. */
const ascii = (text: string) => Buffer.from(text, "latin1");

/** JSON as kombu writes it. @param types how dates and the like are written; see `special_types.ts` */
export function jsonSerializer(types: JsonTypeStyle = "wrapped"): Serializer {
  return {
    name: "json",
    contentType: "application/json",
    contentEncoding: "utf-8",
    encode: (value, name = "value") => ascii(stringifyJson(value, { types, name })),
    encodeList: (items) => ascii(`[${items.map(([name, value]) => stringifyJson(value, { types, name })).join(", ")}]`),
    decode: (bytes, options) => parseJson(textOf(bytes), options),
  };
}

function textOf(bytes: Uint8Array): string {
  try {
    return strictUtf8ToString(bytes);
  } catch (cause) {
    throw new DecodeError(`Cannot read JSON: the ${bytes.length} bytes are not UTF-8`, { cause });
  }
}

/** What kombu knows and we do not carry. */
const NOT_INSTALLED: ReadonlyMap<string, string> = new Map([["pickle", "application/x-python-serialize"]]);
/** Content that decodes to itself and is always accepted. */
const RAW_TYPES: ReadonlySet<string> = new Set(["application/data", "application/text"]);

/** The serializers of one app. */
export class SerializerRegistry {
  readonly #byName = new Map<string, Serializer>();
  readonly #byType = new Map<string, Serializer>();

  /** Starts with JSON, msgpack and YAML. */
  constructor(types: JsonTypeStyle = "wrapped") {
    this.register(jsonSerializer(types));
    this.register(msgpackSerializer);
    this.register(yamlSerializer);
  }

  /** Adds a serializer, or replaces the one of the same name. Receivers still have to list it in `accept_content`. */
  register(serializer: Serializer): void {
    this.#byName.set(serializer.name, serializer);
    this.#byType.set(serializer.contentType, serializer);
  }

  /** @throws {SerializerNotInstalled} in kombu's words */
  get(name: string): Serializer {
    const serializer = this.#byName.get(name);
    if (serializer === undefined) throw new SerializerNotInstalled(`No encoder installed for ${name}`);
    return serializer;
  }

  /**
   * Encodes a value by name. Without a name a text or bytes travel as they are (`text/plain`, `application/data`), all else
   * as JSON; `raw` takes texts and bytes.
   */
  encode(value: unknown, name?: string): Content {
    if (name === undefined && typeof value === "string") {
      return { contentType: "text/plain", contentEncoding: "utf-8", body: utf8(value) };
    }
    if (name === "raw" || (name === undefined && value instanceof Uint8Array)) return encodeRaw(value);
    const { contentType, contentEncoding, encode } = this.get(name ?? "json");
    return { contentType, contentEncoding, body: encode(value) };
  }

  /**
   * Decodes content of an accepted type, which is checked before anything else.
   *
   * @param accept content types as {@link acceptedTypes} gives them
   * @throws {ContentDisallowed} in kombu's words; {DecodeError}
   */
  decode(content: Content, accept: ReadonlySet<string>, options?: JsonReadOptions): unknown {
    const type = content.contentType === "" ? "application/data" : content.contentType;
    if (!RAW_TYPES.has(type) && !accept.has(type)) throw this.#disallowed(type);
    if (content.body.length === 0) return "";
    const serializer = this.#byType.get(type);
    if (serializer === undefined) return decodeRaw(content);
    try {
      return serializer.decode(content.body, options);
    } catch (cause) {
      if (cause instanceof DecodeError || cause instanceof LimitError) throw cause;
      throw new DecodeError(`Cannot read the ${serializer.name} body of ${content.body.length} bytes`, { cause });
    }
  }

  /**
   * The content types that a list of names and content types allows.
   *
   * @throws {SerializerNotInstalled} for a name that nobody knows
   */
  acceptedTypes(names: readonly string[]): ReadonlySet<string> {
    return new Set(names.map((name) => {
      if (name.includes("/")) return name;
      const type = this.#byName.get(name)?.contentType;
      if (type === undefined) throw new SerializerNotInstalled(`No decoder installed for ${name}`);
      return type;
    }));
  }

  #disallowed(type: string): ContentDisallowed {
    const known = this.#byType.get(type)?.name ?? [...NOT_INSTALLED].find(([, its]) => its === type)?.[0] ?? type;
    return new ContentDisallowed(`Refusing to deserialize untrusted content of type ${known} (${type})`);
  }
}

function encodeRaw(value: unknown): Content {
  if (typeof value === "string") {
    return { contentType: "application/data", contentEncoding: "utf-8", body: utf8(value) };
  }
  if (value instanceof Uint8Array) return { contentType: "application/data", contentEncoding: "binary", body: value };
  throw new EncodeError(`Cannot write the value raw: expected a text or bytes, got a ${typeof value}`);
}

const BINARY: ReadonlySet<string> = new Set(["binary", "ascii-8bit"]);

function decodeRaw({ contentEncoding, body }: Content): string | Uint8Array {
  if (BINARY.has(contentEncoding.toLowerCase())) return body;
  try {
    return new TextDecoder(contentEncoding || "utf-8", { fatal: true }).decode(viewOf(body));
  } catch (cause) {
    throw new DecodeError(`Cannot read the body: ${body.length} bytes are not ${contentEncoding}`, { cause });
  }
}
