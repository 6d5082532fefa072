import { once } from "node:events";
import { existsSync, readFileSync, statSync } from "node:fs";
import { connect as tcp, type Socket } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createLogger, type LogRecord } from "../../lib/base/log.ts";
import { connect, type Connection, listen, type Listener, type TcpAddress } from "../../lib/net/mod.ts";
import { readAll } from "../support/duplex_pair.ts";
import { eventually } from "../support/eventually.ts";
import { Program } from "../support/program.ts";
import { testDir } from "../support/temp_dir.ts";

const ANY = { host: "127.0.0.1", port: 0 };
const hold = (connection: Connection) => connection.closed.then(() => {});

function portOf(listener: Listener): number {
  return "port" in listener.address ? listener.address.port : 0;
}

describe("listen", () => {
  test("tells the port that the system chose", async () => {
    const listener = await listen(ANY, () => {});

    expect(portOf(listener)).toBeGreaterThan(0);
    await listener.close();
  });

  test("says in one sentence that a port is in use", async () => {
    const first = await listen(ANY, () => {});
    const taken: TcpAddress = { host: "127.0.0.1", port: portOf(first) };

    await expect(listen(taken, () => {})).rejects.toMatchObject({
      message: `Cannot listen on 127.0.0.1:${taken.port}: the address is in use (EADDRINUSE)`,
      code: "ERR_LISTEN",
    });
    await first.close();
  });

  test("says that this machine has no such address", async () => {
    await expect(listen({ host: "192.0.2.1", port: 0 }, () => {})).rejects.toThrow("this machine has no such address");
  });

  test("rejects with the signal's reason and leaves nothing listening", async () => {
    const before = process.getActiveResourcesInfo().filter((kind) => kind === "TCPServerWrap").length;

    await expect(listen(ANY, () => {}, { signal: AbortSignal.abort("stop") })).rejects.toBe("stop");

    expect(process.getActiveResourcesInfo().filter((kind) => kind === "TCPServerWrap").length).toBe(before);
  });

  test("gives a unix socket to its user alone", async () => {
    const path = join(testDir(), "s");
    const listener = await listen({ path }, () => {});

    expect(statSync(path).mode & 0o777).toBe(0o600);
    await listener.close();
  });

  /** What the kernel waits for on the serving side's sockets: 02 is the keepalive timer (proc(5), net/tcp, `tr`). */
  const timersOf = (port: number) =>
    readFileSync("/proc/net/tcp", "utf8").split("\n").map((line) => line.trim().split(/\s+/)).filter((
      [, local, , state],
    ) => local?.endsWith(`:${port.toString(16).toUpperCase().padStart(4, "0")}`) && state === "01").map((columns) =>
      columns[5]?.split(":")[0]
    );

  test.skipIf(!existsSync("/proc/net/tcp")).each([[30_000, "02"], [0, "00"]])(
    "has TCP probe silent peers after %s ms (0: never)",
    async (keepAliveMs, timer) => {
      const listener = await listen(ANY, hold, { keepAliveMs });
      const client = await connect(listener.address);
      await eventually("it is served", () => listener.connections.size === 1);

      expect(timersOf(portOf(listener))).toEqual([timer]);

      client.abort();
      await listener.close();
    },
  );

  test("closes a connection when its handler is done, after what it wrote", async () => {
    const listener = await listen(ANY, (peer) => void peer.write(Buffer.from("bye")));
    const connection = await connect(listener.address);

    expect(String(await readAll(connection))).toBe("bye");
    await connection.close();
    await listener.close();
  });

  test("logs what a handler throws, drops that connection, and serves the others", async () => {
    const records: LogRecord[] = [];
    let calls = 0;
    const listener = await listen(ANY, async (peer) => {
      if (calls++ === 0) throw new Error("bad handler");
      await peer.send(Buffer.from("fine"));
    }, { log: createLogger((record) => records.push(record)) });

    const [first, second] = [await connect(listener.address), await connect(listener.address)];

    await first.read(() => {}).catch(() => {});
    expect(String(await readAll(second))).toBe("fine");
    expect(records).toMatchObject([{ level: "warn", fields: { error: { message: "bad handler" } } }]);
    first.abort();
    await second.close();
    await listener.close();
  });

  test("refuses connections over the limit, logs it once a crossing, and accepts again when there is room", async () => {
    const records: LogRecord[] = [];
    const listener = await listen(ANY, (peer) => peer.read(() => {}), {
      maxConnections: 2,
      log: createLogger((record) => records.push(record)),
    });
    const open = [await connect(listener.address), await connect(listener.address)];
    await eventually("both are served", () => listener.connections.size === 2);

    for (let i = 0; i < 3; i++) {
      const refused = await connect(listener.address);
      await refused.read(() => {}).catch(() => {}); // EOF or a reset: either way it is over
      refused.abort();
    }
    expect(records.map(({ message }) => message)).toEqual(["Connections are refused"]);

    open.shift()?.abort();
    await eventually("there is room", () => listener.connections.size === 1);
    const next = await connect(listener.address);
    await eventually("it is served", () => listener.connections.size === 2);
    for (const each of [...open, next]) each.abort();
    await listener.close();
  });

  test("survives having no file descriptors left: others are served, and new ones once there are some again", async () => {
    const program = new Program("sh", [
      "-c",
      'ulimit -n 48; exec "$0" --import tsx --input-type=module -e "$1"',
      process.execPath,
      `import { listen } from "./lib/net/mod.ts";
       const echo = async (peer) => { for await (const chunk of peer.chunks()) await peer.send(chunk); };
       const listener = await listen({ host: "127.0.0.1", port: 0 }, echo);
       console.log("port " + listener.address.port);`,
    ]);
    const port = Number((await program.printed(/port (\d+)/))[1]);
    const echoes = async (socket: Socket) => {
      socket.write("x");
      return String((await once(socket, "data"))[0]) === "x";
    };
    const first = tcp(port, "127.0.0.1");
    expect(await echoes(first)).toBe(true);

    const crowd = Array.from({ length: 80 }, () => tcp(port, "127.0.0.1").on("error", () => {}));
    const refused = crowd.map((socket) => new Promise((resolve) => socket.once("close", resolve)));
    await Promise.race(refused);
    expect(await echoes(first)).toBe(true);

    for (const socket of crowd) socket.destroy();
    await eventually("a new one is served", async () => {
      const late = tcp(port, "127.0.0.1");
      late.on("error", () => {});
      try {
        return await Promise.race([echoes(late), once(late, "close").then(() => false)]);
      } finally {
        late.destroy();
      }
    });
    first.destroy();
    await program.stop();
  });
});

