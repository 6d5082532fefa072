/**
 * What PyYAML reads in texts that nobody has thought of, we read as well, and no others; FUZZ_ROUNDS of them (default 3000).
 */
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { floatRepr, PyDate, PyDateTime, PyFloat } from "../../lib/base/pyvalue.ts";
import { LibError } from "../../lib/base/errors.ts";
import { yamlSerializer as yaml } from "../../lib/celery/wire/yaml/serializer.ts";
import { messageBodies, yamlTexts } from "../support/message_bodies.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { run } from "../support/program.ts";
import { Seeded } from "../support/seeded.ts";

const PEER = fileURLToPath(new URL("../python/celery/yaml_peer.py", import.meta.url));
const PIECES = [
  ..."-?:,[]{}#&*!|>'\"%@`=<\\ \n\t01ab.~+",
  ...[
    "- ",
    "? ",
    ": ",
    "\n ",
    "\n  ",
    "\n- ",
    "\n---\n",
    "\n...\n",
    "!!str ",
    "!!int ",
    "!!omap ",
    "! ",
    "&a ",
    "*a",
    "<<: ",
  ],
  ...[
    "|\n",
    ">-\n",
    "|+2\n",
    "\\n",
    "\\x41",
    " #",
    "[a, b]",
    "{a: 1}",
    "null",
    "1.5",
    "\r\n",
    "\u2028",
    "\x85",
    "? a\n: b\n",
  ],
];
/** Where we are stricter: damaged base64, directives that say nothing, what contains itself. */
const STRICTER = /is no binary|a directive that|expected --- behind the directive|contains itself/;

/** A text, or a few pieces of one, with pieces put in and others taken out. */
function damaged(text: string, random: Seeded): string {
  const chars = Array.from(random.next() < 0.2 ? Array.from({ length: 12 }, () => random.pick(PIECES)).join("") : text);
  for (let changes = random.integer(1, 4); changes > 0; changes--) {
    const at = random.integer(0, chars.length);
    const way = random.next();
    if (way < 0.5) chars.splice(at, 0, ...random.pick(PIECES));
    else if (way < 0.8) chars.splice(at, random.integer(1, 3));
    else chars.splice(at, 0, ...chars.slice(random.integer(0, at), at).slice(0, 8));
  }
  return chars.join("");
}

function tagged(value: unknown): unknown {
  if (Array.isArray(value)) return { list: value.map(tagged) };
  if (value instanceof Set) return { set: expect.anything() };
  if (value instanceof PyDate || value instanceof PyDateTime) return { date: value.toString() };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString("hex") };
  if (value instanceof PyFloat) return { float: floatRepr(value.value) };
  if (typeof value === "bigint" || Number.isInteger(value)) return { int: String(value) };
  if (typeof value === "number") return { float: floatRepr(value) };
  if (typeof value !== "object" || value === null) return value;
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return { dict: expect.arrayContaining(entries.map(([key, item]) => [tagged(key), tagged(item)])) };
}

describeWithPeers(["python-yaml"], "YAML beside PyYAML", () => {
  test("reads what Python reads, and refuses what Python refuses", async () => {
    const random = new Seeded();
    const texts = [...messageBodies().flatMap(({ yaml }) => yaml ?? []), ...yamlTexts().map(({ text }) => text)]
      .filter((text) => text.length < 3000);
    const rounds = Number(process.env.FUZZ_ROUNDS ?? 3000);
    const inputs = Array.from({ length: rounds }, () => damaged(random.pick(texts), random));

    const { stdout, stderr, code } = await run(PYTHON, ["-B", PEER], { input: JSON.stringify(inputs) });

    expect(code, stderr).toBe(0);
    const answers = JSON.parse(stdout) as ({ value: unknown } | null)[];
    let read = 0;
    inputs.forEach((text, at) => {
      const where = `seed ${random.seed}, text ${at}: ${JSON.stringify(text)}`;
      try {
        const value = yaml.decode(Buffer.from(text), { floats: "exact" });
        expect(answers[at], where).toEqual({ value: tagged(value) });
        read++;
      } catch (error) {
        if (!(error instanceof LibError)) throw error;
        if (!STRICTER.test(error.message)) expect(answers[at], `${where}: ${error.message}`).toBeNull();
      }
    });
    expect(read).toBeGreaterThan(rounds / 5);
  });
});
