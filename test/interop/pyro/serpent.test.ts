import { Buffer } from "node:buffer";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Complex, PyFloat, Tuple } from "../../../lib/base/pyvalue.ts";
import { ClassRegistry } from "../../../lib/pyro/wire/class_registry.ts";
import { SerpentSerializer } from "../../../lib/pyro/wire/serpent/mod.ts";
import { describeWithPeers, PYTHON } from "../../support/peers.ts";
import { Program } from "../../support/program.ts";
import { toNeutral } from "../../support/pyro_values.ts";
import { Seeded } from "../../support/seeded.ts";

/** Random values each way; the whole count of the acceptance is small enough for every run. */
const COUNT = Number(process.env.ROUND_TRIP_VALUES ?? 10_000);
const TEXTS = [
  "",
  "a",
  "it's",
  '"',
  `both ' and "`,
  "line\nline",
  "tab\t\\",
  "\0\x01\x7f",
  "käse",
  "€",
  "\u{1f600}",
  "\u200b",
];

const exact = new SerpentSerializer(new ClassRegistry(), { keepFloats: true });
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();

function randomText(random: Seeded): string {
  return Array.from({ length: random.integer(0, 4) }, () => random.pick(TEXTS)).join("");
}

function randomKey(random: Seeded): unknown {
  return random.pick<() => unknown>([
    () => random.integer(0, 99),
    () => random.next(),
    () => randomText(random),
    () => Tuple.of<unknown>(1, Tuple.of<unknown>("a", null)),
    () => 2n ** 70n,
    () => new Complex(1, 2),
  ])();
}

function randomValue(random: Seeded, depth: number): unknown {
  const many = <T>(make: () => T) => Array.from({ length: random.integer(0, 4) }, make);
  const inner = () => randomValue(random, depth + 1);
  const leaves: readonly (() => unknown)[] = [
    () => random.pick([null, true, false]),
    () => random.integer(-1000, 1000),
    () => BigInt(random.integer(-9, 9)) ** BigInt(random.integer(0, 60)),
    () => new PyFloat(random.pick([0, -0, 1, 1e16, 1e-5, Infinity, -Infinity, 5e-324, 123456789.125])),
    () => new PyFloat((random.next() - 0.5) * 10 ** random.integer(-300, 300)),
    () => randomText(random),
    () => random.bytes(random.integer(0, 20)),
    () => new Complex(random.next(), random.next()),
  ];
  const containers: readonly (() => unknown)[] = [
    () => many(inner),
    () => Tuple.fromItems(many(inner)),
    () => Object.fromEntries(many(() => [`k${randomText(random)}`, inner()])),
    () => new Map(many(() => [randomKey(random), inner()])),
    () => new Set(many(() => randomKey(random))),
  ];
  return random.pick(depth < 4 ? [...leaves, ...containers] : leaves)();
}

describeWithPeers(["python-pyro4"], "serpent between us and Python", () => {
  let mirror: Program;
  let answers: AsyncIterator<string>;

  beforeAll(() => {
    mirror = new Program(PYTHON, ["test/python/pyro/serpent_mirror.py"]);
    if (mirror.child.stdout === null) throw new Error("The mirror has no output");
    answers = createInterface({ input: mirror.child.stdout })[Symbol.asyncIterator]();
  });
  afterAll(() => mirror.stop());

  function send(lines: readonly string[]): void {
    mirror.child.stdin?.write(lines.join("\n") + "\n");
  }

  async function answer(): Promise<string> {
    const next = await answers.next();
    if (next.done) throw new Error(`The mirror ended: ${mirror.stderr}`);
    return next.value;
  }

  test(`what we write, Python reads and writes again the same; ${COUNT} random values`, async () => {
    const random = new Seeded();
    const values = Array.from({ length: COUNT }, () => randomValue(random, 0));
    const documents = values.map((value) => exact.dumps(value));
    send(documents.map((bytes) => `R ${Buffer.from(bytes).toString("base64")}`));

    for (const bytes of documents) {
      const again = Buffer.from(await answer(), "base64");
      if (again.equals(bytes)) continue;
      // Python orders sets by hash, and keeps one of equal keys; then the values still have to be the same.
      expect(toNeutral(exact.loads(again)), text(bytes)).toEqual(toNeutral(exact.loads(bytes)));
    }
  });

  test("long texts are written byte for byte as Python writes them", async () => {
    const random = new Seeded();
    const pieces = [
      "words ",
      "it's",
      '"',
      "\\",
      "\n",
      "\r",
      "\x00",
      "\x7f",
      "é",
      "\xa0",
      "€",
      "日本",
      "\u{1f600}",
      "\u200b",
    ];
    const documents = Array.from({ length: 60 }, () => {
      const chosen = Array.from({ length: random.integer(1, 4) }, () => random.pick(pieces));
      const runs = Array.from({ length: 20 }, () => random.pick(chosen).repeat(random.pick([1, 3, 700, 5461])));
      return exact.dumps([runs.join(""), "short"]);
    });
    send(documents.map((bytes) => `R ${Buffer.from(bytes).toString("base64")}`));

    for (const bytes of documents) {
      if (!Buffer.from(await answer(), "base64").equals(bytes)) expect.fail(`seed ${random.seed}: ${text(bytes)}`);
    }
  });

  test(`what Python writes, we read and write again the same; ${COUNT} random values`, async () => {
    const seed = new Seeded().seed;
    send([`G ${seed} ${COUNT}`]);
    const documents: Buffer[] = [];
    while (documents.length < COUNT) documents.push(Buffer.from(await answer(), "base64"));
    const again = documents.map((bytes) => exact.dumps(exact.loads(bytes)));

    for (const [i, bytes] of documents.entries()) expect(text(again[i] ?? bytes)).toBe(text(bytes));
    send(again.map((bytes) => `C ${Buffer.from(bytes).toString("base64")}`));
    for (let i = 0; i < COUNT; i++) expect(await answer()).toBe("same");
  });
});
