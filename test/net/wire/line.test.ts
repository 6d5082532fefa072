import { describe, expect, test } from "vitest";
import { lines } from "../../../lib/net/mod.ts";
import {
  decodeAll,
  expectAtEverySplit,
  expectCleanTruncation,
  expectToSurviveGarbage,
} from "../../support/decoding.ts";

const STREAM = Buffer.from("žluťoučký kůň\r\n\n😀\nlast\n");

describe("lines", () => {
  test("decodes the same text however the network splits the bytes, characters included", () => {
    expectAtEverySplit(() => lines().decoder(), STREAM, ["žluťoučký kůň", "", "😀", "last"]);
  });

  test("takes an open last line only where it was told to", () => {
    expect(decodeAll(lines({ lastMayBeOpen: true }).decoder(), [Buffer.from("a\nb")])).toEqual(["a", "b"]);
    expect(() => decodeAll(lines().decoder(), [Buffer.from("a\nb")])).toThrow("ended after 1 bytes without");
  });

  test("refuses what is no UTF-8, and stays failed", () => {
    const decoder = lines().decoder();
    decoder.feed(Buffer.from("6162ff0a630a", "hex"));

    expect(() => decoder.next()).toThrow('Cannot read line: "ab\\xff" is no UTF-8');
    expect(() => decoder.next()).toThrow("is no UTF-8");
  });

  test("refuses a line over 64 KiB", () => {
    expect(() => decodeAll(lines().decoder(), [Buffer.alloc(70_000, "x")])).toThrow("within 65536 bytes");
  });

  test("ends every truncation cleanly, and survives garbage", () => {
    expectCleanTruncation(() => lines().decoder(), STREAM);
    expectToSurviveGarbage(() => lines({ maxLineBytes: 50 }).decoder(), STREAM);
  });

  test("writes the ending it was told to, and no line that contains one", () => {
    expect(Buffer.concat([lines().encode("a")].flat()).toString()).toBe("a\n");
    expect(Buffer.concat([lines({ ending: "\r\n" }).encode("a")].flat()).toString()).toBe("a\r\n");
    for (const line of ["a\nb", "a\r"]) expect(() => lines().encode(line)).toThrow("it contains a line ending itself");
  });
});
