import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { TimeoutError } from "../../lib/base/errors.ts";
import { connect, listen } from "../../lib/net/mod.ts";
import { readAll } from "../support/duplex_pair.ts";
import { run } from "../support/program.ts";
import { freePort } from "../support/redis_server.ts";
import { testDir } from "../support/temp_dir.ts";

const live = (kind: string) => process.getActiveResourcesInfo().filter((each) => each === kind).length;

describe("connect", () => {
  test("says in one sentence that nothing listens there", async () => {
    const port = await freePort();

    await expect(connect({ host: "127.0.0.1", port })).rejects.toMatchObject({
      message: `Cannot connect to 127.0.0.1:${port}: nothing listens there (ECONNREFUSED)`,
      code: "ERR_CONNECT",
    });
  });

  test("says so too where every address of a name was tried", async () => {
    const port = await freePort();

    await expect(connect({ host: "localhost", port })).rejects.toThrow(
      `Cannot connect to localhost:${port}: nothing listens there (ECONNREFUSED)`,
    );
  });

  test("lets a program end whose only connection stays in the background", async () => {
    const listener = await listen({ host: "127.0.0.1", port: 0 }, async (peer) => void (await peer.closed));
    const program = `import { connect } from "./lib/net/mod.ts";
      await connect(${JSON.stringify(listener.address)}, { background: true });
      console.log("connected");`;

    const ended = await run(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program]);

    expect(ended).toEqual({ code: 0, stdout: "connected\n", stderr: "" });
    await listener.close();
  });

  test("says that a host name is unknown", async () => {
    await expect(connect({ host: "no-such-host.invalid", port: 1 })).rejects.toThrow(
      /^Cannot connect to no-such-host\.invalid:1: (the host name is unknown|the name server does not answer) \(E/,
    );
  });

  test("says that there is no such unix socket", async () => {
    const path = join(testDir(), "none");

    await expect(connect({ path })).rejects.toThrow(
      `Cannot connect to ${path}: there is no such socket or name (ENOENT)`,
    );
  });

  test("reaches an IPv4 address, an IPv6 address and a name", async () => {
    for (const [bound, host] of [["127.0.0.1", "127.0.0.1"], ["::1", "::1"], ["127.0.0.1", "localhost"]] as const) {
      const listener = await listen({ host: bound, port: 0 }, (peer) => peer.send(new Uint8Array([7])));
      const port = "port" in listener.address ? listener.address.port : 0;

      const connection = await connect({ host, port });

      expect([...await readAll(connection)]).toEqual([7]);
      await connection.close();
      await listener.close();
    }
  });

  test("gives up after its deadline, handshake included, and leaves neither timer nor socket", async () => {
    const silent = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => silent.once("listening", resolve));
    const address = silent.address();
    const port = typeof address === "object" ? address?.port ?? 0 : 0;
    const before = [live("Timeout"), live("TCPSocketWrap")];

    const attempt = connect({ host: "127.0.0.1", port }, { tls: { verify: false }, timeoutMs: 50 });

    await expect(attempt).rejects.toThrow(
      new TimeoutError(`Cannot connect to 127.0.0.1:${port}: no answer within 50 ms`, 50),
    );
    silent.close();
    expect(live("Timeout")).toBeLessThanOrEqual(before[0] ?? 0);
  });

  test.each([["a text", "stop"], ["an AbortError", undefined]])(
    "rejects with the signal's own reason: %s",
    async (_, reason) => {
      const stop = new AbortController();
      const attempt = connect({ host: "127.0.0.1", port: await freePort() }, { signal: stop.signal });
      attempt.catch(() => {});

      stop.abort(reason);

      await expect(attempt).rejects.toBe(stop.signal.reason);
      expect(() => connect({ host: "127.0.0.1", port: 1 }, { signal: stop.signal })).toThrow();
    },
  );

  test("refuses TLS material that cannot be read, before it connects", () => {
    expect(() => connect({ host: "127.0.0.1", port: 1 }, { tls: { cert: "no PEM" } })).toThrow(
      "Cannot use the TLS certificate, key or authorities",
    );
  });

  test("refuses a port out of range", () => {
    expect(() => connect({ host: "127.0.0.1", port: 70_000 })).toThrow("Cannot use port 70000");
  });
});
