import { describe, expect, test } from "vitest";
import { Deferred } from "../../lib/base/deferred.ts";
import {
  connect,
  listen,
  type Supervised,
  Supervisor,
  type SupervisorOptions,
  type SupervisorState,
} from "../../lib/net/mod.ts";
import { eventually } from "../support/eventually.ts";
import { FakeClock, settled } from "../support/fake_clock.ts";

/** A connection that does what the test says. */
class Puppet implements Supervised {
  readonly #closed = new Deferred<Error | undefined>();
  readonly closed = this.#closed.promise;
  readonly calls: string[] = [];

  lose(reason?: Error): void {
    this.#closed.resolve(reason);
  }

  abort(reason?: Error): void {
    this.calls.push("abort");
    this.lose(reason);
  }

  close(): Promise<void> {
    this.calls.push("close");
    this.lose();
    return Promise.resolve();
  }
}

function supervise(options: Partial<SupervisorOptions<Puppet>> = {}) {
  const clock = new FakeClock();
  const states: SupervisorState["kind"][] = [];
  const puppets: Puppet[] = [];
  const supervisor = new Supervisor<Puppet>({
    what: "reach the broker",
    clock,
    connect: () => {
      const puppet = new Puppet();
      puppets.push(puppet);
      return Promise.resolve(puppet);
    },
    onState: ({ kind }) => states.push(kind),
    ...options,
  });
  return { clock, states, puppets, supervisor };
}

const refused = () => Promise.reject(new Error("refused"));

describe("Supervisor", () => {
  test("connects when it is asked for a connection, and counts generations from 1", async () => {
    const { supervisor, states, puppets } = supervise();
    expect([supervisor.state.kind, supervisor.current, supervisor.generation]).toEqual(["idle", undefined, 0]);

    expect(await supervisor.ready()).toBe(puppets[0]);

    expect(states).toEqual(["connecting", "ready"]);
    expect([supervisor.current, supervisor.generation]).toEqual([puppets[0], 1]);
    await supervisor.close();
  });

  test("rebuilds what was lost, under a new generation, after the backoff", async () => {
    const { supervisor, states, puppets, clock } = supervise({ backoff: { startMs: 100 } });
    await supervisor.ready();

    puppets[0]?.lose(new Error("cut"));
    await clock.advance(99);
    expect(supervisor.state).toMatchObject({ kind: "waiting", waitMs: 100, attempt: 1, reason: { message: "cut" } });
    expect(supervisor.current).toBe(undefined);
    await clock.advance(1);

    expect(await supervisor.ready()).toBe(puppets[1]);
    expect(supervisor.generation).toBe(2);
    expect(states).toEqual(["connecting", "ready", "waiting", "connecting", "ready"]);
    await supervisor.close();
  });

  test("waits longer after every failure, and starts over after a success", async () => {
    const waits: number[] = [];
    let failures = 2;
    const { supervisor, puppets, clock } = supervise({
      connect: () => failures-- > 0 ? refused() : Promise.resolve(new Puppet()),
      onState: (state) => state.kind === "waiting" && waits.push(state.waitMs),
    });
    const ready = supervisor.ready();
    await clock.advance(2000 + 4000);
    (await ready).lose();
    await clock.advance(0);

    expect(waits).toEqual([2000, 4000, 2000]);
    expect(puppets).toEqual([]);
    await supervisor.close();
  });

  test("ends a wait early when the probe says that the peer is back, and ends the probe with the wait", async () => {
    const probes: { readonly message: string; readonly isBack: Deferred<void>; readonly signal: AbortSignal }[] = [];
    const { clock, states, supervisor } = supervise({
      connect: refused,
      probe: (reason, signal) => {
        const isBack = new Deferred<void>();
        probes.push({ message: reason.message, isBack, signal });
        return isBack.promise;
      },
    });
    supervisor.start();
    await settled();

    probes[0]?.isBack.resolve();
    await settled();
    expect(states).toEqual(["connecting", "waiting", "connecting", "waiting"]);
    await clock.advance(60_000);

    expect(probes.map(({ message }) => message)).toContain("refused");
    expect(probes[1]?.signal.aborted).toBe(true);
    await supervisor.close();
    expect(probes.every(({ signal }) => signal.aborted)).toBe(true);
    expect(clock.armed).toBe(0);
  });

  test("gives up after as many failures in a row as it was told, with the last reason", async () => {
    const { supervisor, states, clock } = supervise({ connect: refused, maxAttempts: 2 });
    const ready = supervisor.ready();
    const checked = expect(ready).rejects.toThrow("refused");

    await clock.advance(2000);

    await checked;
    expect(states).toEqual(["connecting", "waiting", "connecting", "closed"]);
    await expect(supervisor.ready()).rejects.toThrow("refused");
    expect(clock.armed).toBe(0);
  });

  test("does not retry what no retry will mend", async () => {
    const { supervisor, states } = supervise({
      connect: () => Promise.reject(new Error("wrong password")),
      isFatal: (error) => error.message === "wrong password",
    });

    await expect(supervisor.ready()).rejects.toThrow("wrong password");
    expect(states).toEqual(["connecting", "closed"]);
  });

  test("takes a connection for dead that did nothing for too long, however open it looks", async () => {
    const { supervisor, puppets, clock } = supervise({ livenessMs: 1000, backoff: { startMs: 0 } });
    await supervisor.ready();

    await clock.advance(900);
    supervisor.alive();
    await clock.advance(900);
    expect(supervisor.generation).toBe(1);
    await clock.advance(100);
    await clock.advance(0);

    expect(puppets[0]?.calls).toEqual(["abort"]);
    expect((await puppets[0]?.closed)?.message).toBe("Cannot reach the broker: nothing was heard for 1000 ms");
    expect(supervisor.generation).toBe(2);
    await supervisor.close();
    expect(clock.armed).toBe(0);
  });

  test("tells who waits too long what was waited for", async () => {
    const { supervisor, clock } = supervise({ connect: () => new Promise(() => {}) });
    const checked = expect(supervisor.ready({ timeoutMs: 50 })).rejects.toThrow(
      "Cannot reach the broker: nothing came within 50 ms",
    );

    await clock.advance(50);

    await checked;
  });

  test("ends, with the error, if its owner's callback throws, and drops the connection", async () => {
    const { supervisor, puppets } = supervise({
      onState: ({ kind }) => {
        if (kind === "ready") throw new Error("listener is broken");
      },
    });

    await expect(supervisor.ready()).rejects.toThrow("listener is broken");
    expect(supervisor.state.kind).toBe("closed");
    expect(puppets[0]?.calls).toEqual(["abort"]);
    await supervisor.close();
  });
});

