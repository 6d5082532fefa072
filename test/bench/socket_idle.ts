/**
 * Ten thousand connections that do nothing, held by one server beside one that asks: memory for each, and whether the one
 * that asks notices.
 *
 * @module
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SocketClient } from "../../lib/socket/mod.ts";
import { eventually } from "../support/eventually.ts";
import { Program, script } from "../support/program.ts";
import { type Bench, type Measurement, median, runAlone } from "./harness.ts";

const QUESTIONS = 3000;
/** Connections are opened in groups that fit into the queue of the listening socket. */
const GROUP = 250;

const residentKb = (pid: number) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);

/** Milliseconds that 99 of 100 questions stay under. */
async function slowestOf99(client: SocketClient): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < QUESTIONS; i++) {
    const start = performance.now();
    await client.ask("ping");
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[Math.floor(QUESTIONS * 0.99)] ?? NaN;
}

/** The middle of three: a single hiccup of the machine is nobody's fault. */
async function steadySlowest(client: SocketClient): Promise<number> {
  return median([await slowestOf99(client), await slowestOf99(client), await slowestOf99(client)]);
}

function open(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket)).once("error", reject);
  });
}

export const bench: Bench = {
  name: "socket_idle",
  about: "10,000 idle connections held by one server",
  async run({ scale }) {
    const count = Math.round(10_000 * scale);
    const folder = mkdtempSync(join(tmpdir(), "bench-"));
    const limits = ["--silence", "0", "--max-connections", String(count + 100)];
    const server = new Program(...script("socket/server.ts", ["--port", "0", "--dir", join(folder, "d"), ...limits]));
    const idle: Socket[] = [];
    try {
      const port = Number((await server.printed(/Listening at 127\.0\.0\.1:(\d+)/))[1]);
      const client = await SocketClient.connect({ host: "127.0.0.1", port });
      await slowestOf99(client); // warms both sides up
      const alone = await steadySlowest(client);
      const before = residentKb(server.pid);
      while (idle.length < count) idle.push(...await Promise.all(Array.from({ length: GROUP }, () => open(port))));
      const crowded = await eventually("memory has settled", async () => {
        const first = residentKb(server.pid);
        await new Promise((resolve) => setTimeout(resolve, 500));
        return Math.abs(residentKb(server.pid) - first) < 200 && residentKb(server.pid);
      });
      const beside = await steadySlowest(client);
      await client.close();
      const common = { against: "the promise", moreIsBetter: false, target: 1 } as const;
      const measurements: Measurement[] = [
        { what: "memory of an idle connection", unit: "kB", ours: (crowded - before) / count, theirs: 15, ...common },
        { what: `p99 of a question beside ${count} idle`, unit: "ms", ours: beside, theirs: 2 * alone, ...common },
      ];
      return measurements;
    } finally {
      for (const socket of idle) socket.destroy();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

await runAlone(import.meta.url, bench);
