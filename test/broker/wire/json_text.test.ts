import { describe, expect, test } from "vitest";
import { elementsOf, setTrue } from "../../../lib/broker/wire/json_text.ts";

describe("setTrue", () => {
  test("adds or replaces one member and leaves every other byte alone", () => {
    const cases: [text: string, path: string[], expected: string][] = [
      ["{}", [], '{"x": true}'],
      ['{"a": 1.0}', [], '{"a": 1.0, "x": true}'],
      ['{"x": {"deep": [1, "}"]}, "b": 2}', [], '{"x": true, "b": 2}'],
      ['{"x":1,"x":2}', [], '{"x":1,"x":true}'],
      [' { "h" : { "n" : 12345678901234567890 } } ', ["h"], ' { "h" : { "n" : 12345678901234567890 , "x": true} } '],
      ['{"h": {"a": "\\"}\\\\"}, "z": null}', ["h"], '{"h": {"a": "\\"}\\\\", "x": true}, "z": null}'],
      ['{"\\u0068": {}}', ["h"], '{"\\u0068": {"x": true}}'],
    ];

    for (const [text, path, expected] of cases) {
      expect(setTrue(text, path, "x")).toBe(expected);
      expect(JSON.parse(expected)).toBeTypeOf("object");
    }
  });

  test("changes nothing where there is no such object", () => {
    for (const text of ["[]", '"text"', "12", '{"h": null}', '{"h": [1]}', '{"other": {}}']) {
      expect(setTrue(text, ["h"], "x")).toBe(text);
    }
  });

  test("does not care how deep the rest is", () => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;

    expect(setTrue(`{"d": ${deep}, "h": {}}`, ["h"], "x")).toBe(`{"d": ${deep}, "h": {"x": true}}`);
  });
});

describe("elementsOf", () => {
  test("gives the texts of an array's elements as they stand", () => {
    expect(elementsOf(' [ {"a": [1, 2.0]} , "x,]" ,null, 1e5 ] ')).toEqual(['{"a": [1, 2.0]}', '"x,]"', "null", "1e5"]);
    expect(elementsOf("[]")).toEqual([]);
    expect(elementsOf("{}")).toEqual([]);
  });
});