describe("Supervisor.close", () => {
  test("from idle connects to nobody", async () => {
    const { supervisor, states, puppets } = supervise();

    await supervisor.close();

    expect(states).toEqual(["closing", "closed"]);
    expect(puppets).toEqual([]);
    await expect(supervisor.ready()).rejects.toThrow("Cannot reach the broker: it was closed");
  });

  test("while connecting cancels the attempt through its signal", async () => {
    let seen: unknown;
    const { supervisor, states } = supervise({
      connect: (_, signal) =>
        new Promise((_, reject) =>
          signal.addEventListener("abort", () => {
            seen = signal.reason;
            reject(signal.reason);
          })
        ),
    });
    const ready = supervisor.ready();
    ready.catch(() => {});
    await settled();

    await supervisor.close(new Error("going home"));

    expect(seen).toMatchObject({ message: "going home" });
    await expect(ready).rejects.toThrow("going home");
    expect(states).toEqual(["connecting", "closing", "closed"]);
  });

  test("drops a connection that came although the attempt was cancelled", async () => {
    const late = new Deferred<Puppet>();
    const { supervisor, states } = supervise({ connect: () => late.promise });
    supervisor.start();
    const closing = supervisor.close();
    const puppet = new Puppet();

    late.resolve(puppet);
    await closing;

    expect(puppet.calls).toEqual(["abort"]);
    expect(states).toEqual(["connecting", "closing", "closed"]);
  });

  test("while waiting ends the wait and leaves no timer", async () => {
    const { supervisor, states, clock } = supervise({ connect: refused });
    supervisor.start();
    await clock.advance(0);

    await supervisor.close();

    expect(states).toEqual(["connecting", "waiting", "closing", "closed"]);
    expect(clock.armed).toBe(0);
  });

  test("while ready closes the connection in order", async () => {
    const { supervisor, states, puppets } = supervise();
    await supervisor.ready();

    await supervisor.close();

    expect(puppets[0]?.calls).toEqual(["close"]);
    expect(states).toEqual(["connecting", "ready", "closing", "closed"]);
    expect(supervisor.current).toBe(undefined);
  });

  test("drops a connection that fails to close in order", async () => {
    const { supervisor, puppets } = supervise();
    const puppet = await supervisor.ready();
    puppet.close = () => Promise.reject(new Error("cannot"));

    await supervisor.close();

    expect(puppets[0]?.calls).toEqual(["abort"]);
    expect(supervisor.state.kind).toBe("closed");
  });

  test("is harmless twice, at once and later", async () => {
    const { supervisor, states } = supervise();
    await supervisor.ready();

    await Promise.all([supervisor.close(), supervisor.close()]);
    await supervisor.close();

    expect(states.filter((kind) => kind === "closing" || kind === "closed")).toEqual(["closing", "closed"]);
  });
});

describe("Supervisor over a real socket", () => {
  test("comes back when the server does", async () => {
    const hold = (peer: { closed: Promise<unknown> }) => peer.closed.then(() => {});
    let listener = await listen({ host: "127.0.0.1", port: 0 }, hold);
    const { address } = listener;
    const supervisor = new Supervisor({
      what: "reach the test",
      backoff: { startMs: 5, stepMs: 0 },
      connect: async (_, signal) => {
        const connection = await connect(address, { signal });
        connection.read(() => {}).then(() => connection.close(), () => {});
        return connection;
      },
    });
    await supervisor.ready();

    await listener.close();
    await eventually("the loss is seen", () => supervisor.state.kind !== "ready");
    listener = await listen(address, hold);

    await supervisor.ready({ timeoutMs: 5000 });
    expect(supervisor.generation).toBe(2);
    await supervisor.close();
    await listener.close();
  });
});
