/**
 * `npm start`: every example script at work, with nothing installed and nothing left running.
 *
 * Each stop starts the serving script, waits for the line that says it is ready, runs the asking scripts against it, and
 * ends them all. The stops are under way at once, most of each is loading, and are shown one after the other. Received
 * files go to a folder of the tour's own.
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

interface Step {
  /** Path from the root, and arguments: what a reader would type after `tsx`. */
  readonly script: string;
  readonly args?: readonly string[];
  readonly input?: string;
}

interface Server extends Step {
  /** The line after which it serves. */
  readonly ready: RegExp;
}

interface Stop {
  readonly title: string;
  readonly servers: readonly Server[];
  readonly clients: readonly Step[];
}

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DEADLINE_MS = 30_000;
/** The tour shows what comes in the box: the embedded broker, in `.celery/` beside package.json, whatever the user's own points at. */
const ENVIRONMENT = { ...process.env, CELERY_BROKER_URL: undefined, CELERY_RESULT_BACKEND: undefined };

function stops(folder: string): Stop[] {
  const file = join(folder, "letter.txt");
  writeFileSync(file, "Dear Python,\nthese bytes came over a socket.\n");
  return [
    {
      title: "Celery: a task, its worker, and the sum that comes back",
      servers: [{ script: "celery/addTask.ts", args: ["worker", "-l", "INFO", "-c", "1"], ready: / ready\./ }],
      clients: [{ script: "celery/addTask_main.ts" }],
    },
    {
      title: "Pyro: a remote object, found by its name, and a chain of three objects that closes on itself",
      servers: [{ script: "pyro/pyro_server.ts", ready: /Ready\./ }],
      clients: [{ script: "pyro/pyro_client.ts", args: ["Ada"] }, { script: "pyro/chainTopology.ts" }],
    },
    {
      title: "Sockets: strings and files",
      servers: [{
        script: "socket/server.ts",
        args: ["--dir", join(folder, "received")],
        ready: /listening|adding|ready/i,
      }],
      clients: [{ script: "socket/client.ts", args: ["hello"] }, { script: "socket/client.ts", args: ["send", file] }],
    },
    {
      title: "Sockets: an addition over a raw connection",
      servers: [{ script: "socket/addTask.ts", args: ["serve"], ready: /listening|adding|ready/i }],
      clients: [{ script: "socket/addTask.ts", args: ["5", "7"] }],
    },
  ];
}

const isColoured = process.stdout.isTTY === true && !process.env.NO_COLOR;
const paint = (code: number, text: string) => isColoured ? `\x1b[${code}m${text}\x1b[0m` : text;

/** Scripts that run now; whoever interrupts the tour ends them as well. */
const running = new Set<ChildProcess>();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    for (const child of running) child.kill("SIGTERM");
    rmSync(folder, { recursive: true, force: true });
    process.exit(1);
  });
}

/** What one stop has to show. It is kept until it is the stop's turn, and then goes to the terminal as it comes. */
class Page {
  #kept: string[] | undefined = [];

  print(line: string): void {
    if (this.#kept === undefined) console.log(line);
    else this.#kept.push(line);
  }

  show(): void {
    for (const line of this.#kept ?? []) console.log(line);
    this.#kept = undefined;
  }
}

/** One running script; its lines are printed with its name in front. */
class Script {
  readonly #child: ChildProcess;
  readonly #exited: Promise<number>;
  #seen = "";

  constructor(step: Step, prefix: string, page: Page) {
    const { script, args = [], input } = step;
    page.print(paint(2, `$ tsx ${[script, ...args].join(" ")}`));
    this.#child = spawn(process.execPath, [...process.execArgv, join(ROOT, script), ...args], {
      cwd: ROOT,
      stdio: ["pipe", "pipe", "pipe"],
      env: ENVIRONMENT,
    });
    running.add(this.#child);
    this.#child.stdin?.end(input);
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      let rest = "";
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#seen += text;
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line.trim() !== "") page.print(`${prefix} ${line}`);
      });
    }
    this.#exited = new Promise((resolve) =>
      this.#child.once("close", (code) => {
        running.delete(this.#child);
        resolve(code ?? 1);
      })
    );
  }

  /** @throws if the line does not come in time, or the script ends first. */
  async printed(pattern: RegExp): Promise<void> {
    const end = Date.now() + DEADLINE_MS;
    while (!pattern.test(this.#seen)) {
      if (this.#child.exitCode !== null) throw new Error(`it ended with exit code ${this.#child.exitCode}`);
      if (Date.now() > end) throw new Error(`it did not print ${pattern} within ${DEADLINE_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  exit(): Promise<number> {
    return this.#exited;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
    await this.#exited;
    clearTimeout(timer);
  }
}

/** @returns whether all of it worked; if not, the page says why */
async function visit(stop: Stop, page: Page): Promise<boolean> {
  page.print(`\n${paint(1, stop.title)}`);
  const servers: Script[] = [];
  try {
    for (const server of stop.servers) {
      const script = new Script(server, paint(34, "  server |"), page);
      servers.push(script);
      await script.printed(server.ready);
    }
    for (const client of stop.clients) {
      const code = await new Script(client, paint(32, "  client |"), page).exit();
      if (code !== 0) throw new Error(`${client.script} ended with exit code ${code}`);
    }
    return true;
  } catch (error) {
    page.print(paint(31, `Cannot finish this stop: ${error instanceof Error ? error.message : error}`));
    return false;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

const folder = mkdtempSync(join(tmpdir(), "tour-"));
const start = Date.now();
let failures = 0;
try {
  const visits = stops(folder).map((stop) => {
    const page = new Page();
    return { page, worked: visit(stop, page) };
  });
  for (const { page, worked } of visits) {
    page.show();
    if (!await worked) failures++;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const seconds = ((Date.now() - start) / 1000).toFixed(1);
console.log(`\n${paint(1, failures === 0 ? `All of it worked, in ${seconds} s.` : `${failures} stops failed.`)}`);
process.exitCode = failures === 0 ? 0 : 1;
