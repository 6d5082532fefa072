import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { listen } from "../../lib/net/mod.ts";
import {
  ConfinedFolder,
  type ReceiveOptions,
  type SendOptions,
  SocketClient,
  SocketServer,
  SourceList,
  type TransferReport,
} from "../../lib/socket/mod.ts";
import { PassThrough, Readable } from "node:stream";
import { receiveStream } from "../../lib/socket/receive_stream.ts";
import { RateLimit } from "../../lib/socket/rate_limit.ts";
import { Session } from "../../lib/socket/session.ts";
import { Seeded } from "../support/seeded.ts";
import { startSocketServer, type TestServer } from "../support/socket_server.ts";
import { testDir } from "../support/temp_dir.ts";
import { HOSTILE_NAMES } from "../support/hostile_names.ts";

async function send(
  to: TestServer,
  paths: readonly string[] | SourceList,
  options: SendOptions = {},
): Promise<TransferReport> {
  const list = paths instanceof SourceList ? paths : await SourceList.ofPaths(paths);
  const client = await SocketClient.connect(to.address);
  try {
    return await client.send(list, options);
  } finally {
    await client.close();
    await list.close();
  }
}

async function get(from: TestServer, names: readonly string[], into: string, options: ReceiveOptions = {}) {
  const folder = await ConfinedFolder.open(into);
  const client = await SocketClient.connect(from.address);
  try {
    return await client.receive(await client.request(names), folder, options);
  } finally {
    await client.close();
    await folder.close();
  }
}

function write(path: string, content: string | Uint8Array): string {
  writeFileSync(path, content);
  return path;
}

/** Some megabytes that are the same everywhere, and nowhere like another part. */
const BIG = new Seeded(7).bytes(3_000_000);

