import { describe, expect, test } from "vitest";
import { KeyReader } from "../../../../lib/celery/cli/screen/keys.ts";

describe("KeyReader", () => {
  const typed = "jK\x1b[A\x1b[B\x1bOA\x1bOM\r\x7f\x03\x1a\x1b[1;5C\x1bx\x01é🙂";
  const keys = ["j", "K", "up", "down", "up", "enter", "enter", "backspace", "ctrl-c", "ctrl-z"];
  const all = [...keys, "unknown", "unknown", "unknown", "é", "🙂"];

  test("knows keys and the sequences that arrows send", () => {
    expect(new KeyReader().feed(typed)).toEqual(all);
  });

  test("knows them however they are cut into pieces", () => {
    const characters = [...typed]; // the stream's decoder keeps characters whole
    for (let at = 0; at <= characters.length; at++) {
      const reader = new KeyReader();

      const parts = [characters.slice(0, at), characters.slice(at)].map((part) => reader.feed(part.join("")));

      expect(parts.flat()).toEqual(all);
    }
  });

  test("takes an ESC for the key once nothing more comes", () => {
    const reader = new KeyReader();

    expect(reader.feed("\x1b")).toEqual([]);
    expect(reader.isPending).toBe(true);
    expect(reader.flush()).toEqual(["escape"]);
    expect([reader.isPending, reader.flush()]).toEqual([false, []]);
  });

  test("keeps nothing of a sequence that never ends", () => {
    const reader = new KeyReader();

    reader.feed("\x1b[" + "1;".repeat(1000));

    expect(reader.isPending).toBe(false);
  });
});
