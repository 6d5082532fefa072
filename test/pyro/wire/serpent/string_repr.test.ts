import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { floatRepr } from "../../../../lib/base/pyvalue.ts";
import { isPrintable } from "../../../../lib/pyro/wire/serpent/printable.ts";
import { stringRepr } from "../../../../lib/pyro/wire/serpent/string_repr.ts";
import { pyroFixture } from "../../../support/pyro_fixtures.ts";

const tables = pyroFixture<
  { floats: [string, string][]; chars: [number, string][]; nonprintable_ranges: [number, number][] }
>("python_repr");

describe("stringRepr", () => {
  test("writes each character of the table as Python does", () => {
    for (const [code, repr] of tables.chars) expect(stringRepr(String.fromCodePoint(code)), `U+${code}`).toBe(repr);
  });

  test.each([
    ["it's", `"it's"`],
    [`it's "quoted"`, `'it\\'s "quoted"'`],
    [`say "x"`, `'say "x"'`],
    ["a\\'b", `"a\\\\'b"`],
    ["line\nline\r\ttab\0", "'line\\nline\\r\\ttab\\x00'"],
    ["\u200b€\u{1f600}\u{e0001}\ud800x", "'\\u200b€\u{1f600}\\U000e0001\\ud800x'"],
    ["", "''"],
  ])("writes %j as %s", (text, repr) => {
    expect(stringRepr(text)).toBe(repr);
  });
});

describe("isPrintable", () => {
  test("agrees with Python's table on every code point", () => {
    const ranges = [...tables.nonprintable_ranges, [0x110000, 0x110000]];
    let at = 0;
    for (let code = 0; code <= 0x10ffff; code++) {
      const [first = 0, last = 0] = ranges[at] ?? [];
      if (isPrintable(code) !== code < first) throw new Error(`U+${code.toString(16)}`);
      if (code === last) at++;
    }
    expect(at).toBe(tables.nonprintable_ranges.length);
  });
});

describe("floatRepr", () => {
  test("writes the floats of the table as Python does", () => {
    for (const [bits, repr] of tables.floats) expect(floatRepr(Buffer.from(bits, "hex").readDoubleBE())).toBe(repr);
  });
});
