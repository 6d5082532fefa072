import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { PythonRegex } from "../../../lib/pyro/naming/python_regex.ts";
import { describeWithPeers, PYTHON } from "../../support/peers.ts";
import { Seeded } from "../../support/seeded.ts";

function r({ raw }: TemplateStringsArray): string {
  return raw[0] ?? "";
}

/** Patterns and the texts that Python's `re.match` tries them on. */
const PATTERNS = [
  ...[
    "test",
    "test$",
    r`test\.one\Z`,
    r`\Atest`,
    "(?i)TEST",
    "(?P<a>t)est",
    "t(?#comment)est",
    "",
    "^",
    "$",
    "a|",
    "|a",
  ],
  ...["[]a]", "[^]a]+", r`[\w.]+$`, r`[a\-z]`, "[[]x", "[a-]", r`[\d-x]`, "[^a-c]*", r`[\W\D]`, r`[\b]`, r`[\101\x62]`],
  ...[
    r`\d{2}`,
    "a{,2}b",
    "a{2}",
    "a{2,}b",
    "a{2,3}?b",
    "a{x}",
    "a{",
    "a{}",
    "{",
    "}",
    "]",
    "x|test",
    "a{0}t",
    "(?:){9}t",
  ],
  ...[
    r`\W`,
    r`\S+$`,
    ".*",
    "(?:a|b)+c",
    r`\-`,
    r`a\ b`,
    r`\x41`,
    r`\u00e4`,
    r`\U000000e4`,
    "ä+",
    "(?s).+$",
    r`\t`,
    r`\07`,
  ],
  ...[
    "(?=t)test",
    "(?!t)",
    "(?=test$)t",
    ".*(?<=one)$",
    ".*(?<!one)$",
    "(?=.*(?!x).$)t",
    r`te(?<=\bt.)st`,
    "(?=a(?=b))ab",
  ],
  ...[
    "(?i:T)est",
    "(?i)t(?-i:E)st",
    "(?x) t e s t # comment",
    "(?m)a$",
    r`(?a)\w+$`,
    r`\bt`,
    r`t\b`,
    r`\B`,
    r`(?a:\w)ö?`,
  ],
  ...["(a*)*b", "(a+)+$", "(a|a)*$", "(.*)(.*)(.*)x", r`\s`, r`\s*$`, "😀", "[😀-😂]x?", ".$", "..$"],
];
const TEXTS = [
  ...["", "test", "test.one", "TEST", "testt", "]", "[x", "aab", "ab", "a{x}", "a{}", "{", "}", "abc", "12", "äö", "ä"],
  ...[
    "-",
    "a b",
    "A",
    "\t",
    "\n",
    "a\nb",
    "a\n",
    "\x07",
    "\x08",
    "\x1c",
    "\ufeff",
    "\x85",
    "😀",
    "😁x",
    "😀\n",
    "ünder_score",
  ],
];

/** What Python says: for each pattern an error, or whether it matches each of the texts. */
function askPython(patterns: readonly string[], texts: readonly string[]): (string | boolean[])[] {
  const program = `
import json, re, sys, warnings
warnings.simplefilter("ignore")
patterns, texts = json.load(sys.stdin)
def answer(pattern):
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        return "invalid regex: " + str(error)
    return [bool(compiled.match(text)) for text in texts]
print(json.dumps([answer(pattern) for pattern in patterns]))`;
  const { stdout, stderr } = spawnSync(PYTHON, ["-c", program], {
    input: JSON.stringify([patterns, texts]),
    encoding: "utf8",
    maxBuffer: 1e9,
  });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as (string | boolean[])[];
}

