import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { originalPath } from "../support/originals.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { Program, run, script } from "../support/program.ts";
import { Seeded } from "../support/seeded.ts";
import { testDir } from "../support/temp_dir.ts";

const python = (name: string) => fileURLToPath(new URL(`../python/socket/${name}.py`, import.meta.url));
const CTIME = /[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}/;
const CONTENT = new Seeded(3).bytes(300_000);

/** Starts a program, ours or Python's, that tells its port, and stops it when the running test is over. */
async function started(command: string, args: readonly string[]): Promise<{ port: string; program: Program }> {
  const program = new Program(command, args);
  onTestFinished(async () => void await program.stop());
  const [, port = ""] = await program.printed(/(?:port |127\.0\.0\.1:)(\d+)/);
  return { port, program };
}

const pythonServer = (path: string, ...args: string[]) => started(PYTHON, [path, ...args]);
const ourServer = (path: string, ...args: string[]) => {
  const [command, rest] = script(path, [...args, "--port", "0"]);
  return started(command, rest);
};

async function runPython(path: string, args: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await run(PYTHON, [path, ...args], input === undefined ? {} : { input });
  if (code !== 0) throw new Error(`${path} ended with ${code}: ${stderr}`);
  return stdout;
}

async function runOurs(path: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...script(path, args));
  if (code !== 0) throw new Error(`${path} ended with ${code}: ${stderr}`);
  return stdout;
}

function sourceFile(): { path: string; dir: string } {
  const dir = testDir();
  const path = join(dir, "source.bin");
  writeFileSync(path, CONTENT);
  return { path, dir };
}

describeWithPeers(["python"], "Python clients and our server", () => {
  test("a client that only reads gets the time", async () => {
    const { port } = await ourServer("socket/server.ts", "--dir", testDir());

    expect(await runPython(originalPath("socket/client"), ["--port", port])).toMatch(CTIME);
  });

  test("a client that sends a string and ends its side, or a line, gets the answer", async () => {
    const { port } = await ourServer("socket/server.ts", "--dir", testDir());

    expect(await runPython(originalPath("socket/client"), ["--port", port, "kůň 😀"])).toBe("Received: kůň 😀\n");
    expect(await runPython(python("line_client"), [port, "a line"])).toBe("Received: a line\n");
  });

  test("a client that sends bare bytes until EOF has its file stored", async () => {
    const { path, dir } = sourceFile();
    const folder = join(dir, "stored");
    mkdirSync(folder);
    const { port, program } = await ourServer("socket/server.ts", "--raw", "store", "--dir", folder);

    await runPython(python("store_client"), [port, path]);
    await program.printed(/stored as/);

    const [name = ""] = readdirSync(folder);
    expect(readdirSync(folder).length).toBe(1);
    expect(readFileSync(join(folder, name)).equals(CONTENT)).toBe(true);
  });

  test("a client of the classic file server gets its file, by greeting or by name", async () => {
    const { dir } = sourceFile();
    writeFileSync(join(dir, "other.txt"), "the other one");
    const { port } = await ourServer("socket/server.ts", "--raw", "get", "--file", "source.bin", "--dir", dir);

    await runPython(python("file_client"), [port, join(dir, "got.bin")]);
    await runPython(python("file_client"), [port, join(dir, "got.txt"), "other.txt"]);

    expect(readFileSync(join(dir, "got.bin")).equals(CONTENT)).toBe(true);
    expect(readFileSync(join(dir, "got.txt"), "utf8")).toBe("the other one");
  });

  test("a client of the addition service gets every sum as Python prints it, and its errors", async () => {
    const { port } = await ourServer("socket/addTask.ts", "serve");
    const input = "5 7\n5,7\n1\n2\n0.1 0.2\n123456789012345678901234567890 1\n1e16 0\nfive 5\n-1 1.0\n";

    expect(await runPython(originalPath("socket/addTask"), ["--port", port, "5", "7"])).toBe("12\n");
    expect((await runPython(python("add_client"), [port], input)).split("\n")).toEqual([
      "12",
      "12",
      "3",
      "0.30000000000000004",
      "123456789012345678901234567891",
      "1e+16",
      'error: Cannot add: "five" is no number',
      "0.0",
      "",
    ]);
  });

  test("a client that frames with struct exchanges strings and sends a file", async () => {
    const { path, dir } = sourceFile();
    const folder = join(dir, "stored");
    const { port } = await ourServer("socket/server.ts", "--dir", folder);

    expect(await runPython(python("framed"), ["ask", port, "one", "", "kůň"])).toBe(
      "Received: one\nReceived: \nReceived: kůň\n",
    );
    expect(await runPython(python("framed"), ["send", port, path])).toBe("want\nstored\n");
    expect(readFileSync(join(folder, "source.bin")).equals(CONTENT)).toBe(true);
  });
});

