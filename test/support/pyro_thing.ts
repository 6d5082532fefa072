import { delay } from "../../lib/base/time.ts";
import { PyDate, PyDateTime, PyTime } from "../../lib/base/pyvalue.ts";
import * as Pyro from "../../lib/pyro/mod.ts";

/** The objects that the captured Python daemon has served, member by member. Seconds are tenths here. */

const { errors } = Pyro;
const TENTH_MS = 100;

function pythonError(remoteType: string, ...args: unknown[]): Error {
  return new errors.PyroRemoteError(String(args[0] ?? ""), { remoteType, args });
}

export class Child {
  static exposed = ["hi"];

  hi(): string {
    return "hi from child";
  }
}

export class Thing {
  #value: unknown = 42;
  readonly #daemon: Pyro.Daemon;
  #child: Child | undefined;

  constructor(daemon: Pyro.Daemon) {
    this.#daemon = daemon;
  }

  get value(): unknown {
    return this.#value;
  }

  set value(value: unknown) {
    this.#value = value;
  }

  get ro(): string {
    return "readonly";
  }

  add(a: number, b: number): number {
    return a + b;
  }

  echo(x: unknown): unknown {
    return x;
  }

  kw(a: unknown, b: unknown = 2, ...args: unknown[]): unknown {
    const named = Object.entries(args.pop() as Record<string, unknown>).sort();
    return [a, b, args, named.map(([key, value]) => Pyro.Tuple.of<unknown>(key, value))];
  }

  get(): unknown {
    return this.#value;
  }

  nothing(): void {}

  big(n: number): string {
    return "x".repeat(n);
  }

  async sleep(seconds: number): Promise<number> {
    await delay(seconds * TENTH_MS);
    return seconds;
  }

  types(): unknown {
    return {
      i: 1,
      big: 2n ** 70n,
      f: 1.5,
      s: "café 😀",
      n: null,
      t: true,
      tup: Pyro.Tuple.of(1, 2),
      set: new Set([3]),
      list: [1, [2, [3]]],
    };
  }

  when(): unknown {
    return [
      new PyDateTime(new PyDate(2024, 2, 29), new PyTime(12, 30, 1, 5)),
      new PyDate(2024, 1, 1),
      new Pyro.Decimal("1.10"),
      new Pyro.Uuid("00000000-0000-0000-0000-000000000005"),
      new TextEncoder().encode("bytes"),
    ];
  }

  fail(): void {
    throw pythonError("builtins.ZeroDivisionError", "integer division or modulo by zero");
  }

  fail_attrs(): void {
    throw new errors.PyroRemoteError("", {
      remoteType: "builtins.ValueError",
      args: ["with attributes", 42],
      attributes: { code: 7, info: { k: [1, 2] } },
    });
  }

  fail_key(): void {
    throw pythonError("builtins.KeyError", "nokey");
  }

  fail_custom(): void {
    throw pythonError("mymod.MyErr", "custom exception class");
  }

  fail_main(): void {
    throw pythonError("__main__.MainErr", "exception class defined in __main__");
  }

  fail_sqlite(): void {
    throw pythonError("sqlite3.OperationalError", "no such table: x");
  }

  fail_naming(): void {
    throw new errors.NamingError("a naming error");
  }

  fail_comm(): void {
    throw new errors.CommunicationError("user raised comm error");
  }

  fail_security(): void {
    throw new errors.SecurityError("user raised security error");
  }

  fail_serialize(): void {
    throw new errors.SerializeError("user raised serialize error");
  }

  fail_callback(): void {
    throw new RangeError("raised in a callback method");
  }

  fail_stop(): void {
    throw pythonError("builtins.StopIteration", "stop");
  }

  fail_unser(): void {
    throw Object.assign(new Error("unserializable"), { lock: new WeakRef(this) });
  }

  ret_exc(): Error {
    return new RangeError("returned, not raised");
  }

  unser(): unknown {
    return () => {};
  }

  fire(value: unknown): void {
    this.#value = value;
  }

  fire_fail(): void {
    throw new Error("nobody hears this");
  }

  async slowfire(seconds: number): Promise<void> {
    await delay(seconds * TENTH_MS);
    this.#value = "slow done";
  }

  *gen(n: number): Generator<number> {
    for (let i = 0; i < n; i++) yield i * i;
  }

  it(): Iterator<number> {
    return [10, 20][Symbol.iterator]();
  }

  *gen_fail(): Generator<number> {
    yield 1;
    throw new RangeError("generator failed");
  }

  dictiter(): Iterator<string> {
    return new Map([["a", 1]]).keys();
  }

  keysview(): string[] {
    return ["a"];
  }

  anno(): string[] {
    const context = Pyro.currentContext();
    context?.responseAnnotations.set("XRES", new TextEncoder().encode("response-annotation"));
    return [...context?.annotations ?? []].filter(([id]) => id !== "CORR" && id !== "HMAC").map(([id, value]) =>
      `${id}=${new TextDecoder().decode(value)}`
    ).sort();
  }

  corr(): string | undefined {
    return Pyro.currentContext()?.correlationId.text;
  }

  child(): Child {
    if (this.#child === undefined) this.#daemon.register(this.#child = new Child(), "obj.child");
    return this.#child;
  }

  uri(): Pyro.Uri {
    return this.#daemon.uriFor("obj.thing");
  }

  __len__(): number {
    return 3;
  }

  __dunder__(): string {
    return "dunder ok";
  }

  _private(): string {
    return "out of reach";
  }
}

Pyro.expose(Thing, undefined, { anyKwargs: ["kw"] });
Pyro.oneway(Thing, ["fire", "fire_fail", "slowfire"]);
Pyro.callback(Thing, ["fail_callback"]);

/** One exposed method; the rest is out of reach. */
export class Partial {
  static exposed = ["visible"];
  plainattr = 1;

  visible(): string {
    return "visible";
  }

  hidden(): string {
    return "hidden";
  }

  get hiddenprop(): number {
    return 1;
  }
}

export class Nothing {
  m(): number {
    return 1;
  }
}

export class Session {
  static exposed = ["incr"];
  #n = 0;

  incr(): number {
    return ++this.#n;
  }
}

export class PerCall extends Session {
  static instanceMode = "percall";
}

export class Single extends Session {
  static instanceMode = "single";
}

export class BadInit {
  static exposed = ["m"];

  constructor() {
    throw new TypeError("BadInit.__init__() missing 1 required positional argument: 'x'");
  }

  m(): number {
    return 1;
  }
}

export class Blobs {
  static exposed = ["process"];

  process(blob: Pyro.SerializedBlob): unknown {
    return [blob.info, `[${blob.deserialized().map((x) => typeof x === "string" ? `'${x}'` : x).join(", ")}]`];
  }
}

/** Starts a daemon with all of them, as the captured one had them. Classes are registered: one such daemon at a time. */
export async function startThings(options: Pyro.DaemonOptions = {}): Promise<Pyro.Daemon> {
  const daemon = await Pyro.Daemon.start({ host: "127.0.0.1", keepFloats: true, ...options });
  daemon.register(new Thing(daemon), "obj.thing");
  daemon.register(new Partial(), "obj.partial");
  daemon.register(new Nothing(), "obj.nothing");
  daemon.register(Session, "obj.session");
  daemon.register(PerCall, "obj.percall");
  daemon.register(Single, "obj.single");
  daemon.register(BadInit, "obj.badinit");
  daemon.register(new Blobs(), "obj.blob");
  return daemon;
}