function askOurs(pattern: string, texts: readonly string[]): string | boolean[] {
  try {
    const regex = new PythonRegex(pattern);
    return texts.map((text) => regex.matches(text));
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
}

/** Pieces that random patterns are put together from, mistakes included. */
const PIECES = [
  ...[
    "a",
    "b",
    "A",
    "ä",
    "Ä",
    "\n",
    " ",
    "1",
    ".",
    "^",
    "$",
    "|",
    "(",
    "(",
    ")",
    ")",
    "(?:",
    "(?=",
    "(?!",
    "(?<=",
    "(?<!",
  ],
  ...[
    "*",
    "+",
    "?",
    "{2}",
    "{,2}",
    "{1,}",
    "{0,3}",
    "{",
    "}",
    "*?",
    "[ab]",
    "[^ab]",
    "[a-ä]",
    "[",
    "]",
    "-",
    r`[\d\s]`,
    r`[^\W]`,
  ],
  ...[
    r`\d`,
    r`\D`,
    r`\w`,
    r`\W`,
    r`\s`,
    r`\S`,
    r`\b`,
    r`\B`,
    r`\A`,
    r`\Z`,
    r`\n`,
    r`\x61`,
    r`\141`,
    r`\q`,
    "\\",
    r`\u0062`,
  ],
  ...[
    "(?i)",
    "(?i:",
    "(?s:",
    "(?-i:",
    "(?m:",
    "(?x:",
    "(?a:",
    "(?#c)",
    "(?P<n>",
    "(?P<m>",
    "#",
    "(?z)",
    "(?im-sx:",
    "ſ",
    "K",
  ],
];
const SHORT_TEXTS = [
  "",
  "a",
  "b",
  "ab",
  "ba",
  "aab",
  "A",
  "ä",
  "Ä",
  "s",
  "k",
  "1",
  "a\n",
  "\na",
  " ",
  "a b",
  "aaaa",
  "b1ä",
  "#",
];
const ROUNDS = Number(process.env.PYRO_FUZZ ?? 3000);
const OURS_ALONE = /not known here|fixed-width/;

describeWithPeers(["python"], "PythonRegex beside Python's re.match", () => {
  test("matches the same texts", () => {
    const expected = askPython(PATTERNS, TEXTS);

    for (const [i, pattern] of PATTERNS.entries()) expect(askOurs(pattern, TEXTS), pattern).toEqual(expected[i]);
  });

  test(`says the same of ${ROUNDS} random patterns, mistakes and their positions included`, () => {
    const seeded = new Seeded();
    const patterns = Array.from(
      { length: ROUNDS },
      () => Array.from({ length: seeded.integer(1, 9) }, () => seeded.pick(PIECES)).join(""),
    );
    const expected = askPython(patterns, SHORT_TEXTS);

    let compared = 0;
    for (const [i, pattern] of patterns.entries()) {
      const answer = askOurs(pattern, SHORT_TEXTS);
      if (typeof answer === "string" && OURS_ALONE.test(answer)) continue;
      compared++;
      expect(answer, `${JSON.stringify(pattern)}, seed ${seeded.seed}`).toEqual(expected[i]);
    }
    expect(compared).toBeGreaterThan(ROUNDS / 2);
  });

  test("takes the same characters for the same but for their case", () => {
    const letters = [
      "i",
      "I",
      "ı",
      "İ",
      "s",
      "ſ",
      "k",
      "K",
      "ß",
      "ẞ",
      "µ",
      "μ",
      "σ",
      "ς",
      "ω",
      "Ω",
      "ﬅ",
      "ﬆ",
      "é",
      "É",
      "Ǆ",
      "ǅ",
      "ß",
    ];
    const patterns = letters.flatMap((
      letter,
    ) => [`(?i)${letter}$`, `(?i)[${letter}]$`, `(?i)[^${letter}]$`, `(?ai)${letter}$`]);

    const expected = askPython([...patterns, "(?i)[a-zà-ÿ]$", "(?i)[Α-Ω]$"], letters);

    for (const [i, pattern] of [...patterns, "(?i)[a-zà-ÿ]$", "(?i)[Α-Ω]$"].entries()) {
      expect(askOurs(pattern, letters), pattern).toEqual(expected[i]);
    }
  });
});

describe("PythonRegex", () => {
  test.each([
    ["(", "invalid regex: missing ), unterminated subpattern at position 0"],
    ["a(b(c)", "invalid regex: missing ), unterminated subpattern at position 1"],
    ["a)", "invalid regex: unbalanced parenthesis at position 1"],
    ["[a", "invalid regex: unterminated character set at position 0"],
    ["*a", "invalid regex: nothing to repeat at position 0"],
    ["a**", "invalid regex: multiple repeat at position 2"],
    ["\\", "invalid regex: bad escape (end of pattern) at position 0"],
    ["a\\q", "invalid regex: bad escape \\q at position 1"],
    ["(?z)", "invalid regex: unknown extension ?z at position 1"],
    ["a(?i)", "invalid regex: global flags not at the start of the expression at position 1"],
    ["a\n(", "invalid regex: missing ), unterminated subpattern at position 2 (line 2, column 1)"],
    ["(?P<n>a)(?P=n)", "invalid regex: references to groups are not known here: n at position 12"],
    [r`(a)\1`, "invalid regex: references to groups are not known here: \\1 at position 3"],
    ["(a)?(?(1)b|c)", "invalid regex: conditions are not known here at position 4"],
    ["(?>a)", "invalid regex: atomic groups are not known here at position 0"],
    ["a++", "invalid regex: possessive repeats are not known here at position 1"],
    [r`\N{DIGIT ONE}`, "invalid regex: characters by their names are not known here: \\N at position 0"],
    ["(?<=a+)b", "invalid regex: look-behind requires fixed-width pattern at position 0"],
    ["a".repeat(1001), "invalid regex: longer than 1000 characters"],
    ["((a{100}){100}){100}", "invalid regex: its repeats come to more than 10000 states, make them smaller"],
    ["((?:){9999}){9999}", "invalid regex: its repeats come to more than 10000 states, make them smaller"],
  ])("refuses %s", (pattern, message) => {
    expect(() => new PythonRegex(pattern)).toThrow(new RegExp(`^${message.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}$`));
  });

  test.each(["(a+)+$", "(a|aa)+$", "(a|a)*$", "(.*a){20}$", "(?=(a+)+$)a", "(a?){50}a{50}$"])(
    "is done with %s, over which Python would sit for hours, in a number of steps that its length bounds",
    (pattern) => {
      expect(new PythonRegex(pattern).matches(`${"a".repeat(5000)}b`)).toBe(false);
    },
  );

  test("gives up in words where so many steps would still take long", () => {
    const regex = new PythonRegex("(.*a){2000}$");

    expect(() => regex.matches("a".repeat(100_000))).toThrow(
      'invalid regex: "(.*a){2000}$" takes more than 100000000 steps for these names; use a shorter one, or a prefix',
    );
  });
});
