import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { delay } from "../../../lib/base/time.ts";
import * as Pyro from "../../../lib/pyro/mod.ts";
import { Authority } from "../../support/certificates.ts";
import { describeWithPeers, isInstalled, PYTHON } from "../../support/peers.ts";
import { Program, run } from "../../support/program.ts";
import { type Features, Point, startFeatures, withPoints } from "../../support/pyro_features.ts";
import { tempDir } from "../../support/temp_dir.ts";

/** What every client sees of every server, whichever languages they are written in. */
const EXPECTED = {
  attributes: {
    members: [["describe", "echo"], ["level", "unit"]],
    levels: [20, 25],
    refused: "too hot: 99",
    "read only": "attempt to access unexposed or unknown remote attribute 'unit'",
    called: ["now 25 C!", "now 25 C?"],
    "too few": "Thermostat.describe() missing 1 required positional argument: 'prefix'",
    values: [null, true, "12345678901234567890", 1.5, "ä€😀", { a: [1] }],
  },
  batches: [[1, "is 25 C."], [2, ["ZeroDivisionError", "integer division or modulo by zero"]], null, [2], []],
  exceptions: {
    divide: ["ZeroDivisionError", "integer division or modulo by zero"],
    "look up": ["KeyError", "'unknown'"],
    detailed: [["detailed", 42], { code: 7 }, true],
    own: ["SecurityError", "refused to deserialize types with double underscores in their name: __main__.Broken"],
    returned: "ValueError('returned, not raised')",
    "unknown object": "unknown object",
    "unknown member": "remote object 'PYRO:trouble@LOCATION' has no exposed attribute or method 'nothing'",
    private: ["AttributeError", "attempt to access private attribute '_hidden'"],
    afterwards: 3,
  },
  streams: [[1, 2, 3], [], 1, "fine", ["ValueError", "the source broke"]],
  instances: { session: [1, 2, 1], percall: [1, 1, 1], single: [1, 2, 3] },
  autoproxy: ["Proxy", "lamp", true, "lamp"],
  callbacks: [[1, 2, 3], ["call 0", "call 1", "call 2"], "KeyError: 'the listener failed'"],
  oneways: [null, ["a"]],
  timeouts: [["TimeoutError", "receiving: timeout"], ["a"]],
  annotations: [
    [[["USER", "from the client"]], "11112222-1111-2222-3333-222244449999"],
    [["DAEM", "daemon"], ["RESP", "from the server"]],
  ],
  keywords: [
    ["a", 1, []],
    ["a", 2, [["colour", "red"], ["size", 3]]],
    ["b", 5, [["depth", [1]], ["self_", "me"]]],
    [[], []],
    [[1, 2], [["three", 3]]],
    [[], [["four", 4]]],
    "Options.configure() missing 1 required positional argument: 'name'",
    "Options.configure() got multiple values for argument 'name'",
    "Options.configure() takes from 2 to 3 positional arguments but 4 were given",
  ],
  blobs: ["about it", [1, "two", [3]]],
  classes: ["Point", 2, 1],
  handshake: "no entry for intruders",
  futures: [4, "ZeroDivisionError"],
  pings: ["no error", null],
} as const;

type Feature = keyof typeof EXPECTED;
const FEATURES = Object.keys(EXPECTED) as Feature[];

/** How one side is reached: what its clients and servers have to know, beyond the address. */
interface Way {
  readonly title: string;
  /** Features that this way changes, and so cannot show. */
  readonly without?: readonly Feature[];
  readonly hmacKey?: string;
  /** PYRO_ variables, for either language. */
  readonly env: Readonly<Record<string, string>>;
}

function pythonClient(location: string, way: Way, features: readonly Feature[]): Promise<Record<string, unknown>> {
  const script = "test/python/pyro/features_client.py";
  return run(PYTHON, [script, location, way.hmacKey ?? "", ...features], { env: way.env }).then(
    ({ stdout, stderr }) => {
      if (stdout === "") throw new Error(stderr);
      return JSON.parse(stdout.replace("12345678901234567890", '"12345678901234567890"')) as Record<string, unknown>;
    },
  );
}

