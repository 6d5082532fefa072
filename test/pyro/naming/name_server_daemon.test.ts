import { Buffer } from "node:buffer";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { connect } from "../../../lib/net/mod.ts";
import { Daemon, errors, locateNS, NameServerDaemon, type NameServerOptions, Proxy } from "../../../lib/pyro/mod.ts";
import { createAuthenticator } from "../../../lib/pyro/hmac.ts";
import { BroadcastResponder } from "../../../lib/pyro/naming/broadcast.ts";
import { ClassRegistry } from "../../../lib/pyro/wire/class_registry.ts";
import { Flag, type Message, MessageType } from "../../../lib/pyro/wire/message.ts";
import { MessageDecoder } from "../../../lib/pyro/wire/message_decoder.ts";
import { createSerializers } from "../../../lib/pyro/wire/serializers.ts";
import { pyroFixture } from "../../support/pyro_fixtures.ts";
import { freePort } from "../../support/redis_server.ts";
import { testDir } from "../../support/temp_dir.ts";

interface Scenario {
  readonly name: string;
  readonly hmac_key_utf8: string | null;
  readonly exchange?: readonly { readonly dir: string; readonly conn: number; readonly message_b64?: string }[];
}

const { scenarios } = pyroFixture<{ scenarios: Scenario[] }>("nameserver");
const ALL = [MessageType.connectOk, MessageType.result, MessageType.connect, MessageType.invoke];

async function start(options: NameServerOptions = {}): Promise<NameServerDaemon> {
  const server = await NameServerDaemon.start({ host: "127.0.0.1", port: 0, ...options });
  onTestFinished(() => server.close());
  return server;
}

const portOf = (server: NameServerDaemon) => server.uri.port ?? 0;

/** What a reply says, without what differs from run to run: ports, tracebacks, the order of sets. */
function said({ flags, seq, serializerId, payload }: Message): unknown {
  const value = createSerializers({ classes: new ClassRegistry() }).byId(serializerId).loads(payload);
  const shown = value instanceof errors.PyroError || value instanceof errors.PyroRemoteError
    ? { raised: value.name, type: "remoteType" in value ? value.remoteType : "", args: value.args }
    : value;
  return { flags: flags & ~Flag.compressed, seq, shown: sortedTexts(JSON.parse(JSON.stringify(shown ?? null))) };
}

function sortedTexts(value: unknown): unknown {
  if (typeof value === "string") return value.replace(/@127\.0\.0\.1:77\d\d\b|@127\.0\.0\.1:\d{4,5}\b/, "@HERE");
  if (Array.isArray(value)) {
    return value.every((item) => typeof item === "string") ? value.map(sortedTexts).sort() : value.map(sortedTexts);
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, sortedTexts(item)]));
}

describe("NameServerDaemon", () => {
  test.each(scenarios.filter(({ name }) => ["ns-serpent", "ns-json", "ns-hmac"].includes(name)))(
    "answers every captured request of $name as Python's did",
    async ({ exchange = [], hmac_key_utf8 }) => {
      const hmacKey = hmac_key_utf8 ?? undefined;
      const server = await start(hmacKey === undefined ? {} : { hmacKey });
      const authenticator = createAuthenticator(hmacKey);
      const client = await connect({ host: "127.0.0.1", port: portOf(server) });
      const received = new MessageDecoder({ authenticator });
      const chunks = client.chunks();
      const next = async () => {
        while (true) {
          const message = received.next(ALL);
          if (message !== undefined) return message;
          const chunk = await chunks.next();
          if (chunk.done) throw new Error("The name server hung up");
          received.feed(chunk.value);
        }
      };
      let compared = 0;
      for (const { dir, message_b64 } of exchange) {
        if (message_b64 === undefined) continue;
        const bytes = Buffer.from(message_b64, "base64");
        if (dir === "c2s") {
          await client.send(bytes);
          continue;
        }
        const captured = new MessageDecoder({ authenticator });
        captured.feed(bytes);
        const expected = captured.next(ALL);
        if (expected === undefined) throw new Error("The capture is cut");

        expect(said(await next()), `reply ${compared}`).toEqual(said(expected));
        compared++;
      }
      expect(compared).toBe(40);
      client.abort();
    },
  );

  test("keeps names in a file from one run to the next, its own place aside", async () => {
    const storage = `file:${join(testDir(), "names")}`;
    const first = await start({ storage });
    first.nameServer.register("kept", "PYRO:a@h:1");
    await first.close();
    const second = await start({ storage });

    expect(second.existing).toBe(1);
    expect(String(second.nameServer.lookup("kept"))).toBe("PYRO:a@h:1");
    expect(String(second.nameServer.lookup("Pyro.NameServer"))).toBe(String(second.uri));
  });

  test.each(["sql:names", "dbm:names", "file:", "nonsense"])("refuses the storage %s", async (storage) => {
    await expect(NameServerDaemon.start({ port: 0, storage })).rejects.toThrow(`invalid storage type '${storage}'`);
  });

  test("gives everything up again when its port is taken", async () => {
    const first = await start();
    const storage = `file:${join(testDir(), "names")}`;

    await expect(NameServerDaemon.start({ host: "127.0.0.1", port: portOf(first), storage })).rejects.toThrow("in use");
    await (await start({ storage })).close();
  });

  test("answers broadcasts where others can reach it, and only there", async () => {
    expect((await start()).broadcast).toBe("localhost");
    expect((await start({ broadcast: false })).broadcast).toBe("off");
    const open = await start({ host: "0.0.0.0", bchost: "127.0.0.1", bcport: 0 });

    expect(open.broadcast).toBeInstanceOf(BroadcastResponder);
  });
});