describeWithPeers(["python"], "our clients and Python servers", () => {
  test("the time is read from a server that only talks", async () => {
    const { port } = await pythonServer(originalPath("socket/server"), "--port", "0");

    expect(await runOurs("socket/client.ts", ["--port", port, "--raw"])).toMatch(CTIME);
  });

  test("a string is answered", async () => {
    const { port } = await pythonServer(originalPath("socket/server"), "--port", "0");

    expect(await runOurs("socket/client.ts", ["--port", port, "--raw", "kůň 😀"])).toBe("Received: kůň 😀\n");
  });

  test("a file of the classic file server is stored", async () => {
    const { path, dir } = sourceFile();
    const { port, program } = await pythonServer(python("file_server"), path, "0");

    await runOurs("socket/client.ts", ["--port", port, "--raw", "get", "got.bin", "--dir", dir]);

    expect(readFileSync(join(dir, "got.bin")).equals(CONTENT)).toBe(true);
    await program.printed(/Server received b'got\.bin\\n'/);
  });

  test("a file is sent as bare bytes until EOF", async () => {
    const { path, dir } = sourceFile();
    const { port, program } = await pythonServer(python("store_server"), join(dir, "stored.bin"), "0");

    await runOurs("socket/client.ts", ["--port", port, "--raw", "send", path]);
    await program.exit();

    expect(readFileSync(join(dir, "stored.bin")).equals(CONTENT)).toBe(true);
  });

  test("numbers are added, at any size", async () => {
    const { port } = await pythonServer(originalPath("socket/addTask"), "--port", "0", "serve");

    expect(await runOurs("socket/addTask.ts", ["--port", port, "5", "7"])).toBe("12\n");
    expect(await runOurs("socket/addTask.ts", ["--port", port, "-123456789012345678901234567890", "0"])).toBe(
      "-123456789012345678901234567890\n",
    );
    expect(await runOurs("socket/addTask.ts", ["--port", port, "0.1", "0.2"])).toBe("0.30000000000000004\n");
  });

  test("a server that frames with struct answers strings and takes a file", async () => {
    const { path, dir } = sourceFile();
    const asked = await pythonServer(python("framed"), "serve", join(dir, "stored.bin"));
    const stored = await pythonServer(python("framed"), "serve", join(dir, "stored.bin"));

    expect(await runOurs("socket/client.ts", ["--port", asked.port, "hello"])).toBe("Python received: hello\n");
    await runOurs("socket/client.ts", ["--port", stored.port, "send", path]);

    expect(readFileSync(join(dir, "stored.bin")).equals(CONTENT)).toBe(true);
  });
});

describe("our programs with each other", () => {
  test("exchange a string, a file both ways, and a sum", async () => {
    const { path, dir } = sourceFile();
    const folder = join(dir, "server");
    const { port } = await ourServer("socket/server.ts", "--dir", folder);
    const adder = await ourServer("socket/addTask.ts", "serve");

    expect(await runOurs("socket/client.ts", ["--port", port, "hello"])).toBe("Received: hello\n");
    await runOurs("socket/client.ts", ["--port", port, "send", path]);
    await runOurs("socket/client.ts", ["--port", port, "get", "source.bin", "-o", join(dir, "copy.bin")]);
    expect(readFileSync(join(dir, "copy.bin")).equals(CONTENT)).toBe(true);
    expect(await runOurs("socket/addTask.ts", ["--port", adder.port, "5", "7"])).toBe("12\n");
  });
});
