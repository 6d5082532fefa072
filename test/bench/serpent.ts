/**
 * Serpent in both languages: one dump and one load of the same documents of about 1 MB.
 * @module
 */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ClassRegistry } from "../../lib/pyro/wire/class_registry.ts";
import { SerpentSerializer } from "../../lib/pyro/wire/serpent/mod.ts";
import { PYTHON } from "../support/peers.ts";
import { Program } from "../support/program.ts";
import { tempDir } from "../support/temp_dir.ts";
import { alternate, type Bench, type Measurement, runAlone } from "./harness.ts";

const MB = 1_000_000;

interface Document {
  readonly what: string;
  readonly value: unknown;
  readonly target?: number;
}

const ROW = {
  name: "user number 12345",
  email: "user12345@example.com",
  score: 12.34,
  tags: ["a", "b", 7],
  active: true,
  note: null,
  address: { street: "Some street 17", zip: "12345" },
};

const DOCUMENTS: readonly Document[] = [
  { what: "nested document", value: Array.from({ length: 5500 }, (_, id) => ({ id, ...ROW })), target: 10 },
  { what: "numbers", value: Array.from({ length: 90_000 }, (_, i) => i % 2 === 0 ? i * 1.37 : i) },
  { what: "text of ASCII", value: "hello world ".repeat(MB / 12) },
  { what: "text with line ends and quotes", value: `it's "one" line\n`.repeat(MB / 16) },
  { what: "text of Latin-1", value: "käsebrot ".repeat(MB / 10) },
  { what: "text of CJK", value: "日本語".repeat(MB / 9) },
  { what: "bytes", value: new Uint8Array((MB * 3) / 4) },
];

const serpent = new SerpentSerializer(new ClassRegistry());

/** Milliseconds for one dump and one load. */
function timed(value: unknown, loops: number): number {
  const start = performance.now();
  for (let i = 0; i < loops; i++) serpent.loads(serpent.dumps(value));
  return (performance.now() - start) / loops;
}

export const bench: Bench = {
  name: "serpent",
  needs: ["python-pyro4"],
  about: "Serpent: dump and load of the same documents of about 1 MB, against Python's serpent 1.41.",
  async run({ rounds, scale }) {
    const folder = tempDir();
    const python = new Program(PYTHON, [new URL("pyro/time_serpent.py", import.meta.url).pathname]);
    if (python.child.stdout === null) throw new Error("Python has no output");
    const answers = createInterface({ input: python.child.stdout })[Symbol.asyncIterator]();
    const measurements: Measurement[] = [];
    try {
      const loops = Math.max(2, Math.round(10 * scale));
      for (const { what, value, target } of DOCUMENTS) {
        const path = join(folder.path, "document");
        writeFileSync(path, serpent.dumps(value));
        timed(value, loops); // the compiler's share
        const theirs = async () => {
          python.child.stdin?.write(`${path} ${loops}\n`);
          return Number((await answers.next()).value);
        };
        const medians = await alternate(rounds, () => Promise.resolve(timed(value, loops)), theirs);
        measurements.push({
          what: `serpent dump and load, 1 MB, ${what}`,
          against: "Python serpent 1.41",
          unit: "ms",
          ...medians,
          moreIsBetter: false,
          ...(target === undefined ? {} : { target }),
        });
      }
    } finally {
      await python.stop();
      rmSync(folder.path, { recursive: true });
    }
    return measurements;
  },
};

await runAlone(import.meta.url, bench);
