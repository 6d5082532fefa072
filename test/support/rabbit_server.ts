import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { connect } from "../../lib/net/mod.ts";
import { eventually } from "./eventually.ts";
import { Program, run } from "./program.ts";
import { freePort } from "./redis_server.ts";
import { tempDir } from "./temp_dir.ts";

/** For `beforeAll`: some seconds on a quiet machine. */
export const RABBIT_START_TIMEOUT_MS = 120_000;

/** Debian's start script, without the wrapper that wants to be the user rabbitmq. */
const BIN = "/usr/lib/rabbitmq/bin";

/**
 * A real RabbitMQ of the test's own: node name, ports, Erlang port mapper, cookie and folders are all private. Starting
 * takes some seconds, so a test file shares one.
 */
export class RabbitServer {
  readonly port: number;
  readonly dir: string;
  readonly #env: Record<string, string>;
  readonly #remove: () => void;
  #program: Program | undefined;
  #epmd: Program | undefined;

  private constructor(
    ports: { amqp: number; epmd: number; dist: number },
    dir: { path: string; remove(): void },
    config: string,
  ) {
    this.port = ports.amqp;
    this.dir = dir.path;
    this.#remove = () => dir.remove();
    for (const folder of ["mnesia", "log", "home"]) mkdirSync(join(this.dir, folder));
    writeFileSync(join(this.dir, "enabled_plugins"), "[].\n");
    writeFileSync(
      join(this.dir, "rabbitmq.conf"),
      `listeners.tcp.default = 127.0.0.1:${ports.amqp}\nlog.console.level = error\n${config}`,
    );
    this.#env = {
      HOME: join(this.dir, "home"), // holds the Erlang cookie
      ERL_EPMD_PORT: String(ports.epmd),
      ERL_EPMD_ADDRESS: "127.0.0.1",
      RABBITMQ_NODENAME: `t${ports.amqp}@localhost`,
      RABBITMQ_DIST_PORT: String(ports.dist),
      RABBITMQ_MNESIA_BASE: join(this.dir, "mnesia"),
      RABBITMQ_LOG_BASE: join(this.dir, "log"),
      RABBITMQ_LOGS: "-",
      RABBITMQ_ENABLED_PLUGINS_FILE: join(this.dir, "enabled_plugins"),
      RABBITMQ_CONFIG_FILE: join(this.dir, "rabbitmq.conf"),
      RABBITMQ_CONF_ENV_FILE: join(this.dir, "none"),
      RABBITMQ_ALLOW_INPUT: "1", // no shell in between: the process we start is the one that serves
      RABBITMQ_SERVER_START_ARGS: "-noinput",
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
    };
  }

  /** @param config further lines of `rabbitmq.conf`, e.g. `consumer_timeout = 1000` */
  static async start(config = ""): Promise<RabbitServer> {
    const ports = { amqp: await freePort(), epmd: await freePort(), dist: await freePort() };
    const server = new RabbitServer(ports, tempDir(), `${config}\n`);
    server.#epmd = new Program("epmd", [], { env: server.#env });
    process.once("exit", server.#killAll); // a test that gave up leaves nothing behind
    await server.up();
    return server;
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${this.port}//`;
  }

  get pid(): number {
    if (this.#program === undefined) throw new Error("RabbitMQ is down");
    return this.#program.pid;
  }

  /** Starts it again after `down`, with what was durable. */
  async up(): Promise<void> {
    this.#program = new Program(join(BIN, "rabbitmq-server"), [], { cwd: this.dir, env: this.#env });
    const program = this.#program;
    await eventually("RabbitMQ accepts", async () => {
      if (!program.isRunning) throw new Error(`RabbitMQ ended:\n${program.output.slice(-2000)}`);
      await (await connect({ host: "127.0.0.1", port: this.port })).close();
      return true;
    }, { timeoutMs: 100_000, everyMs: 100 });
  }

  /**
   * Waits until a quorum queue will be known after a `down("SIGKILL")`: RabbitMQ writes the name of a new one down up to three
   * seconds late, and until then loses the queue with all that it has confirmed.
   */
  async hasNoted(quorumQueue: string): Promise<void> {
    const node = this.#env.RABBITMQ_NODENAME ?? "";
    const names = join(this.dir, "mnesia", node, "quorum", node, "names.dets");
    await eventually(`${quorumQueue} is noted`, () => readFileSync(names).includes(`_${quorumQueue}`));
  }

  async down(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    await this.#program?.stop(signal, 20_000);
    this.#program = undefined;
  }

  /** Runs `rabbitmqctl`. @returns its output */
  async ctl(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await run(join(BIN, "rabbitmqctl"), ["--silent", ...args], { env: this.#env });
    if (code !== 0) throw new Error(`rabbitmqctl ${args.join(" ")} ended with ${code}:\n${stdout}${stderr}`);
    return stdout;
  }

  async stop(): Promise<void> {
    process.off("exit", this.#killAll);
    await this.down();
    await this.#epmd?.stop("SIGKILL");
    this.#remove();
  }

  readonly #killAll = (): void => {
    for (const program of [this.#program, this.#epmd]) program?.child.kill("SIGKILL");
    this.#remove();
  };
}
