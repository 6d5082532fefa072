import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { eventually } from "./eventually.ts";

/** A child process under test: its output is collected, and it is stopped by PID, never by name. */
export class Program {
  readonly child: ChildProcess;
  /** Standard output so far. */
  stdout = "";
  /** Standard error so far. */
  stderr = "";
  readonly #exited: Promise<number | NodeJS.Signals>;

  constructor(command: string, args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
    this.child = spawn(command, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...process.env, NO_COLOR: "1", ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => this.stdout += text);
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => this.stderr += text);
    this.#exited = new Promise((resolve, reject) => {
      this.child.once("error", reject);
      this.child.once("close", (code, signal) => resolve(code ?? signal ?? -1));
    });
    this.#exited.catch(() => {}); // shown to whoever waits for the exit
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`Cannot start ${this.child.spawnfile}`);
    return this.child.pid;
  }

  /** Both streams, for messages and for `printed`. */
  get output(): string {
    return this.stdout + this.stderr;
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Resolves with the exit code, or with the signal's name. */
  exit(): Promise<number | NodeJS.Signals> {
    return this.#exited;
  }

  /** Waits until the output matches; fails early, with the output, if the program ends first. */
  async printed(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpExecArray> {
    const found = await eventually(`the output matches ${pattern}:\n${this.output.slice(-2000)}`, () => {
      const match = pattern.exec(this.output);
      if (match) return { match };
      if (!this.isRunning) return { match: undefined };
      return undefined;
    }, { timeoutMs });
    if (found.match === undefined) throw new Error(`The program ended before ${pattern} appeared:\n${this.output}`);
    return found.match;
  }

  /** Sends a signal if it still runs, and waits for the exit; -9 after `timeoutMs`. */
  async stop(signal: NodeJS.Signals = "SIGTERM", timeoutMs = 10_000): Promise<number | NodeJS.Signals> {
    if (!this.isRunning) return await this.#exited;
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill("SIGKILL"), timeoutMs);
    try {
      return await this.#exited;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Writes to standard input and closes it. */
  async feed(text: string): Promise<void> {
    const { stdin } = this.child;
    if (stdin === null) return;
    stdin.end(text);
    await once(stdin, "finish");
  }
}

/** Runs a program to its end. */
export async function run(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<{ code: number | NodeJS.Signals; stdout: string; stderr: string }> {
  const program = new Program(command, args, options);
  if (options.input !== undefined) await program.feed(options.input);
  const code = await program.exit();
  return { code, stdout: program.stdout, stderr: program.stderr };
}

/** Node's options to run TypeScript in tests, for children of ours too. */
export const TYPESCRIPT: readonly string[] = [
  "--import",
  fileURLToPath(new URL("./loader/register.mjs", import.meta.url)),
];

/** How the tests run one of our scripts: this Node, with types taken out by the tests' own loader. */
export function script(path: string, args: readonly string[] = []): [command: string, args: string[]] {
  return [process.execPath, [...TYPESCRIPT, path, ...args]];
}

/** The same as users run it: with tsx, but for its launcher process. */
export function userScript(path: string, args: readonly string[] = []): [command: string, args: string[]] {
  return [process.execPath, ["--import", "tsx", path, ...args]];
}