async function pythonServer(way: Way): Promise<{ location: string; stop(): Promise<unknown> }> {
  const args = way.hmacKey === undefined ? [] : [way.hmacKey];
  const program = new Program(PYTHON, ["test/python/pyro/features_server.py", ...args], { env: { ...way.env } });
  const [, location = ""] = await program.printed(/READY (\S+)/);
  return { location, stop: () => program.stop() };
}

function settingsOf(way: Way): { hmacKey?: string; config: Pyro.PyroConfig } {
  return {
    config: Pyro.configFromVariables({ ...way.env }),
    ...(way.hmacKey === undefined ? {} : { hmacKey: way.hmacKey }),
  };
}

async function ourServer(way: Way): Promise<{ location: string; stop(): Promise<unknown> }> {
  const daemon = await startFeatures(settingsOf(way));
  return { location: daemon.location, stop: () => daemon.close(100) };
}

/** The Python client's programs again, with our proxies. */
class OurClient {
  readonly #location: string;
  readonly #way: Way;
  readonly #proxies: { _pyroRelease(): Promise<void> }[] = [];

  constructor(location: string, way: Way) {
    this.#location = location;
    this.#way = way;
  }

  async close(): Promise<void> {
    await Promise.all(this.#proxies.map((proxy) => proxy._pyroRelease()));
  }

  readonly features: Record<Feature, () => Promise<unknown>> = {
    attributes: async () => {
      const p = this.#proxy("thermostat");
      const before = await p.level;
      await p._pyroSetAttribute("level", 25);
      return {
        members: [[...p._pyroMethods].sort(), [...p._pyroAttrs].sort()],
        levels: [before, await p.level],
        refused: (await errorOf(p._pyroSetAttribute("level", 99)))[1],
        "read only": (await errorOf(p._pyroSetAttribute("unit", "F")))[1],
        called: [await p.describe("now "), await p.describe("now ", Pyro.kwargs({ suffix: "?" }))],
        "too few": (await errorOf(p.describe(Pyro.kwargs({}))))[1],
        values: (await p.echo([null, true, 12345678901234567890n, 1.5, "ä€😀", { a: [1] }]) as unknown[]).map((value) =>
          typeof value === "bigint" ? String(value) : value
        ),
      };
    },
    batches: async () => {
      const calls = Pyro.batch(this.#proxy("thermostat"));
      calls.echo(1);
      calls.describe("is ", Pyro.kwargs({ suffix: "." }));
      const first = [...await calls()];
      const trouble = Pyro.batch(this.#proxy("trouble"));
      trouble.divide(6, 3);
      trouble.divide(1, 0);
      trouble.divide(9, 3);
      const results = await trouble();
      const second = [results.next().value, await errorOf(() => results.next())];
      calls.echo("nobody hears this");
      const answer = await calls({ oneway: true }) ?? null;
      calls.echo(2);
      return [first, second, answer, [...await calls()], [...await calls()]];
    },
    exceptions: async () => {
      const p = this.#proxy("trouble");
      const detailed = await p.detailed().then(() => undefined, (error) => error as Pyro.errors.PyroRemoteError);
      const returned = await p.returned() as unknown as Pyro.errors.PyroRemoteError;
      return {
        divide: await errorOf(p.divide(1, 0)),
        "look up": await errorOf(p.look_up("unknown")),
        detailed: [detailed?.args, detailed?.attributes["detail"], detailed?.remoteTraceback?.startsWith("Traceback")],
        own: await errorOf(p.own()),
        returned: `${returned.remoteType.replace("builtins.", "")}('${returned.message}')`,
        "unknown object": (await errorOf(this.#proxy("nothing" as "trouble").own()))[1]?.split("rejected: ").at(-1),
        "unknown member": (await errorOf(Reflect.get(p, "nothing") as Promise<unknown>))[1]
          ?.replace(this.#location, "LOCATION"),
        private: await errorOf(p._pyroInvoke("_hidden")),
        afterwards: await p.divide(7, 2),
      };
    },
    streams: async () => {
      const p = this.#proxy("source");
      const list = async (n: number) => {
        const items: number[] = [];
        for await (const item of await p.count(n)) items.push(item);
        return items;
      };
      const early = await p.count(5);
      const first = (await early.next()).value;
      await early.return();
      const broken = await p.breaking();
      return [await list(3), await list(0), first, (await broken.next()).value, await errorOf(broken.next())];
    },
    instances: async () => {
      const seen: Record<string, number[]> = {};
      for (const mode of ["session", "percall", "single"] as const) {
        const [a, b] = [this.#proxy(mode), this.#proxy(mode)];
        seen[mode] = [await a.incr(), await a.incr(), await b.incr()];
        await Promise.all([a._pyroRelease(), b._pyroRelease()]);
      }
      return seen;
    },
    autoproxy: async () => {
      const p = this.#proxy("factory");
      const item = await p.create("lamp");
      item._pyroHmacKey = this.#way.hmacKey ?? null;
      const isHere = String(item._pyroUri).split("@")[1] === this.#location;
      const name = this.#way.hmacKey === undefined ? await p.name_of(item) : "lamp";
      const seen = [Pyro.isProxy(item) ? "Proxy" : "no proxy", await item.name(), isHere, name];
      await item._pyroRelease();
      return seen;
    },
    callbacks: async () => {
      const heard: string[] = [];
      const listener = Pyro.expose({
        hear: (text: string) => heard.push(text),
        fail: () => {
          throw new Pyro.errors.PyroRemoteError("", { remoteType: "builtins.KeyError", args: ["the listener failed"] });
        },
      }, ["hear", "fail"]);
      const { config } = settingsOf(this.#way);
      const daemon = await Pyro.Daemon.start({ host: "127.0.0.1", config });
      daemon.register(listener);
      const p = this.#proxy("caller");
      const seen = [await p.call_back(listener, 3), heard, await p.call_failing(listener)];
      await daemon.close(100);
      return seen;
    },
    oneways: async () => {
      const p = this.#proxy("background");
      const answer = await p.work("a", 0.2);
      while ((await p.done()).length === 0) await delay(20);
      return [answer, await p.done()];
    },
    timeouts: async () => {
      const p = this.#proxy("background");
      const [name, words] = await errorOf(p._pyroWith({ timeoutMs: 300 }).wait(2));
      return [[name, words?.replace(/ \(.*/, "")], await p.done()];
    },
    annotations: async () => {
      let answered: Pyro.Annotations = new Map();
      const p = this.#proxy("context")._pyroWith({
        correlationId: new Pyro.Uuid("11112222-1111-2222-3333-222244449999"),
        annotations: new Map([["USER", Buffer.from("from the client")]]),
        onAnnotations: (annotations) => answered = annotations,
      });
      const shown = await p.show();
      const texts = [...answered].filter(([id]) => id !== "CORR" && id !== "HMAC").sort();
      return [shown, texts.map(([id, value]) => [id, Buffer.from(value).toString()])];
    },
    keywords: async () => {
      const p = this.#proxy("options");
      return [
        await p.configure("a"),
        await p.configure("a", 2, Pyro.kwargs({ colour: "red", size: 3 })),
        await p.configure(Pyro.kwargs({ depth: [1], level: 5, name: "b", self_: "me" })),
        await p.anything(),
        await p.anything(1, 2, Pyro.kwargs({ three: 3 })),
        await p.anything(Pyro.kwargs({ four: 4 })),
        (await errorOf(p.configure(Pyro.kwargs({ level: 2, size: 1 }))))[1],
        (await errorOf(p.configure("a", Pyro.kwargs({ name: "b" }))))[1],
        (await errorOf(p._pyroInvoke("configure", ["a", 2, 3])))[1],
      ];
    },
    blobs: () => this.#proxy("dispatcher").dispatch(new Pyro.SerializedBlob("about it", [1, "two", [3]])),
    classes: async () => {
      const mirrored = await this.#proxy("geometry").mirror(new Point(1, 2));
      return [mirrored.constructor.name, mirrored.x, mirrored.y];
    },
    handshake: async () => {
      const p = this.#proxy("thermostat");
      p._pyroHandshake = "intruder";
      return (await errorOf(p._pyroBind()))[1]?.split("rejected: ").at(-1);
    },
    futures: async () => {
      const p = this.#proxy("trouble");
      const [good, bad] = [p.divide(8, 2), errorOf(p.divide(1, 0))];
      return [await good, (await bad)[0]];
    },
    pings: async () => {
      const p = this.#proxy("thermostat");
      await p._pyroPing();
      return ["no error", null];
    },
  };

  #proxy<K extends keyof Features>(name: K): Pyro.Proxy<Features[K]> {
    const settings = settingsOf(this.#way);
    const classes = withPoints(new Pyro.ClassRegistry({ proxies: Pyro.proxyCodec({ config: settings.config }) }));
    const proxy = new Pyro.Proxy<Features[K]>(`PYRO:${name}@${this.#location}`, { ...settings, classes });
    this.#proxies.push(proxy);
    return proxy;
  }
}

/** Class and words of the error that comes, by Python's names. */
async function errorOf(attempt: Promise<unknown> | (() => unknown)): Promise<[string, string?]> {
  try {
    await (typeof attempt === "function" ? attempt() : attempt);
    return ["no error"];
  } catch (error) {
    if (error instanceof Pyro.errors.PyroRemoteError) return [error.remoteType.replace("builtins.", ""), error.message];
    return error instanceof Error ? [error.name, error.message] : ["no error", String(error)];
  }
}

const folder = tempDir();
afterAll(() => folder.remove());

function tlsEnv(): Record<string, string> {
  const authority = new Authority(folder.path);
  const { cert, key } = authority.issue("IP:127.0.0.1");
  const file = (name: string, text: string) => {
    writeFileSync(join(folder.path, name), text);
    return join(folder.path, name);
  };
  return {
    PYRO_SSL: "1",
    PYRO_SSL_REQUIRECLIENTCERT: "1",
    PYRO_SSL_CACERTS: file("ca.pem", authority.cert),
    PYRO_SSL_SERVERCERT: file("server.pem", cert),
    PYRO_SSL_SERVERKEY: file("server.key", key),
    PYRO_SSL_CLIENTCERT: file("client.pem", cert),
    PYRO_SSL_CLIENTKEY: file("client.key", key),
  };
}

const WAYS: readonly Way[] = [
  { title: "plainly", env: {} },
  {
    title: "with an HMAC key",
    env: {},
    hmacKey: "a shared sécret",
    without: ["pings", "callbacks"], // Python's own ping forgets the key; callbacks need it on the other side
  },
  {
    title: "compressed, in json",
    env: { PYRO_COMPRESSION: "1", PYRO_SERIALIZER: "json" },
    without: ["exceptions", "blobs"], // they differ, and Python cannot read its own blobs
  },
  { title: "over TLS with certificates on both sides", env: isInstalled("openssl") ? tlsEnv() : {} },
];

describeWithPeers(["python-pyro4", "openssl"], "Everything that Pyro4 can do", () => {
  for (const way of WAYS) {
    const features = FEATURES.filter((feature) => !way.without?.includes(feature));

    describe(way.title, () => {
      describe("works for Python's client and our daemon", () => {
        let seen: Record<string, unknown>;
        beforeAll(async () => {
          const server = await ourServer(way);
          seen = await pythonClient(server.location, way, features).finally(() => server.stop());
        });

        test.each(features)("%s", (feature) => {
          expect(seen[feature]).toEqual(EXPECTED[feature]);
        });
      });

      describe("works for our client and Python's daemon", () => {
        let server: Awaited<ReturnType<typeof pythonServer>>;
        let client: OurClient;
        beforeAll(async () => {
          server = await pythonServer(way);
          client = new OurClient(server.location, way);
        });
        afterAll(async () => {
          await client.close();
          await server.stop();
        });

        test.each(features)("%s", async (feature) => {
          expect(await client.features[feature]()).toEqual(EXPECTED[feature]);
        });
      });
    });
  }

  test("looks the same to Python's client at Python's own daemon", async () => {
    const way: Way = { title: "", env: {} };
    const server = await pythonServer(way);

    const seen = await pythonClient(server.location, way, FEATURES).finally(() => server.stop());

    expect(seen).toEqual(EXPECTED);
  });
});
