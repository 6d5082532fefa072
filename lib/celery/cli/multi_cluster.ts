import { spawn } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { asError } from "../../base/errors.ts";
import { delay } from "../../base/time.ts";
import { CommandError } from "./exit_codes.ts";
import type { MultiNode } from "./multi_node.ts";
import { paint, type Terminal } from "./terminal.ts";

export interface ClusterOptions {
  readonly terminal: Terminal;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Say nothing. */
  readonly quiet: boolean;
  /** Show command lines. */
  readonly verbose: boolean;
  readonly signal: AbortSignal;
}

interface Running {
  readonly node: MultiNode;
  readonly pid: number;
}

/** Between two looks at whether nodes have ended. */
const LOOK_MS = 500;

/**
 * Starts and stops nodes, and says so in Celery's words. A node is known by its pidfile alone.
 *
 * Source: celery 5.6 celery/apps/multi.py `Cluster`, celery/bin/multi.py `MultiTool`
 */
export class MultiCluster {
  readonly #nodes: readonly MultiNode[];
  readonly #options: ClusterOptions;

  constructor(nodes: readonly MultiNode[], options: ClusterOptions) {
    this.#nodes = nodes;
    this.#options = options;
  }

  /** @returns whether all could be started */
  async start(): Promise<boolean> {
    this.#note("> Starting nodes...\n");
    let areStarted = true;
    for (const node of this.#nodes) {
      this.#note(`\t> ${node.name}: `);
      areStarted = await this.#startNode(node) && areStarted;
    }
    return areStarted;
  }

  /** Sends a signal, and does not wait. */
  stop(signal: NodeJS.Signals): void {
    const running = this.#running((node) => this.#down(node));
    if (running.length > 0) this.#signalAll(running, signal, (node) => this.#down(node));
  }

  async stopWait(signal: NodeJS.Signals): Promise<void> {
    await this.#stopAndThen(signal, (node) => this.#down(node));
  }

  /** Each node is started as soon as it has ended. @returns whether all could be started */
  async restart(signal: NodeJS.Signals): Promise<boolean> {
    let areStarted = true;
    await this.#stopAndThen(signal, async (node) => {
      this.#note(paint(this.#options.terminal, `> Restarting node ${node.name}: `, "bold", "blue"));
      areStarted = await this.#startNode(node) && areStarted;
    });
    return areStarted;
  }

  kill(): void {
    for (const node of this.#nodes) {
      const pid = pidOf(node);
      if (pid === undefined) {
        this.#down(node);
        continue;
      }
      this.#note(`Sending KILL to node ${node.name} (${pid})\n`);
      this.#send({ node, pid }, "SIGKILL");
    }
  }

  async #stopAndThen(signal: NodeJS.Signals, then: (node: MultiNode) => void | Promise<void>): Promise<void> {
    const down: MultiNode[] = [];
    const running = this.#running((node) => down.push(node));
    for (const node of down) await then(node);
    if (running.length === 0) return;
    const gone: MultiNode[] = [];
    let left = this.#signalAll(running, signal, (node) => gone.push(node));
    for (const node of gone) await then(node);
    while (left.length > 0) {
      this.#waiting(left);
      const ended = await this.#someEnded(left);
      this.#note("\n");
      for (const { node } of ended) {
        this.#note(`\t> ${node.name}: ${this.#ok}\n`);
        await then(node);
      }
      left = left.filter((each) => !ended.includes(each));
    }
  }

  async #someEnded(running: readonly Running[]): Promise<Running[]> {
    for (;;) {
      this.#note(".");
      const ended = running.filter(({ pid }) => !isAlive(pid));
      if (ended.length > 0) return ended;
      await delay(LOOK_MS, { signal: this.#options.signal });
    }
  }

  /** @returns those that got it */
  #signalAll(running: readonly Running[], signal: NodeJS.Signals, onGone: (node: MultiNode) => void): Running[] {
    this.#note(`${paint(this.#options.terminal, "> Stopping nodes...", "bold", "blue")}\n`);
    return running.filter(({ node, pid }) => {
      this.#note(`\t> ${node.name}: ${signal.slice("SIG".length)} -> ${pid}\n`);
      const isSent = this.#send({ node, pid }, signal);
      if (!isSent) onGone(node);
      return isSent;
    });
  }

  #running(onDown: (node: MultiNode) => void): Running[] {
    return this.#nodes.flatMap((node) => {
      const pid = pidOf(node);
      if (pid === undefined) onDown(node);
      return pid === undefined ? [] : { node, pid };
    });
  }

  #send({ node, pid }: Running, signal: NodeJS.Signals): boolean {
    try {
      process.kill(pid, signal);
      return true;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) {
        throw new CommandError(`Cannot send ${signal} to ${node.name} (${pid}): ${asError(error).message}`, {
          cause: error,
        });
      }
      this.#note(`Could not signal ${node.name} (${pid}): No such process\n`);
      return false;
    }
  }

  async #startNode(node: MultiNode): Promise<boolean> {
    const { terminal, verbose, environment } = this.#options;
    for (const file of [node.pidfile, node.logfile]) makeFolder(dirname(file));
    if (verbose) this.#note(`  ${[node.executable, ...node.argv].join(" ")}\n`);
    const child = spawn(node.executable, node.argv, { stdio: ["ignore", "inherit", "inherit"], env: environment });
    const end = await new Promise<number | NodeJS.Signals | Error>((resolve) => {
      child.once("error", resolve);
      child.once("close", (code, signal) => resolve(code ?? signal ?? 1));
    });
    if (end instanceof Error) this.#note(`* Cannot start ${node.executable}: ${end.message}\n`);
    else if (typeof end === "string") this.#note(`* Child was terminated by signal ${end}\n`);
    else if (end !== 0) this.#note(`* Child terminated with exit code ${end}\n`);
    this.#note(`${end === 0 ? this.#ok : paint(terminal, "FAILED", "bold", "red")}\n`);
    return end === 0;
  }

  #waiting(running: readonly Running[]): void {
    const pids = running.map(({ pid }) => pid).join(", ");
    const text = `> Waiting for ${running.length} ${running.length === 1 ? "node" : "nodes"} -> ${pids}...`;
    this.#note(paint(this.#options.terminal, text, "bold", "blue"));
  }

  #down(node: MultiNode): void {
    this.#note(`> ${node.name}: ${paint(this.#options.terminal, "DOWN", "bold", "magenta")}\n`);
  }

  get #ok(): string {
    return paint(this.#options.terminal, "OK", "bold", "green");
  }

  #note(text: string): void {
    if (!this.#options.quiet) this.#options.terminal.write(text);
  }
}

/** What the pidfile says; undefined if there is none, or nothing in it. */
function pidOf({ pidfile }: MultiNode): number | undefined {
  try {
    const pid = Number(readFileSync(pidfile, "utf8").trim());
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new CommandError(`Cannot read the pidfile ${pidfile}: ${asError(error).message}`, { cause: error });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // gone, or the id is somebody else's by now
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new CommandError(
      `Cannot make the folder ${folder}: ${asError(error).message}. Name others: --pidfile=%n.pid --logfile=%n.log`,
      { cause: error },
    );
  }
}
