import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { RedisClient, textOf } from "../../lib/redis/mod.ts";
import { eventually } from "./eventually.ts";
import { Program } from "./program.ts";
import { freePort, RedisServer } from "./redis_server.ts";
import { tempDir } from "./temp_dir.ts";

/** A master named `mymaster`, its replica, and one sentinel, of the password `watchword`, that puts the one in the other's place. */
export class RedisSentinel {
  readonly port: number;
  readonly master: RedisServer;
  readonly replica: RedisServer;
  readonly #client: RedisClient;
  readonly #program: Program;
  readonly #remove: () => void;

  private constructor(
    port: number,
    servers: readonly [master: RedisServer, replica: RedisServer],
    program: Program,
    remove: () => void,
  ) {
    this.port = port;
    [this.master, this.replica] = servers;
    this.#program = program;
    this.#remove = remove;
    this.#client = new RedisClient({ url: `redis://:watchword@127.0.0.1:${port}` });
  }

  static async start(): Promise<RedisSentinel> {
    const master = await RedisServer.start();
    const replica = await RedisServer.start(["--replicaof", `127.0.0.1 ${master.port}`]);
    const [port, folder] = [await freePort(), tempDir()];
    const file = join(folder.path, "sentinel.conf");
    writeFileSync(
      file,
      [
        `port ${port}`,
        "bind 127.0.0.1",
        "requirepass watchword",
        `dir ${folder.path}`,
        `sentinel monitor mymaster 127.0.0.1 ${master.port} 1`,
        "sentinel down-after-milliseconds mymaster 60000",
        "sentinel failover-timeout mymaster 5000",
        "",
      ].join("\n"),
    );
    const program = new Program("redis-server", [file, "--sentinel"]);
    const sentinel = new RedisSentinel(port, [master, replica], program, () => folder.remove());
    await program.printed(/\+slave slave/); // it knows the replica
    return sentinel;
  }

  /** Kills the master and waits until the replica is in its place. */
  async failOver(): Promise<void> {
    await this.master.down();
    await this.#client.run(["SENTINEL", "SET", "mymaster", "down-after-milliseconds", "100"]); // it need not wonder
    await eventually("the replica is the master", async () => {
      const found = await this.#client.run(["SENTINEL", "get-master-addr-by-name", "mymaster"]);
      return Array.isArray(found) && textOf(found[1] ?? null) === String(this.replica.port);
    });
  }

  async stop(): Promise<void> {
    await this.#client.close();
    await this.#program.stop();
    await Promise.all([this.master.stop(), this.replica.stop()]);
    this.#remove();
  }
}
