import { describe, expect, onTestFinished, test } from "vitest";
import { main } from "../../lib/pyro/cli.ts";
import { Daemon, expose, NameServerDaemon, oneway } from "../../lib/pyro/mod.ts";
import { eventually } from "../support/eventually.ts";
import { pyroFixture } from "../support/pyro_fixtures.ts";
import { freePort } from "../support/redis_server.ts";

interface Captured {
  readonly command: readonly string[];
  readonly stdin: string;
  readonly exit_code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const { cli } = pyroFixture<{ cli: Captured[] }>("cli");
const NSC = cli.filter(({ command }) => command?.[0] === "pyro4-nsc");

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process. */
function start(argv: readonly string[], given: { stdin?: string; env?: Record<string, string> } = {}) {
  const stop = new AbortController();
  const out = { stdout: "", stderr: "" };
  const code = main(argv, {
    print: (text) => out.stdout += text,
    complain: (text) => out.stderr += text,
    ask(question) {
      out.stdout += question;
      return Promise.resolve(given.stdin === "" ? undefined : given.stdin?.trimEnd());
    },
    env: given.env ?? {},
    signal: stop.signal,
  });
  return { out, stop, code };
}

async function run(
  argv: readonly string[],
  given?: { stdin?: string; env?: Record<string, string> },
): Promise<Outcome> {
  const { out, code } = start(argv, given);
  return { code: await code, ...out };
}

async function nameServer(): Promise<NameServerDaemon> {
  const server = await NameServerDaemon.start({ host: "127.0.0.1", port: 0 });
  onTestFinished(() => server.close());
  return server;
}

describe("nsc", () => {
  test("prints for every captured command line what Python's printed, and exits alike", async () => {
    const port = String((await nameServer()).uri.port);
    const nobody = String(await freePort());
    for (const { command, stdin, stdout, stderr, exit_code } of NSC) {
      const argv = command.slice(1).map((word) => word === "7720" ? port : word === "7799" ? nobody : word);
      const outcome = await run(["nsc", ...argv], { stdin });

      expect(outcome, command.join(" ")).toEqual({ code: exit_code, stdout: stdout.replaceAll("7720", port), stderr });
    }
    expect(NSC.length).toBeGreaterThan(25);
  });

  test.each([
    [["-z"], "pyro4-nsc: error: no such option: -z\n"],
    [["-p"], "pyro4-nsc: error: -p option requires 1 argument\n"],
    [["-p", "x", "list"], "pyro4-nsc: error: option -p: invalid integer value: 'x'\n"],
    [["--verbose=1", "list"], "pyro4-nsc: error: --verbose option does not take a value\n"],
    [["--"], "pyro4-nsc: error: invalid or missing command\n"],
  ])("refuses %j as optparse does", async (argv, message) => {
    const { code, stderr } = await run(["nsc", ...argv]);

    expect(code).toBe(2);
    expect(stderr.endsWith(message)).toBe(true);
  });

  test("takes options in any place and form", async () => {
    const port = String((await nameServer()).uri.port);
    const forms = [["-n", "127.0.0.1", "-p", port, "ping"], ["ping", "-n127.0.0.1", `--port=${port}`], [
      "--ho",
      "127.0.0.1",
      "ping",
      "--por",
      port,
    ]];

    for (const argv of forms) {
      expect((await run(["nsc", ...argv])).stdout, argv.join(" ")).toBe("Name server ping ok.\n");
    }
  });

  test("asks before it removes what matches, and takes the end of the input for no answer", async () => {
    const server = await nameServer();
    server.nameServer.register("a", "PYRO:a@h:1");
    const argv = ["nsc", "-n", "127.0.0.1", "-p", String(server.uri.port), "removematching", "a"];

    expect((await run(argv, { stdin: "n\n" })).stdout).not.toContain("removed");
    expect((await run(argv, { stdin: "" })).stdout).toContain("Error: EOFError - EOF when reading a line");
    expect(server.nameServer.count()).toBe(2);
  });

  test("takes the key from the environment, or from the command line, but not from both", async () => {
    const server = await NameServerDaemon.start({ host: "127.0.0.1", port: 0, hmacKey: "secret" });
    onTestFinished(() => server.close());
    const argv = ["nsc", "-n", "127.0.0.1", "-p", String(server.uri.port), "ping"];
    const env = { PYRO_HMAC_KEY: "secret" };

    expect((await run(argv, { env })).stdout).toBe("Name server ping ok.\n");
    expect((await run([...argv, "-k", "secret"])).stdout).toBe("Name server ping ok.\n");
    expect(await run([...argv, "-k", "secret"], { env })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("error: don't use -k and PYRO_HMAC_KEY at the same time\n") as string,
    });
    expect((await run(argv)).stdout).toBe("Error: Failed to locate the nameserver\n");
  });
});