describe("Listener.close", () => {
  test("ends idle connections, and those of handlers that would wait for ever", async () => {
    const listener = await listen(ANY, hold);
    const client = await connect(listener.address);
    const over = client.read(() => {}).then(() => client.close(), () => {});
    await eventually("it is served", () => listener.connections.size === 1);

    await listener.close();
    await over;

    expect(listener.connections.size).toBe(0);
    await expect(connect(listener.address)).rejects.toThrow("nothing listens there");
  });

  test("drops a peer that does not end its side, after the time it was given", async () => {
    const listener = await listen(ANY, hold);
    const client = await connect(listener.address);
    await eventually("it is served", () => listener.connections.size === 1);

    await listener.close({ drainMs: 20 });

    expect(listener.connections.size).toBe(0);
    client.abort();
  });

  test("is one promise however often it is called", async () => {
    const listener = await listen(ANY, hold);

    expect(listener.close()).toBe(listener.close());
    await listener.close();
  });

  test("leaves no listener, socket or timer of ours", async () => {
    const count = () =>
      process.getActiveResourcesInfo().filter((kind) => /^(TCPSocketWrap|TCPServerWrap|Timeout)$/.test(kind)).length;
    const before = count();
    const listener = await listen(ANY, hold);
    const client = await connect(listener.address);
    const over = client.read(() => {}).then(() => client.close());
    await eventually("it is served", () => listener.connections.size === 1);

    await listener.close();
    await over;

    await eventually("everything is gone", () => count() <= before);
  });
});
