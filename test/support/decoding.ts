import { expect } from "vitest";
import { ProtocolError } from "../../lib/base/errors.ts";
import type { Decoder } from "../../lib/net/mod.ts";
import { anySplit, everyPrefix } from "./any_split.ts";
import { Seeded } from "./seeded.ts";

/** Everything a decoder makes of `chunks`, pulled after each, EOF included. */
export function decodeAll<T>(decoder: Decoder<T>, chunks: Iterable<Uint8Array>): T[] {
  const out: T[] = [];
  const pull = () => {
    for (let message; (message = decoder.next()) !== undefined;) out.push(message);
  };
  for (const chunk of chunks) {
    decoder.feed(chunk);
    pull();
  }
  decoder.end();
  pull();
  return out;
}

/** Asserts that the same messages come out however the network splits the bytes; `show` makes them comparable. */
export function expectAtEverySplit<T>(
  create: () => Decoder<T>,
  bytes: Uint8Array,
  messages: readonly unknown[],
  show: (message: T) => unknown = String,
): void {
  for (const chunks of anySplit(bytes)) expect(decodeAll(create(), chunks).map(show)).toEqual(messages);
}

/** Asserts that every cut stream ends in whole messages or in a ProtocolError, and that a failed decoder stays failed. */
export function expectCleanTruncation<T>(create: () => Decoder<T>, bytes: Uint8Array): void {
  for (const prefix of everyPrefix(bytes)) {
    const decoder = create();
    try {
      decodeAll(decoder, [prefix]);
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolError);
      expect(() => decoder.next()).toThrow(error as Error);
      expect(() => decoder.end()).toThrow(error as Error);
    }
  }
}

/** Feeds garbage and damaged streams; FUZZ_ROUNDS of them (default 300). Only a ProtocolError may come out. */
export function expectToSurviveGarbage<T>(create: () => Decoder<T>, good: Uint8Array): void {
  const random = new Seeded();
  const rounds = Number(process.env.FUZZ_ROUNDS ?? 300);
  for (let round = 0; round < rounds; round++) {
    const bytes = round % 2 === 0 ? random.mutate(good) : random.bytes(random.integer(1, 64));
    const cut = random.integer(0, bytes.length);
    try {
      decodeAll(create(), [bytes.subarray(0, cut), bytes.subarray(cut)]);
    } catch (error) {
      if (!(error instanceof ProtocolError)) {
        throw new Error(`seed ${random.seed}, round ${round}, ${Buffer.from(bytes).toString("hex")}`, { cause: error });
      }
    }
  }
}