describe("ns", () => {
  test("explains itself as Python's does, the storages aside", async () => {
    const captured = cli.find(({ command }) => command?.join(" ") === "pyro4-ns --help");

    expect((await run(["ns", "--help"])).stdout).toBe(captured?.stdout.replace("dbm:file, sql:file", "file:path"));
  });

  test("announces itself in Python's lines, serves, and shuts down when it is told to", async () => {
    const { out, stop, code } = start(["ns", "-n", "127.0.0.1", "-p", "0"]);
    const [, port = ""] = await eventually("it runs", () => /@127\.0\.0\.1:(\d+)\n/.exec(out.stdout) ?? undefined);

    expect((await run(["nsc", "-n", "127.0.0.1", "-p", port, "ping"])).stdout).toBe("Name server ping ok.\n");
    stop.abort();
    expect(await code).toBe(0);
    expect(out.stdout).toBe(
      "Not starting broadcast server for localhost.\n" +
        `NS running on 127.0.0.1:${port} (127.0.0.1)\n` +
        "Warning: HMAC key not set. Anyone can connect to this server!\n" +
        `URI = PYRO:Pyro.NameServer@127.0.0.1:${port}\nNS shut down.\n`,
    );
  });

  test("tells both addresses behind a NAT", async () => {
    const { out, stop, code } = start(["ns", "-n", "127.0.0.1", "-p", "0", "--nathost", "outside", "--natport", "99"]);
    await eventually("it runs", () => out.stdout.includes("external"));

    expect(out.stdout).toMatch(
      /internal URI = PYRO:Pyro\.NameServer@127\.0\.0\.1:\d+\nexternal URI = PYRO:Pyro\.NameServer@outside:99\n/,
    );
    stop.abort();
    await code;
  });

  test("says why it cannot start", async () => {
    const port = String((await nameServer()).uri.port);

    expect(await run(["ns", "-n", "127.0.0.1", "-p", port])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("the address is in use") as string,
    });
    expect((await run(["ns", "-s", "sql:x"])).stderr).toContain("invalid storage type 'sql:x'");
  });
});

describe("types", () => {
  class Stock {
    buy(): void {}
    sell(): void {}
    get price(): number {
      return 1;
    }
  }
  oneway(expose(Stock), ["sell"]);

  test("prints the interface of a live object", async () => {
    const daemon = await Daemon.start({ host: "127.0.0.1" });
    onTestFinished(() => daemon.close());
    const uri = daemon.register(Stock, "example.stock-market");

    expect((await run(["types", String(uri)])).stdout).toBe(
      `/** What ${uri} offers. */\n` +
        "export interface ExampleStockMarket {\n" +
        "  readonly price: unknown;\n" +
        "  buy(...args: unknown[]): unknown;\n" +
        "  /** Oneway: there is no answer. */\n" +
        "  sell(...args: unknown[]): void;\n" +
        "}\n",
    );
    expect((await run(["types", "-i", "Mine", String(uri)])).stdout).toContain("interface Mine {");
  });

  test("fails where there is nothing to see", async () => {
    const nobody = await freePort();

    expect(await run(["types", `PYRO:x@127.0.0.1:${nobody}`])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Error: CommunicationError - cannot connect to") as string,
    });
    expect((await run(["types", "nonsense"])).stderr).toBe("Error: PyroError - invalid uri\n");
    expect((await run(["types"])).code).toBe(2);
  });
});

describe("main", () => {
  test("lists its commands", async () => {
    expect((await run(["--help"])).stdout).toContain("nsc           manage a name server");
    expect(await run(["nonsense"])).toMatchObject({ code: 2, stdout: "" });
  });
});
