import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { configFromVariables } from "../../../lib/pyro/config.ts";
import * as Pyro from "../../../lib/pyro/mod.ts";
import { CapturedDaemon } from "../../support/captured_daemon.ts";
import { type CONVERSATIONS, scenario } from "../../support/pyro_fixtures.ts";
import { plain } from "../../support/pyro_plain.ts";

const { batch, kwargs, Tuple } = Pyro;
const CORRELATION = new Pyro.Uuid("11112222-1111-2222-3333-222244449999");

/** The members of the captured objects that the clients below use. */
interface Captured {
  value: unknown;
  ro: unknown;
  plainattr: unknown;
  zip: unknown;
  add(a: number, b: number): number;
  echo(x: unknown): unknown;
  kw(a: unknown, ...rest: unknown[]): unknown;
  nothing(): unknown;
  types(): Record<string, unknown>;
  big(n: number): string;
  get(): unknown;
  fire(x: unknown): void;
  fire_fail(): void;
  fail(): void;
  nosuch(): void;
  gen(n: number): Generator<number>;
  it(): Generator<number>;
  gen_fail(): Generator<number>;
  anno(): string[];
  corr(): string;
  visible(): string;
  hidden(): string;
  registered(): string[];
  ping(): void;
  info(): string;
  get_metadata(id: string): unknown;
  __len__(): number;
  __dunder__(): string;
}

/** A client's program, in the words of this library. What it returns was observed by Python's client as well. */
type Client = (proxy: Pyro.Proxy<Captured>) => Promise<unknown>;

interface Case {
  readonly file: (typeof CONVERSATIONS)[number];
  readonly name: string;
  readonly object?: string;
  readonly options?: Pyro.ProxyOptions;
  /** Messages of the capture to play; default: all. */
  readonly upTo?: number;
  readonly client: Client;
  readonly observed: unknown;
}

