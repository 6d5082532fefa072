import { describe, expect, test } from "vitest";
import { ProtocolError } from "../../../lib/base/errors.ts";
import { encodeFrame, frames, jsons, texts } from "../../../lib/net/mod.ts";
import { decodeAll } from "../../support/decoding.ts";

describe("texts", () => {
  test("carries any text both ways, and refuses malformed UTF-8", () => {
    const codec = texts(frames());

    expect(decodeAll(codec.decoder(), [codec.encode("kůň 😀")].flat())).toEqual(["kůň 😀"]);
    expect(() => decodeAll(codec.decoder(), [encodeFrame(Buffer.from([0x61, 0xc5]))])).toThrow(
      'Cannot read text: "a\\xc5" is no UTF-8',
    );
  });
});

describe("jsons", () => {
  const parse = (value: unknown): number => {
    if (typeof value !== "number") {
      throw new ProtocolError(`Cannot read message: expected a number, got ${typeof value}`);
    }
    return value;
  };
  const codec = jsons<number, unknown>(frames(), parse);

  test("gives only what its parser let through", () => {
    expect(decodeAll(codec.decoder(), [codec.encode(0)].flat())).toEqual([0]);
    expect(() => decodeAll(codec.decoder(), [codec.encode("x")].flat())).toThrow("expected a number, got string");
  });

  test("quotes what is no JSON", () => {
    expect(() => decodeAll(codec.decoder(), [encodeFrame(Buffer.from("{1}"))])).toThrow(
      'Cannot read message: "{1}" is no JSON',
    );
  });

  test("refuses to send what JSON has no word for", () => {
    expect(() => codec.encode(undefined)).toThrow("JSON has no word for a undefined");
  });
});
