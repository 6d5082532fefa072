/**
 * One large file over loopback, until it is checked, on the disk and answered for: ours against Python's best script,
 * `socket.sendfile` and socat.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PYTHON } from "../support/peers.ts";
import { Program, script } from "../support/program.ts";
import { freePort } from "../support/redis_server.ts";
import { alternate, type Bench, type Measurement, runAlone } from "./harness.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const MiB = 1024 * 1024;

/** In memory where there is room for it, so that the programs are measured and not the disk. */
function workFolder(bytes: number): string {
  const memory = "/dev/shm";
  const fits = existsSync(memory) && statfsSync(memory).bavail * statfsSync(memory).bsize > 3 * bytes;
  return mkdtempSync(join(fits ? memory : tmpdir(), "bench-"));
}

async function makeFile(path: string, bytes: number): Promise<void> {
  const file = await open(path, "w");
  const block = crypto.getRandomValues(Buffer.alloc(65_536));
  for (let at = 0; at < bytes; at += MiB) await file.write(Buffer.concat(Array.from({ length: 16 }, () => block)));
  await file.close();
}

const number = (program: Program, name: string) => Number(new RegExp(`${name} ([\\d.]+)`).exec(program.stdout)?.[1]);

async function finished(program: Program): Promise<Program> {
  const code = await program.exit();
  if (code !== 0) throw new Error(`A program of the bench ended with ${code}: ${program.output}`);
  return program;
}

class FileBench {
  readonly #folder: string;
  readonly #source: string;
  readonly #target: string;
  readonly #bytes: number;
  /** Largest peaks of our two sides so far, in MB. */
  rss = { sender: 0, receiver: 0 };

  constructor(folder: string, source: string, bytes: number) {
    this.#folder = folder;
    this.#source = source;
    this.#target = join(folder, "source.out");
    this.#bytes = bytes;
  }

  /**
   * Removes what the last run stored, and touches as much memory as the next needs. A virtual machine gives memory that
   * was freed back to its host: without this, every second run pays for getting it again (a second for a GiB), whoever
   * it is whose turn that is.
   */
  async #clear(): Promise<void> {
    rmSync(join(this.#folder, "out"), { recursive: true, force: true });
    rmSync(this.#target, { force: true });
    const touched = join(this.#folder, "touched.bin");
    await makeFile(touched, Math.ceil((this.#bytes * 1.25) / MiB) * MiB);
    rmSync(touched);
  }

  async ours(mode: "digest" | "bare"): Promise<number> {
    await this.#clear();
    const server = new Program(...script("socket/server.ts", ["--port", "0", "--dir", join(this.#folder, "out")]));
    try {
      const [, port = ""] = await server.printed(/Listening at 127\.0\.0\.1:(\d+)/);
      const sender = await finished(new Program(...script(here("socket/send.ts"), [port, this.#source, mode])));
      const peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))?.[1]) / 1000;
      this.rss = {
        sender: Math.max(this.rss.sender, number(sender, "rss") / 1000),
        receiver: Math.max(this.rss.receiver, peak),
      };
      return number(sender, "ms");
    } finally {
      await server.stop();
    }
  }

  async python(mode: "digest" | "bare"): Promise<number> {
    await this.#clear();
    const receiver = new Program(PYTHON, [here("../python/socket/receive_file.py"), this.#target, mode]);
    const [, port = ""] = await receiver.printed(/port (\d+)/);
    const sender = await finished(
      new Program(PYTHON, [here("../python/socket/send_file.py"), port, this.#source, mode]),
    );
    await finished(receiver);
    return number(sender, "ms");
  }

  async socat(): Promise<number> {
    await this.#clear();
    const port = await freePort();
    const receiver = new Program("socat", [
      "-u",
      `TCP-LISTEN:${port},bind=127.0.0.1`,
      `OPEN:${this.#target},creat,trunc`,
    ]);
    await new Promise((resolve) => setTimeout(resolve, 200)); // socat says nothing when it listens
    const start = performance.now();
    await finished(new Program("socat", ["-u", `FILE:${this.#source}`, `TCP:127.0.0.1:${port}`]));
    await finished(receiver);
    return performance.now() - start;
  }
}

export const bench: Bench = {
  name: "socket_file",
  needs: ["python"],
  about: "One file of 1 GiB over loopback, in milliseconds until it is stored",
  async run({ rounds, scale }) {
    const bytes = Math.round((1024 * MiB * scale) / MiB) * MiB;
    const folder = workFolder(bytes);
    try {
      const source = join(folder, "source.bin");
      await makeFile(source, bytes);
      const files = new FileBench(folder, source, bytes);
      const digest = await alternate(rounds, () => files.ours("digest"), () => files.python("digest"));
      const bare = await alternate(rounds, () => files.ours("bare"), () => files.python("bare"));
      const size = `${Math.round(bytes / MiB)} MiB`;
      const common = { unit: "ms", moreIsBetter: false } as const;
      const measurements: Measurement[] = [
        {
          what: `file of ${size}, SHA-256 on both sides`,
          against: "Python, 1 MiB recv_into",
          ...common,
          ...digest,
          target: 1,
        },
        { what: `file of ${size}, no digest`, against: "Python sendfile", ...common, ...bare, target: 0.8 },
      ];
      if (spawnSync("socat", ["-V"]).status === 0) {
        const socat = await alternate(Math.min(2, rounds), () => files.ours("digest"), () => files.socat());
        measurements.push({
          what: `file of ${size}, SHA-256 on both sides`,
          against: "socat, no digest",
          ...common,
          ...socat,
          target: 1.5,
        });
      }
      measurements.push(
        {
          what: "peak memory of the sender",
          against: "the promise",
          unit: "MB",
          ours: files.rss.sender,
          theirs: 120,
          moreIsBetter: false,
          target: 1,
        },
        {
          what: "peak memory of the receiver",
          against: "the promise",
          unit: "MB",
          ours: files.rss.receiver,
          theirs: 120,
          moreIsBetter: false,
          target: 1,
        },
      );
      return measurements;
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

await runAlone(import.meta.url, bench);