describe("sending files", () => {
  test("stores several files and a folder, empty ones included, byte for byte", async () => {
    const to = await startSocketServer();
    const tree = join(to.home, "tree");
    mkdirSync(join(tree, "empty"), { recursive: true });
    mkdirSync(join(tree, "deep", "er"), { recursive: true });
    write(join(tree, "deep", "er", "big.bin"), BIG);
    write(join(tree, "empty.txt"), "");
    const single = write(join(to.home, "kůň 😀.txt"), "one");

    const { files } = await send(to, [single, tree]);

    expect(files.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual([
      "kůň 😀.txt stored",
      "tree stored",
      "tree/deep stored",
      "tree/deep/er stored",
      "tree/deep/er/big.bin stored",
      "tree/empty stored",
      "tree/empty.txt stored",
    ]);
    expect(readFileSync(join(to.folder, "tree/deep/er/big.bin")).equals(BIG)).toBe(true);
    expect(readdirSync(join(to.folder, "tree/empty"))).toEqual([]);
    expect(readdirSync(to.folder).sort()).toEqual(["kůň 😀.txt", "tree"]);
  });

  test("keeps permission bits, but never setuid, and within the umask", async () => {
    const to = await startSocketServer();
    const path = write(join(to.home, "run"), "x");
    chmodSync(path, 0o4751);

    await send(to, [path]);

    expect(statSync(join(to.folder, "run")).mode & 0o7777).toBe(0o751 & ~process.umask());
  });

  test("takes a stream whose length nobody knows", async () => {
    const to = await startSocketServer();

    const { files } = await send(
      to,
      SourceList.ofStream(Readable.from([Buffer.from("ab"), Buffer.from("c")]), "s.txt"),
    );

    expect(files).toEqual([{ name: "s.txt", outcome: "stored", sentBytes: 3 }]);
    expect(readFileSync(join(to.folder, "s.txt"), "utf8")).toBe("abc");
  });

  test("goes through without a digest too", async () => {
    const to = await startSocketServer();

    await send(to, [write(join(to.home, "big.bin"), BIG)], { digest: false });

    expect(readFileSync(join(to.folder, "big.bin")).equals(BIG)).toBe(true);
  });

  test("leaves symbolic links out and says so", async () => {
    const to = await startSocketServer();
    mkdirSync(join(to.home, "d"));
    write(join(to.home, "secret"), "x");
    symlinkSync("../secret", join(to.home, "d", "link"));
    const notices: string[] = [];

    const { files } = await send(to, [join(to.home, "d")], {
      events: { onNotice: (message) => notices.push(message) },
    });

    expect(files.map(({ name }) => name)).toEqual(["d"]);
    expect(notices).toEqual(['"d/link" is left out: it is a symbolic link']);
  });

  test("says that a device is no file before it connects", async () => {
    await expect(SourceList.ofPaths(["/dev/null"])).rejects.toMatchObject({
      code: "name",
      message: 'Cannot send "/dev/null": it is neither a file nor a folder',
    });
  });

  test("says that there is no such file before it connects", async () => {
    await expect(SourceList.ofPaths(["/no/such/file"])).rejects.toMatchObject({
      code: "missing",
      message: 'Cannot send "/no/such/file": there is no such file or folder (ENOENT)',
    });
  });

  test("gives up a file that changes while it is sent, keeps nothing under its name, and goes on with the next", async () => {
    const to = await startSocketServer();
    const path = write(join(to.home, "log"), BIG);
    const other = write(join(to.home, "other"), "fine");
    let grown = false;
    const events = {
      onBytes: () => {
        if (!grown) truncateSync(path, 2_000_000);
        grown = true;
      },
    };

    const { files } = await send(to, [path, other], { events });

    expect(files.map(({ outcome, code }) => [outcome, code])).toEqual([["failed", "changed"], ["stored", undefined]]);
    expect(existsSync(join(to.folder, "log"))).toBe(false);
    expect(readFileSync(join(to.folder, "other"), "utf8")).toBe("fine");
  });
});

describe("a file that is there already", () => {
  async function existing(mode: "refuse" | "overwrite" | "rename" | "skip", wish?: "overwrite" | "rename" | "skip") {
    const to = await startSocketServer({ existing: mode });
    write(join(to.folder, "a.txt"), "old");
    const { files } = await send(to, [write(join(to.home, "a.txt"), "new")], { existing: wish });
    const content = readFileSync(join(to.folder, "a.txt"), "utf8");
    return {
      outcome: files[0]?.outcome,
      code: files[0]?.code,
      as: files[0]?.storedAs,
      content,
      names: readdirSync(to.folder),
    };
  }

  test("is not touched unless it was told so", async () => {
    expect(await existing("refuse")).toMatchObject({
      outcome: "failed",
      code: "exists",
      content: "old",
      names: ["a.txt"],
    });
    expect(await existing("skip")).toMatchObject({ outcome: "skipped", content: "old", names: ["a.txt"] });
    expect(await existing("overwrite")).toMatchObject({ outcome: "stored", content: "new", names: ["a.txt"] });
    expect(await existing("rename")).toMatchObject({ outcome: "stored", as: "a (1).txt", content: "old" });
  });

  test("may be spared by the sender's wish, but not replaced by it", async () => {
    expect(await existing("refuse", "overwrite")).toMatchObject({ outcome: "failed", content: "old" });
    expect(await existing("overwrite", "skip")).toMatchObject({ outcome: "skipped", content: "old" });
    expect(await existing("refuse", "rename")).toMatchObject({ outcome: "stored", as: "a (1).txt" });
  });
});

describe("resuming", () => {
  /** Sends with what an earlier attempt left, and tells how much travelled this time. */
  async function resume(left: Uint8Array) {
    const to = await startSocketServer();
    write(join(to.folder, ".big.bin.part"), left);
    const { files } = await send(to, [write(join(to.home, "big.bin"), BIG)]);
    expect(readFileSync(join(to.folder, "big.bin")).equals(BIG)).toBe(true);
    expect(readdirSync(to.folder)).toEqual(["big.bin"]);
    return files[0]?.sentBytes;
  }

  test("sends only the rest where what is there is the beginning of the file", async () => {
    expect(await resume(BIG.subarray(0, 2_000_000))).toBe(1_000_000);
    expect(await resume(BIG)).toBe(0);
  });

  test("starts over where it is not", async () => {
    const damaged = Buffer.from(BIG.subarray(0, 2_000_000));
    damaged[1_999_999] = (damaged[1_999_999] ?? 0) ^ 1;

    expect(await resume(damaged)).toBe(BIG.length);
    expect(await resume(Buffer.concat([BIG, Buffer.from("x")]))).toBe(BIG.length);
  });

  test("works for files that are got, too", async () => {
    const from = await startSocketServer();
    write(join(from.folder, "big.bin"), BIG);
    write(join(from.home, ".big.bin.part"), BIG.subarray(0, 1_000_000));

    const { files } = await get(from, ["big.bin"], from.home);

    expect(files).toEqual([{ name: "big.bin", outcome: "stored", sentBytes: 2_000_000 }]);
    expect(readFileSync(join(from.home, "big.bin")).equals(BIG)).toBe(true);
  });

  test("keeps what came when the sender breaks off", async () => {
    const to = await startSocketServer();
    const stop = new AbortController();
    const events = { onBytes: () => stop.abort(new Error("unplugged")) };

    await expect(send(to, [write(join(to.home, "big.bin"), BIG)], { events, signal: stop.signal })).rejects.toThrow(
      "unplugged",
    );

    expect(existsSync(join(to.folder, "big.bin"))).toBe(false);
    await send(to, [join(to.home, "big.bin")]);
    expect(readFileSync(join(to.folder, "big.bin")).equals(BIG)).toBe(true);
  });
});

describe("getting files", () => {
  test("brings files and folders into the folder, under their last name", async () => {
    const from = await startSocketServer();
    mkdirSync(join(from.folder, "a/b"), { recursive: true });
    write(join(from.folder, "a/b/c.txt"), "c");
    write(join(from.folder, "d.txt"), "d");

    const { files } = await get(from, ["a/b", "d.txt"], from.home);

    expect(files.map(({ name }) => name).sort()).toEqual(["b", "b/c.txt", "d.txt"]);
    expect(readFileSync(join(from.home, "b/c.txt"), "utf8")).toBe("c");
  });

  test.each([["nope", "missing"], ["../home", "name"], ["/etc/passwd", "name"], ["link", "name"], ["link/x", "name"]])(
    "is refused for %s",
    async (name, code) => {
      const from = await startSocketServer();
      symlinkSync("/etc", join(from.folder, "link"));

      await expect(get(from, [name], from.home)).rejects.toMatchObject({ code });
    },
  );

  test("writes to a stream, and trusts no stream that is not what was sent", async () => {
    const from = await startSocketServer();
    write(join(from.folder, "big.bin"), BIG);
    const client = await SocketClient.connect(from.address);
    const out = new PassThrough();
    const chunks: Buffer[] = [];
    out.on("data", (chunk: Buffer) => chunks.push(chunk));

    const size = await receiveStream(client.session, await client.request(["big.bin"]), out);

    expect(size).toBe(BIG.length);
    expect(Buffer.concat(chunks).equals(BIG)).toBe(true);
    await client.close();
  });

  test("is refused by a server without a folder, as sending is", async () => {
    const server = await SocketServer.start({ address: { host: "127.0.0.1", port: 0 } });
    const client = await SocketClient.connect(server.address);
    const list = SourceList.ofStream(Readable.from([]), "x");

    await expect(client.request(["x"])).rejects.toMatchObject({ code: "refused" });
    await expect(client.send(list)).rejects.toMatchObject({ code: "refused" });
    await client.close();
    await server.close();
  });
});

describe("a rate limit", () => {
  /** Lets everything pass, and counts it. */
  class Counter extends RateLimit {
    bytes = 0;

    override async take(bytes: number): Promise<void> {
      this.bytes += bytes;
      await new Promise((resolve) => setTimeout(resolve, 1)); // more arrives meanwhile
    }
  }

  test("counts every byte that is sent, and every byte that is received", async () => {
    const to = await startSocketServer();
    const [sent, received] = [new Counter(1), new Counter(1)];

    await send(to, [write(join(to.home, "big.bin"), BIG)], { limit: sent });
    await get(to, ["big.bin"], testDir(), { limit: received });

    expect([sent.bytes, received.bytes]).toEqual([BIG.length, BIG.length]);
  });
});

describe("a hostile sender", () => {
  /** Speaks the protocol itself and offers one file of one byte under any name. */
  async function offer(to: TestServer, name: string, entry: object = {}, digest?: string) {
    const client = await SocketClient.connect(to.address);
    const { session } = client;
    await session.send({
      kind: "offer",
      entries: [{ name, type: "file", size: 1, mode: 0o644, ...entry }],
      digest: true,
    });
    const answer = await session.next();
    if (answer?.kind === "want") {
      session.write({ kind: "begin", index: 0, offset: 0 });
      session.write({ kind: "data", bytes: Buffer.from("x") });
      session.write({ kind: "end", index: 0, size: 1, digest: digest ?? null });
    }
    const last = answer?.kind === "want" ? await session.next() : answer;
    await client.close();
    return last;
  }

  test.each(HOSTILE_NAMES)("cannot store a file as %j (%s)", async (name) => {
    const to = await startSocketServer();

    expect(await offer(to, name)).toMatchObject({ kind: "failed", code: "name" });

    expect(readdirSync(to.folder)).toEqual([]);
    expect(readdirSync(to.home)).toEqual([]);
  });

  test("cannot go through a symbolic link, as folder or as file, old or new", async () => {
    const to = await startSocketServer({ existing: "overwrite" });
    symlinkSync(to.home, join(to.folder, "out"));
    write(join(to.home, "victim"), "old");
    symlinkSync(join(to.home, "victim"), join(to.folder, "file"));
    symlinkSync(join(to.home, "new"), join(to.folder, "dangling"));
    symlinkSync(join(to.home, "planted"), join(to.folder, ".p.part"));

    for (const name of ["out/x", "file", "dangling", "p", "out"]) {
      expect(await offer(to, name), name).toMatchObject({ kind: "failed" });
    }

    expect(readdirSync(to.home)).toEqual(["victim"]);
    expect(readFileSync(join(to.home, "victim"), "utf8")).toBe("old");
  });

  test("cannot write through a hard link that waits under the partial name", async () => {
    const to = await startSocketServer();
    write(join(to.home, "victim"), "old");
    linkSync(join(to.home, "victim"), join(to.folder, ".p.part"));

    expect(await offer(to, "p")).toMatchObject({ kind: "failed", code: "name" });

    expect(readFileSync(join(to.home, "victim"), "utf8")).toBe("old");
  });

  test("cannot win a race: a folder that becomes a link while it is written to still means the folder", async () => {
    const to = await startSocketServer();
    mkdirSync(join(to.folder, "d"));
    const root = await ConfinedFolder.open(to.folder);
    const inside = await root.descend(["d"]);
    renameSync(join(to.folder, "d"), join(to.folder, "moved"));
    symlinkSync(to.home, join(to.folder, "d"));

    const file = await inside.file("x", 0o102, /* O_RDWR | O_CREAT */ 0o600);
    await file.close();

    expect(readdirSync(to.home)).toEqual([]);
    expect(readdirSync(join(to.folder, "moved"))).toEqual(["x"]);
    await expect(root.descend(["d"])).rejects.toThrow();
    await inside.close();
    await root.close();
  });

  test("cannot pass off other bytes: a wrong digest or size leaves nothing behind", async () => {
    const to = await startSocketServer();

    expect(await offer(to, "a", {}, "00".repeat(32))).toMatchObject({
      code: "digest",
      reason: 'Cannot store "a": what came has another SHA-256 than what was sent',
    });
    expect(await offer(to, "a", { size: 2 })).toMatchObject({
      code: "digest",
      reason: 'Cannot store "a": what came has another SHA-256 than what was sent',
    });

    expect(readdirSync(to.folder)).toEqual([]);
  });

  test("cannot send more than it offered: that is noticed at once, not when the disk is full", async () => {
    const to = await startSocketServer();
    const client = await SocketClient.connect(to.address);
    const { session } = client;
    await session.send({ kind: "offer", entries: [{ name: "a", type: "file", size: 1, mode: 0o644 }], digest: false });
    await session.next();
    session.write({ kind: "begin", index: 0, offset: 0 });
    session.write({ kind: "data", bytes: Buffer.from("xy") });

    expect(await session.next()).toMatchObject({
      kind: "error",
      code: "refused",
      reason: 'Cannot store "a": 1 bytes were offered, more came',
    });
    await client.close();
    expect(existsSync(join(to.folder, "a"))).toBe(false);
  });

  test("cannot offer two names for one file, nor a file below a file", async () => {
    const to = await startSocketServer();
    const client = await SocketClient.connect(to.address);
    const file = (name: string) => ({ name, type: "file", size: 0, mode: 0o644 }) as const;
    await client.session.send({
      kind: "offer",
      digest: false,
      entries: [file("a"), file("A"), file("a/b"), file("c")],
    });
    const answers = [await client.session.next(), await client.session.next(), await client.session.next()];

    expect(answers).toMatchObject([
      { kind: "failed", index: 1, reason: 'Cannot store "A": it collides with "a" in the same offer' },
      { kind: "failed", index: 2 },
      { kind: "want", index: 0 },
    ]);
    await client.close();
  });

  test("cannot fill the disk: what does not fit is refused before it is sent", async () => {
    const to = await startSocketServer();

    expect(await offer(to, "huge", { size: 2 ** 53 - 1 })).toMatchObject({ kind: "failed", code: "space" });
  });

  test.each(
    [
      ["an entry that was not offered", { kind: "begin", index: 5, offset: 0 }],
      ["bytes from the middle", { kind: "begin", index: 0, offset: 7 }],
      ["an answer of a receiver", { kind: "stored", index: 0, name: "a" }],
    ] as const,
  )("is dropped when it begins %s", async (_, message) => {
    const to = await startSocketServer();
    const client = await SocketClient.connect(to.address);
    await client.session.send({
      kind: "offer",
      digest: true,
      entries: [{ name: "a", type: "file", size: 1, mode: 0o644 }],
    });
    await client.session.next();

    await client.session.send(message);

    expect(await client.session.next().catch(() => undefined)).toMatchObject({ kind: "error" });
    await client.close();
    expect(existsSync(join(to.folder, "a"))).toBe(false);
  });
});

describe("a hostile server", () => {
  /** Offers `name`, whatever it is asked for. */
  async function offering(name: string) {
    const listener = await listen({ host: "127.0.0.1", port: 0 }, async (connection) => {
      const session = Session.ofServer(connection);
      await session.next();
      await session.send({ kind: "offer", entries: [{ name, type: "file", size: 1, mode: 0o644 }], digest: false });
      await session.next();
    });
    onTestFinished(() => listener.close());
    return listener.address;
  }

  test.each([".bashrc", "photo.jpg.exe", "other/photo.jpg", "../photo.jpg"])(
    "cannot put %j where photo.jpg was asked for",
    async (name) => {
      const client = await SocketClient.connect(await offering(name));

      await expect(client.request(["holiday/photo.jpg"])).rejects.toMatchObject({
        name: "ProtocolError",
        message: expect.stringContaining(`"${name}" was not asked for`),
      });
      expect(client.session.connection.isOpen).toBe(false);
    },
  );

  test("may offer what is in a folder that was asked for", async () => {
    const client = await SocketClient.connect(await offering("holiday/photo.jpg"));

    await expect(client.request(["2024/holiday"])).resolves.toMatchObject({ entries: [{ name: "holiday/photo.jpg" }] });
    await client.close();
  });
});

describe("a hostile receiver", () => {
  test("cannot ask for what was not offered", async () => {
    const from = await startSocketServer();
    write(join(from.folder, "a"), "x");
    const client = await SocketClient.connect(from.address);
    await client.request(["a"]);

    await client.session.send({ kind: "want", index: 1, offset: 0, prefix: null });

    expect(await client.session.next().catch(() => ({}))).not.toMatchObject({ kind: "begin" });
    await client.close();
    await expect(get(from, ["a"], from.home)).resolves.toMatchObject({ files: [{ outcome: "stored" }] });
  });
});
