import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { compilePythonRegex } from "../../../lib/pyro/naming/python_regex.ts";
import { describeWithPeers, PYTHON } from "../../support/peers.ts";

/** Patterns and the texts that Python's `re.match` tries them on. */
const PATTERNS = [
  ...["test", "test$", r`test\.one\Z`, r`\Atest`, "(?i)TEST", "(?P<a>t)est(?P=a)?", r`(t)est\1?`, "t(?#comment)est"],
  ...["[]a]", "[^]a]+", r`[\w.]+$`, r`[a\-z]`, "[[]x", r`\d{2}`, "a{,2}b", "a{2}", "a{x}", "{", "}", "]", "x|test"],
  ...[
    r`\W`,
    r`\S+$`,
    ".*",
    "(?:a|b)+c",
    "(?=t)test",
    "(?!t)",
    r`\-`,
    r`a\ b`,
    r`\x41`,
    r`\u00e4`,
    "ä+",
    "(?s).+",
    r`\t`,
  ],
];
const TEXTS = [
  "test",
  "test.one",
  "TEST",
  "testt",
  "]",
  "[x",
  "aab",
  "a{x}",
  "{",
  "}",
  "abc",
  "12",
  "äö",
  "-",
  "a b",
  "A",
  "\t",
];

function r({ raw }: TemplateStringsArray): string {
  return raw[0] ?? "";
}

describeWithPeers(["python"], "compilePythonRegex beside Python's re.match", () => {
  test("matches the same texts", () => {
    const program =
      "import json,re,sys; p,t=json.load(sys.stdin); print(json.dumps([[bool(re.match(a,b)) for b in t] for a in p]))";
    const { stdout } = spawnSync(PYTHON, ["-c", program], {
      input: JSON.stringify([PATTERNS, TEXTS]),
      encoding: "utf8",
    });
    const expected = JSON.parse(stdout) as boolean[][];

    for (const [i, pattern] of PATTERNS.entries()) {
      const matches = TEXTS.map((text) => compilePythonRegex(pattern).test(text));
      expect(matches, pattern).toEqual(expected[i]);
    }
  });
});

describe("compilePythonRegex", () => {
  test.each([
    ["(", "invalid regex: missing ), unterminated subpattern at position 0"],
    ["a(b(c)", "invalid regex: missing ), unterminated subpattern at position 1"],
    ["a)", "invalid regex: unbalanced parenthesis at position 1"],
    ["[a", "invalid regex: unterminated character set at position 0"],
    ["*a", "invalid regex: nothing to repeat at position 0"],
    ["\\", "invalid regex: bad escape (end of pattern) at position 0"],
    ["a\\q", "invalid regex: bad escape \\q at position 1"],
    ["(?z)", "invalid regex: unknown extension"],
    ["a(?i)", "invalid regex: global flags not at the start of the expression at position 1"],
    ["(?x)a", "invalid regex: the flags x are not known here"],
    ["a".repeat(1001), "invalid regex: longer than 1000 characters"],
    ["a**", "invalid regex: Nothing to repeat"],
  ])("refuses %s", (pattern, message) => {
    expect(() => compilePythonRegex(pattern)).toThrow(message);
  });
});
