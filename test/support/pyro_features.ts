import { delay } from "../../lib/base/time.ts";
import * as Pyro from "../../lib/pyro/mod.ts";

/** The objects of `test/python/pyro/features_server.py`, member by member. */

const { errors } = Pyro;

class Thermostat {
  static exposed = ["level", "unit", "describe", "echo"];
  #level = 20;

  get level(): number {
    return this.#level;
  }

  set level(degrees: number) {
    if (degrees > 30) throw new RangeError(`too hot: ${degrees}`);
    this.#level = degrees;
  }

  get unit(): string {
    return "C";
  }

  describe(prefix: string, suffix = "!"): string {
    return `${prefix}${this.#level} ${this.unit}${suffix}`;
  }

  echo(value: unknown): unknown {
    return value;
  }
}

class Troublemaker {
  static exposed = ["divide", "look_up", "detailed", "own", "returned"];

  divide(a: number, b: number): number {
    if (b !== 0) return Math.floor(a / b);
    throw new errors.PyroRemoteError("integer division or modulo by zero", {
      remoteType: "builtins.ZeroDivisionError",
    });
  }

  look_up(key: string): number {
    if (key === "known") return 1;
    throw new errors.PyroRemoteError(`'${key}'`, { remoteType: "builtins.KeyError", args: [key] });
  }

  detailed(): void {
    throw new errors.PyroRemoteError("", {
      remoteType: "builtins.RuntimeError",
      args: ["detailed", 42],
      attributes: { detail: { code: 7 } },
    });
  }

  own(): void {
    throw new errors.PyroRemoteError("of a class that nobody else knows", { remoteType: "__main__.Broken" });
  }

  returned(): Error {
    return new RangeError("returned, not raised");
  }
}

class Source {
  static exposed = ["count", "breaking"];

  *count(n: number): Generator<number> {
    for (let i = 1; i <= n; i++) yield i;
  }

  async *breaking(): AsyncGenerator<string> {
    yield await Promise.resolve("fine");
    throw new RangeError("the source broke");
  }
}

class SessionCounter {
  static exposed = ["incr"];
  #n = 0;

  incr(): number {
    return ++this.#n;
  }
}

class CallCounter extends SessionCounter {
  static instanceMode = "percall";
}

class SingleCounter extends SessionCounter {
  static instanceMode = "single";
}

class Item {
  static exposed = ["name"];
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  name(): string {
    return this.#name;
  }
}

class Factory {
  static exposed = ["create", "name_of"];
  daemon: Pyro.Daemon | undefined;

  create(name: string): Item {
    const item = new Item(name);
    this.daemon?.register(item);
    return item;
  }

  async name_of(item: Pyro.Proxy<Item>): Promise<string> {
    await using borrowed = item;
    return await borrowed.name();
  }
}

interface Listener {
  hear(text: string): number;
  fail(): void;
}

class Caller {
  static exposed = ["call_back", "call_failing"];

  async call_back(listener: Pyro.Proxy<Listener>, times: number): Promise<number[]> {
    const answers: number[] = [];
    for (let i = 0; i < times; i++) answers.push(await listener.hear(`call ${i}`));
    return answers;
  }

  async call_failing(listener: Pyro.Proxy<Listener>): Promise<string> {
    try {
      await listener.fail();
      return "it did not fail";
    } catch (error) {
      if (!(error instanceof errors.PyroRemoteError)) throw error;
      return `${error.remoteType.replace("builtins.", "")}: ${error.message}`;
    }
  }
}

class Background {
  static exposed = ["work", "done", "wait"];
  static oneway = ["work"];
  readonly #done: unknown[] = [];

  async work(item: unknown, seconds: number): Promise<void> {
    await delay(seconds * 1000);
    this.#done.push(item);
  }

  done(): unknown[] {
    return this.#done;
  }

  async wait(seconds: number): Promise<string> {
    await delay(seconds * 1000);
    return "waited";
  }
}

class Context {
  static exposed = ["show"];

  show(): unknown {
    const context = Pyro.currentContext();
    context?.responseAnnotations.set("RESP", Buffer.from("from the server"));
    const seen = [...context?.annotations ?? []].filter(([id]) => id !== "CORR" && id !== "HMAC");
    return [
      seen.map(([id, value]) => Pyro.Tuple.of(id, Buffer.from(value).toString())),
      context?.correlationId.text,
    ];
  }
}

class Options {
  static exposed = ["configure", "anything"];
  static anyKwargs = ["configure", "anything"];

  configure(name: string, level = 1, options: Record<string, unknown> = {}): unknown {
    return [name, level, sortedItems(options)];
  }

  anything(...args: unknown[]): unknown {
    return [args.slice(0, -1), sortedItems(args.at(-1))];
  }
}

function sortedItems(dict: unknown): unknown[] {
  return Object.entries(dict as Record<string, unknown>).sort().map(([key, value]) =>
    Pyro.Tuple.of<unknown>(key, value)
  );
}

class Dispatcher {
  static exposed = ["dispatch"];

  dispatch(blob: Pyro.SerializedBlob): unknown {
    return [blob.info, blob.deserialized()];
  }
}

export class Point {
  readonly x: number;
  readonly y: number;

  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
}

/** Registers how points travel. */
export function withPoints(classes: Pyro.ClassRegistry): Pyro.ClassRegistry {
  classes.registerClassToDict(Point, ({ x, y }) => ({ __class__: "geometry.Point", x, y }));
  classes.registerDictToClass("geometry.Point", ({ x, y }) => new Point(Number(x), Number(y)));
  return classes;
}

class Geometry {
  static exposed = ["mirror"];

  mirror(point: Point): Point {
    return new Point(point.y, point.x);
  }
}

/** Starts a daemon with all of them. Classes are registered: one such daemon at a time. */
export async function startFeatures(options: Pyro.DaemonOptions = {}): Promise<Pyro.Daemon> {
  const factory = new Factory();
  const daemon = await Pyro.Daemon.start({
    host: "127.0.0.1",
    validateHandshake: (_, data) => {
      if (data === "intruder") throw new RangeError("no entry for intruders");
      return `welcome, ${data}`;
    },
    annotations: () => new Map([["DAEM", Buffer.from("daemon")]]),
    ...options,
  });
  withPoints(daemon.classes);
  factory.daemon = daemon;
  const things = {
    thermostat: new Thermostat(),
    trouble: new Troublemaker(),
    source: new Source(),
    session: SessionCounter,
    percall: CallCounter,
    single: SingleCounter,
    factory,
    caller: new Caller(),
    background: new Background(),
    context: new Context(),
    options: new Options(),
    dispatcher: new Dispatcher(),
    geometry: new Geometry(),
  };
  for (const [name, thing] of Object.entries(things)) daemon.register(thing, name);
  return daemon;
}

/** The interfaces by which a client knows them. */
export interface Features {
  thermostat: Thermostat;
  trouble: Troublemaker;
  source: Source;
  session: SessionCounter;
  percall: SessionCounter;
  single: SessionCounter;
  factory: { create(name: string): Pyro.Proxy<Item>; name_of(item: unknown): string };
  caller: { call_back(listener: unknown, times: number): number[]; call_failing(listener: unknown): string };
  background: Background;
  context: Context;
  options: Options;
  dispatcher: { dispatch(blob: unknown): unknown };
  geometry: Geometry;
}
