import { describe, expect, test } from "vitest";
import { prettyReply } from "../../../lib/celery/cli/pretty.ts";
import { type ColorChoice, type Terminal, wantsColor } from "../../../lib/celery/cli/terminal.ts";

const plain: Terminal = {
  out: () => {},
  write: () => {},
  err: () => {},
  color: false,
  ask: () => Promise.resolve(undefined),
};

describe("prettyReply", () => {
  test.each([
    [{ ok: "pong" }, "OK", "    pong"],
    [{ error: "KeyError('x')" }, "ERROR", "    KeyError('x')"],
    [["a", "b"], "OK", "* a\n* b"],
    [[], "OK", "- empty -"],
    [{ b: 1, a: [true] }, "OK", '{\n    "a": [\n        true\n    ],\n    "b": 1\n}'],
    [null, "OK", "None"],
    [[{ id: "x", args: [1] }], "OK", "* {'id': 'x', 'args': [1]}"],
  ])("shows %j as celery inspect does", (reply, status, body) => {
    expect(prettyReply(plain, reply)).toEqual({ status, body });
  });
});

describe("wantsColor", () => {
  const choose = (choice: Partial<ColorChoice>) =>
    wantsColor({ noColor: false, environment: {}, isTTY: true, ...choice });

  test("goes by the flag first, then NO_COLOR, then what forces colours, then the terminal", () => {
    const forced = { FORCE_COLOR: "1" };

    expect(choose({ noColor: true, environment: forced })).toBe(false);
    expect(choose({ environment: { ...forced, NO_COLOR: "1" } })).toBe(false);
    expect(choose({ environment: { ...forced, NO_COLOR: "" }, isTTY: false })).toBe(true);
    expect(choose({ environment: { CLICOLOR_FORCE: "1" }, isTTY: false })).toBe(true);
    expect(choose({ isTTY: false })).toBe(false);
    expect(choose({})).toBe(true);
    expect(choose({ environment: { TERM: "dumb" } })).toBe(false);
  });
});