describe("locateNS", () => {
  const config = (port: number) => ({ config: { NS_HOST: "127.0.0.1", NS_PORT: port, BROADCAST_ADDRS: "127.0.0.1" } });

  test("finds a name server by host and port, and at the configured place", async () => {
    const server = await start();
    const port = portOf(server);

    for (
      const found of [await locateNS("127.0.0.1", port), await locateNS(undefined, undefined, { proxy: config(port) })]
    ) {
      expect(await found.count()).toBe(1);
      await found._pyroRelease();
    }
  });

  test("finds one by broadcast", async () => {
    const server = await start({ host: "0.0.0.0", bchost: "127.0.0.1", bcport: 0 });
    const bcport = server.broadcast instanceof BroadcastResponder ? server.broadcast.port : 0;
    const elsewhere = config(await freePort()).config;

    const found = await locateNS(undefined, undefined, { proxy: { config: { ...elsewhere, NS_BCPORT: bcport } } });

    expect(String(found._pyroUri)).toBe(`PYRO:Pyro.NameServer@127.0.0.1:${portOf(server)}`);
    await found._pyroRelease();
  });

  test("finds one on a unix socket", async () => {
    const unixsocket = join(testDir(), "ns");
    await start({ unixsocket });
    const found = await locateNS(`./u:${unixsocket}`);

    await found.register("a", "PYRO:a@h:1");
    expect(String(await found.lookup("a"))).toBe("PYRO:a@h:1");
    await found._pyroRelease();
  });

  test("fails in Python's words where there is none, or the key is wrong", async () => {
    const nobody = await freePort();
    const keyed = await start({ hmacKey: "secret" });

    await expect(locateNS("127.0.0.1", nobody)).rejects.toThrow(
      new errors.NamingError("Failed to locate the nameserver"),
    );
    await expect(locateNS("127.0.0.1", portOf(keyed), { hmacKey: "wrong" })).rejects.toThrow("Failed to locate");
    const found = await locateNS("127.0.0.1", portOf(keyed), { hmacKey: "secret" });
    await found._pyroRelease();
  });
});

describe("PYRONAME and PYROMETA", () => {
  class Greeter {
    static readonly exposed = ["hello"];
    hello(name: string): string {
      return `hello ${name}`;
    }
  }

  test("lead to the object that is registered", async () => {
    const server = await start();
    const daemon = await Daemon.start({ host: "127.0.0.1" });
    onTestFinished(() => daemon.close());
    server.nameServer.register("greeter", daemon.register(Greeter), false, ["polite", "quick"]);
    const at = `@127.0.0.1:${portOf(server)}`;

    for (const uri of [`PYRONAME:greeter${at}`, `PYROMETA:quick,polite${at}`]) {
      const greeter = new Proxy<Greeter>(uri);
      expect(await greeter.hello("you")).toBe("hello you");
      await greeter._pyroRelease();
    }
    await expect(new Proxy(`PYRONAME:nobody${at}`)._pyroBind()).rejects.toThrow("unknown name: nobody");
    await expect(new Proxy(`PYROMETA:rude${at}`)._pyroBind()).rejects.toThrow(
      "no registrations available with desired metadata properties {'rude'}",
    );
  });
});
