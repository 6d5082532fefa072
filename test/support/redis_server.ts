import { createServer } from "node:net";
import { join } from "node:path";
import { connect } from "../../lib/net/mod.ts";
import { eventually } from "./eventually.ts";
import { Program } from "./program.ts";
import { tempDir } from "./temp_dir.ts";

/** A port nobody listens on just now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject).listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** A real redis-server of the test's own: private port and unix socket, own folder. */
export class RedisServer {
  readonly port: number;
  readonly dir: string;
  readonly #args: readonly string[];
  readonly #remove: () => void;
  #program: Program | undefined;

  private constructor(port: number, dir: { path: string; remove(): void }, args: readonly string[]) {
    this.port = port;
    this.dir = dir.path;
    this.#remove = () => dir.remove();
    this.#args = args;
  }

  /** @param args further redis-server arguments, e.g. `--requirepass`, `secret` */
  static async start(args: readonly string[] = []): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), tempDir(), args);
    await server.up();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}/0`;
  }

  get socketPath(): string {
    return join(this.dir, "redis.sock");
  }

  get pid(): number {
    if (this.#program === undefined) throw new Error("The redis-server is down");
    return this.#program.pid;
  }

  /** Starts it again after `down`, with the data that its append-only file holds. */
  async up(): Promise<void> {
    this.#program = new Program("redis-server", [
      ...["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.dir, "--unixsocket", this.socketPath],
      ...["--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--daemonize", "no"],
      ...this.#args,
    ]);
    await this.#program.printed(/Ready to accept connections/);
    await eventually("redis accepts", async () => {
      await (await connect({ host: "127.0.0.1", port: this.port })).close();
      return true;
    });
  }

  async down(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    await this.#program?.stop(signal);
    this.#program = undefined;
  }

  async stop(): Promise<void> {
    await this.down();
    this.#remove();
  }
}