/** The words of the error that `promise` is rejected with, ports masked. */
const words = (promise: Promise<unknown>) =>
  promise.then(
    () => "nothing was thrown",
    (error) => String(error instanceof Error ? error.message : error).replace(/(127\.0\.0\.1(?:', |:))\d+/, "$1PORT"),
  );
const list = async (stream: unknown) => {
  const items: unknown[] = [];
  for await (const item of await stream as AsyncIterable<unknown>) items.push(item);
  return items;
};

const CASES: readonly Case[] = [
  {
    file: "handshake",
    name: "connect-serpent",
    client: async (
      p,
    ) => [await p._pyroBind(), [...p._pyroOneway].sort(), [...p._pyroAttrs].sort(), p._pyroMethods.size],
    observed: [true, ["fire", "fire_fail"], ["ro", "value"], 38],
  },
  { file: "handshake", name: "connect-json", client: (p) => p._pyroBind(), observed: true },
  {
    file: "handshake",
    name: "connect-no-metadata",
    client: async (p) => [await p._pyroBind(), await p.add(1, 2)],
    observed: [true, 3],
  },
  {
    file: "handshake",
    name: "connect-get-metadata-call",
    object: "Pyro.Daemon",
    client: async (p) => [
      (await p.registered()).length,
      await p.ping(),
      (await p.info()).slice(0, 20),
      plain(await p.get_metadata("obj.partial")),
      await p.get_metadata("obj.partial", kwargs({ as_lists: true })),
      await words(p.get_metadata("nope")),
    ],
    observed: [
      9,
      null,
      "Pyro.Daemon bound on",
      {
        methods: { set: ["visible"] },
        oneway: [],
        attrs: [],
      },
      { methods: ["visible"], oneway: [], attrs: [] },
      "unknown object",
    ],
  },
  {
    file: "handshake",
    name: "custom-handshake-accepted",
    options: { handshake: "secret", validateHandshake: (response) => expect(response).toEqual(["welcome", 1]) },
    client: (p) => p._pyroBind(),
    observed: true,
  },
  {
    file: "handshake",
    name: "custom-handshake-denied",
    client: (p) => words(p._pyroBind()),
    observed: "connection to ('127.0.0.1', PORT) rejected: wrong handshake value",
  },
  {
    file: "handshake",
    name: "unknown-object",
    object: "no.such",
    client: (p) => words(p._pyroBind()),
    observed: "connection to ('127.0.0.1', PORT) rejected: unknown object",
  },
  {
    file: "handshake",
    name: "nothing-exposed",
    object: "obj.nothing",
    client: (p) => words(p._pyroBind()),
    observed: "remote object doesn't expose any methods or attributes. Did you forget setting @expose on them?",
  },
  {
    file: "handshake",
    name: "partial-exposed",
    object: "obj.partial",
    client: async (p) => [
      await p.visible(),
      await words(p.hidden()),
      await words(p._pyroSetAttribute("plainattr", 1)),
    ],
    observed: [
      "visible",
      "remote object 'PYRO:obj.partial@127.0.0.1:PORT' has no exposed attribute or method 'hidden'",
      "remote object 'PYRO:obj.partial@127.0.0.1:PORT' has no exposed attribute 'plainattr'",
    ],
  },
  {
    file: "handshake",
    name: "reconnect-seq",
    client: async (p) => {
      const first = await p.add(1, 2);
      await p._pyroRelease();
      return [first, await p.add(3, 4), p._pyroSeq];
    },
    observed: [3, 7, 2],
  },
  ...(["serpent", "json"] as const).map((serializer): Case => ({
    file: "invoke",
    name: `calls-${serializer}`,
    client: async (p) => [
      await p.add(1, 2),
      await p.echo("café 😀 'q' \"d\" \n"),
      plain(await p.echo([1, 2.5, null, true, { a: [1, Tuple.of(2, 3)] }])),
      plain(await p.kw(1, kwargs({ b: 5, c: "x" }))),
      plain(await p.kw(1, 2, 3, 4, kwargs({ z: 0 }))),
      await p.nothing(),
      (await p.types())["big"],
      await p.__dunder__(),
    ],
    observed: [
      3,
      "café 😀 'q' \"d\" \n",
      [1, 2.5, null, true, { a: [1, serializer === "serpent" ? { tuple: [2, 3] } : [2, 3]] }],
      [1, 5, [], [serializer === "serpent" ? { tuple: ["c", "x"] } : ["c", "x"]]],
      [1, 2, [3, 4], [serializer === "serpent" ? { tuple: ["z", 0] } : ["z", 0]]],
      null,
      2n ** 70n,
      "dunder ok",
    ],
  })),
  {
    file: "oneway",
    name: "oneway-serpent",
    client: async (p) => [await p.fire(99), await p.fire_fail(), await p.get()],
    observed: [null, null, 99],
  },
  ...(["serpent", "json"] as const).map((serializer): Case => ({
    file: "batch",
    name: `batch-${serializer}`,
    upTo: 13,
    client: async (p) => {
      const calls = batch(p);
      calls.add(1, 2);
      calls.echo("x");
      calls.kw(1, kwargs({ b: 3 }));
      const first = [...await calls()];
      calls.add(1, 2);
      calls.fail();
      calls.add(3, 4);
      const second: unknown[] = [];
      const failure = await words((async () => {
        for (const result of await calls()) second.push(result);
      })());
      calls.fire(7);
      calls.add(1, 1);
      const third = await calls({ oneway: true });
      const fourth = await p.get();
      calls.nosuch();
      calls.add(1, 1);
      const fifth = await words(calls());
      return [first, second, failure, third, fourth, fifth, [...await calls()]];
    },
    observed: [
      [3, "x", [1, 3, [], []]],
      [3],
      "integer division or modulo by zero",
      undefined,
      7,
      "'Thing' object has no attribute 'nosuch'",
      [],
    ],
  })),
  ...(["serpent", "json"] as const).map((serializer): Case => ({
    file: "stream",
    name: `stream-${serializer}`,
    upTo: 37,
    client: async (p) => {
      const all = [await list(p.gen(3)), await list(p.gen(0)), await list(p.it())];
      const failure = await words(list(p.gen_fail()));
      const early: unknown[] = [];
      for await (const item of await p.gen(5)) if (early.push(item) === 2) break;
      return [all, failure, early];
    },
    observed: [[[0, 1, 4], [], [10, 20]], "generator failed", [0, 1]],
  })),
  {
    file: "stream",
    name: "stream-disabled",
    client: async (p) => [await words(p.gen(3)), await p.add(1, 1)],
    observed: ["result of call is an iterator, but the server is not configured to allow streaming", 2],
  },
  {
    file: "stream",
    name: "stream-reconnect-linger",
    client: async (p) => {
      const stream = await p.gen(5);
      const first = await stream.next();
      await p._pyroRelease();
      const closed = await words(stream.next());
      await p._pyroReconnect();
      return [first.value, closed, (await stream.next()).value];
    },
    observed: [0, "the proxy for this stream result has been closed", 1],
  },
  ...(["serpent", "json"] as const).map((serializer): Case => ({
    file: "attribute",
    name: `attributes-${serializer}`,
    client: async (p) => [
      await p.value,
      await p._pyroSetAttribute("value", 77),
      await p.value,
      await p.ro,
      await words(p._pyroSetAttribute("ro", 1)),
      await words(p._pyroSetAttribute("zip", 1)),
      await p.__len__(),
    ],
    observed: [
      42,
      undefined,
      77,
      "readonly",
      "attempt to access unexposed or unknown remote attribute 'ro'",
      "remote object 'PYRO:obj.thing@127.0.0.1:PORT' has no exposed attribute 'zip'",
      3,
    ],
  })),
  ...(["serpent", "json"] as const).map((serializer): Case => ({
    file: "hmac",
    name: `keyed-${serializer}`,
    options: { hmacKey: "s3cr3t-kéy" },
    client: async (proxy) => {
      const p = proxy._pyroWith({ correlationId: CORRELATION });
      const annotated = p._pyroWith({
        annotations: new Map([["ZZZZ", Buffer.from("last")], ["AAAA", Buffer.from("first")]]),
      });
      const results = [
        await p.add(1, 2),
        await annotated.anno(),
        await words(p.fail()),
        await p.fire(1),
      ];
      // Fetching the items is done by the stream, with the proxy's own options: the capture goes on without them.
      return results;
    },
    upTo: 9,
    observed: [3, ["AAAA=first", "ZZZZ=last"], "integer division or modulo by zero", null],
  })),
  {
    file: "hmac",
    name: "client-without-key",
    client: (p) => words(p._pyroBind()),
    observed: "cannot connect to ('127.0.0.1', PORT): hmac key config not symmetric",
  },
  {
    file: "hmac",
    name: "server-without-key",
    options: { hmacKey: "other" },
    client: (p) => words(p._pyroBind()),
    observed: "cannot connect to ('127.0.0.1', PORT): hmac key config not symmetric",
  },
  {
    file: "context",
    name: "annotations",
    client: async (proxy) => {
      const answers: string[][] = [];
      const p = proxy._pyroWith({
        correlationId: CORRELATION,
        onAnnotations: (annotations) => answers.push([...annotations.keys()]),
      });
      const annotations = new Map([["XREQ", Buffer.from("request-annotation")]]);
      return [
        await p._pyroWith({ annotations }).anno(),
        await p.corr(),
        await words(p.fail()),
        answers,
      ];
    },
    observed: [
      ["XREQ=request-annotation"],
      "11112222-1111-2222-3333-222244449999",
      "integer division or modulo by zero",
      [["XRES", "CORR", "DANN"], ["CORR", "DANN"], ["DANN"]],
    ],
  },
  {
    file: "context",
    name: "ping",
    client: async (p) => {
      await p._pyroBind();
      return [await p._pyroPing(), await p.add(1, 1)];
    },
    observed: [undefined, 2],
  },
  {
    file: "objects",
    name: "proxy-argument",
    upTo: 6,
    client: async (p) => {
      const other = new Pyro.Proxy("PYRO:other@127.0.0.1:7798");
      return [String((await p.echo(other) as Pyro.Proxy)._pyroUri), String(await p.echo(other._pyroUri))];
    },
    observed: ["PYRO:other@127.0.0.1:7798", "PYRO:other@127.0.0.1:7798"],
  },
  {
    file: "limits",
    name: "client-max-request",
    client: async (p) => {
      await p._pyroBind();
      return [await words(p.echo("x".repeat(3000))), p._pyroConnected];
    },
    observed: ["max message size exceeded (3055 where max=1200)", true],
  },
  {
    file: "limits",
    name: "client-max-response",
    client: async (p) => [await words(p.big(3000)), p._pyroConnected],
    observed: ["max message size exceeded (3050 where max=1200)", false],
  },
];

describe("Proxy", () => {
  test.each(CASES.map((each) => [`${each.file} ${each.name}`, each] as const))(
    "says to the byte what Python's proxy said, and hears what it heard: %s",
    async (_title, { file, name, object = "obj.thing", options, upTo, client, observed }) => {
      const captured = scenario(file, name);
      const daemon = await CapturedDaemon.start(captured, upTo);
      const config = configFromVariables({ ...captured.clientEnv });
      const proxy = new Pyro.Proxy<Captured>(daemon.uri(object), { config, ...options });

      const seen = await client(proxy);

      expect(daemon.differences).toEqual([]);
      expect(seen).toEqual(observed);
      await proxy._pyroRelease();
      await daemon.close();
    },
  );
});
