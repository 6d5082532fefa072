/** Python's `pprint` and `shlex` against ours, on many values that were made by chance. */
import { expect, test } from "vitest";
import { splitWords } from "../../lib/celery/cli/amqp_words.ts";
import { pformat } from "../../lib/celery/cli/pprint.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { run } from "../support/program.ts";
import { Seeded } from "../support/seeded.ts";

const COUNT = 300;
const PPRINT = "import json, pprint, sys; print(json.dumps([pprint.pformat(v) for v in json.load(sys.stdin)]))";
const PPRINT_BYTES =
  "import json, pprint, sys; print(json.dumps([pprint.pformat({'a': [v.encode()], 'b': 1} if i % 2 else v.encode()) for i, v in enumerate(json.load(sys.stdin))]))";
const SHLEX = `
import json, shlex, sys
def split(line):
    try:
        return shlex.split(line)
    except ValueError as error:
        return str(error)
print(json.dumps([split(line) for line in json.load(sys.stdin)]))`;

async function ask(program: string, values: unknown): Promise<unknown> {
  const { stdout, stderr } = await run(PYTHON, ["-c", program], { input: JSON.stringify(values) });
  expect(stderr).toBe("");
  return JSON.parse(stdout);
}

describeWithPeers(["python"], "Python's words", () => {
  test("pformat breaks lines where pprint does", async () => {
    const random = new Seeded(1).next;
    const below = (limit: number) => Math.floor(random() * limit);
    const text = () =>
      Array.from({ length: below(40) }, () => "ab '\n\"\u00e9\u6f22".charAt(below(12)) || "word").join("");
    const value = (depth: number): unknown => {
      switch (below(depth > 3 ? 5 : 8)) {
        case 0:
          return null;
        case 1:
          return below(1e9);
        case 2:
          return below(2) === 0;
        case 3:
        case 4:
          return text();
        case 5:
          return Array.from({ length: below(6) }, () => value(depth + 1));
        default:
          return Object.fromEntries(
            Array.from({ length: below(7) }, () => [`k${text().slice(0, 9)}`, value(depth + 1)]),
          );
      }
    };
    const values = Array.from({ length: COUNT }, () => value(0));

    expect(values.map(pformat)).toEqual(await ask(PPRINT, values));
  });

  test("pformat breaks bytes where pprint does", async () => {
    const texts = Array.from(
      { length: 200 },
      (_, i) => "a\u00e9'\n".repeat(i % 7 + 1).slice(0, i % 13) + "x".repeat(i),
    );

    const ours = texts.map((each, i) => {
      const bytes = new TextEncoder().encode(each);
      return pformat(i % 2 === 1 ? { a: [bytes], b: 1 } : bytes);
    });

    expect(ours).toEqual(await ask(PPRINT_BYTES, texts));
  });

  test("splitWords splits as shlex does", async () => {
    const random = new Seeded(2).next;
    const line = () => Array.from({ length: 12 }, () => "a b'\"\\x ".charAt(Math.floor(random() * 8))).join("");
    const lines = Array.from({ length: COUNT }, line);

    const ours = lines.map((each) => {
      try {
        return splitWords(each);
      } catch (error) {
        return (error as Error).message;
      }
    });

    expect(ours).toEqual(await ask(SHLEX, lines));
  });
});
