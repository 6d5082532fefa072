import { describe, expect, test } from "vitest";
import { KnownTexts } from "../../../lib/amqp/wire/known_texts.ts";
import { Seeded } from "../../support/seeded.ts";

describe("KnownTexts", () => {
  test("gives what decoding would give, however often texts take each other's places", () => {
    const random = new Seeded(9);
    const known = new KnownTexts();
    for (let round = 0; round < 20_000; round++) {
      const letters = random.pick([2, 26, 256]); // few, so that they come again; all, so that some are no UTF-8
      const bytes = Buffer.from(
        Array.from({ length: random.integer(0, 30) }, () => 97 + random.integer(0, letters - 1)),
      );
      const at = random.integer(0, 5);

      const text = known.read(Buffer.concat([Buffer.alloc(at), bytes, Buffer.from("!")]), at, bytes.length);

      expect(text).toBe(bytes.toString("utf8"));
    }
  });

  test("reads a text of several bytes a character", () => {
    const bytes = Buffer.from("kůň 😀");

    for (let i = 0; i < 2; i++) expect(new KnownTexts().read(bytes, 0, bytes.length)).toBe("kůň 😀");
  });
});
