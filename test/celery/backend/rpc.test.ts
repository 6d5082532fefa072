import { Buffer } from "node:buffer";
import { describe, expect, onTestFinished, test } from "vitest";
import { silentLogger } from "../../../lib/base/log.ts";
import { Deferred } from "../../../lib/base/deferred.ts";
import { RpcBackend } from "../../../lib/celery/backend/rpc.ts";
import { RpcResults } from "../../../lib/celery/backend/rpc_results.ts";
import type { ResultMeta } from "../../../lib/celery/backend/backend.ts";
import { compress } from "../../../lib/celery/compression.ts";
import { createConfig } from "../../../lib/celery/config.ts";
import { resultCodec } from "../../../lib/celery/connection_options.ts";
import { MemoryBroker } from "../../../lib/celery/transport/memory_broker.ts";
import { MemoryTransport } from "../../../lib/celery/transport/memory.ts";
import type { ConsumeOptions, Queue, Transport } from "../../../lib/celery/transport/transport.ts";
import { ContentDisallowed } from "../../../lib/celery/wire/errors.ts";
import type { Message } from "../../../lib/celery/wire/message.ts";
import { SerializerRegistry } from "../../../lib/celery/wire/serializer.ts";
import { capturedCases, named } from "../../support/amqp_frames.ts";
import { eventually } from "../../support/eventually.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const conf = createConfig();
conf.update({ resultAcceptContent: ["json", "msgpack"] });
const codec = resultCodec(conf, new SerializerRegistry());

function backendOn(
  transport: Transport,
  clock = new FakeClock(),
  next: () => Promise<Transport> = () => Promise.resolve(transport),
): RpcBackend {
  const backend = new RpcBackend({
    url: "rpc://",
    codec,
    expiresSeconds: 86_400,
    transportOptions: {},
    ssl: false,
    connectTimeoutMs: 1000,
    silenceMs: 0,
    retry: { always: false, maxRetries: 0, baseMs: 1, maxMs: 1 },
    replyTo: "oid",
    persistent: false,
    transport: next,
    background: true,
    log: silentLogger,
  }, clock);
  onTestFinished(() => backend.close());
  return backend;
}

const meta = (taskId: string, status: string, result: unknown = null): ResultMeta => ({
  taskId,
  status,
  result,
  traceback: null,
  children: [],
  dateDone: null,
});
const request = (id: string, replyTo: string | undefined = "oid") => ({
  id,
  replyTo,
  correlationId: id,
  group: undefined,
  groupIndex: undefined,
});

describe("RpcBackend", () => {
  test("sends results as a Python worker does", async () => {
    const sent: { message: Message; route: unknown }[] = [];
    const transport = new MemoryTransport();
    transport.publish = (message, route) => {
      sent.push({ message, route });
      return Promise.resolve();
    };
    const frames = capturedCases("amqp-worker-5.6").get("client_add_and_get") ?? [];
    const at = frames.findIndex(({ method, conn }) => method === "basic.publish" && conn === 6);
    const taskId = String(frames[at + 1]?.properties?.correlation_id);

    await backendOn(transport).store(meta(taskId, "SUCCESS", 5), request(taskId));

    expect(sent[0]?.route).toEqual({
      exchange: "",
      exchangeType: "direct",
      routingKey: "oid",
      unreadMs: 86_400_000,
    });
    const { headers, properties, contentType, contentEncoding, body } = sent[0]?.message ?? fail();
    expect({ headers, contentType, contentEncoding, ...properties }).toEqual(
      named("header", frames[at + 1]?.properties),
    );
    expect(JSON.parse(Buffer.from(body).toString())).toEqual({
      task_id: taskId,
      status: "SUCCESS",
      result: 5,
      traceback: null,
      children: [],
    });
  });

  test("declares the reply queue with Python's flags, once, and again before it expires unused", async () => {
    const declared: Queue[] = [];
    const transport = new MemoryTransport();
    transport.declareQueue = (queue) => {
      declared.push(queue);
      return Promise.resolve();
    };
    const clock = new FakeClock();
    const backend = backendOn(transport, clock);

    await Promise.all([backend.expect(["a"]), backend.expect(["b"])]);
    await clock.advance(43_000_000);
    await backend.expect(["c"]);
    expect(declared).toHaveLength(1);
    await clock.advance(1_000_000);
    await backend.expect(["d"]);

    expect(declared).toHaveLength(2);
    expect(declared[0]).toMatchObject({
      name: "oid",
      durable: false,
      exclusive: false,
      autoDelete: true,
      arguments: { "x-expires": 86_400_000 },
    });
  });

  test("gives a result that lay in the queue before anybody asked", async () => {
    const backend = backendOn(new MemoryTransport());
    await backend.expect(["t"]);
    await backend.store(meta("t", "STARTED"), request("t"));
    await backend.store(meta("t", "SUCCESS", 5), request("t"));

    expect(await backend.get("t")).toMatchObject({ status: "SUCCESS", result: 5 });
    expect(await backend.getMany(["t", "unknown"])).toMatchObject([{ status: "SUCCESS" }, undefined]);
    await backend.forget("t");
    expect(await backend.get("t")).toBeUndefined();
  });

  test("tells watchers every state, the present one first", async () => {
    const backend = backendOn(new MemoryTransport());
    await backend.store(meta("t", "STARTED"), request("t"));
    await backend.get("t");
    const states: string[] = [];
    const watcher = backend.watch("t", ({ status }) => states.push(status));

    await backend.store(meta("t", "SUCCESS"), request("t"));
    await eventually("both are told", () => states.length === 2);
    watcher.close();
    await backend.store(meta("t", "FAILURE"), request("t"));
    await backend.get("t");

    expect(states).toEqual(["STARTED", "SUCCESS"]);
  });

  test("sends nothing where the request names no queue", async () => {
    const transport = new MemoryTransport();
    transport.publish = () => Promise.reject(new Error("published"));

    expect(await backendOn(transport).store(meta("t", "SUCCESS"), { ...request("t"), replyTo: "" })).toBe(true);
  });

  test("reads results of every type that is accepted, compressed ones too, and tells the watcher of one that it may not read", async () => {
    const transport = new MemoryTransport();
    const backend = backendOn(transport);
    const route = { exchange: "", exchangeType: "direct", routingKey: "oid" } as const;
    const results = new Deferred<ResultMeta>();
    const refused = backend.watch("bad", () => {});
    backend.watch("good", (found) => results.resolve(found));
    const packed = new Deferred<ResultMeta>();
    backend.watch("packed", (found) => packed.resolve(found));
    const { body, contentType } = compress(codec.encode({ status: "SUCCESS", result: "x".repeat(100) }), "gzip");
    const message = (correlationId: string, more: Partial<Message>): Message => ({
      headers: {},
      properties: { correlationId },
      contentType: "application/json",
      contentEncoding: "utf-8",
      body,
      ...more,
    });

    await backend.ready();
    await transport.declareQueue({
      name: "oid",
      exchange: { name: "", type: "direct", durable: true, autoDelete: false },
      routingKey: "oid",
      durable: false,
      exclusive: false,
      autoDelete: true,
      arguments: {},
    });
    await transport.publish(message("bad", { contentType: "application/x-python-serialize" }), route);
    await transport.publish(
      message("packed", new SerializerRegistry().encode({ status: "SUCCESS", result: Uint8Array.of(1) }, "msgpack")),
      route,
    );
    await transport.publish(message("good", { headers: { compression: contentType } }), route);

    await expect(refused.failed).rejects.toThrow(
      new ContentDisallowed(
        "Refusing to deserialize untrusted content of type pickle (application/x-python-serialize)",
      ),
    );
    expect(await packed.promise).toMatchObject({ taskId: "packed", result: Uint8Array.of(1) });
    expect(await results.promise).toMatchObject({ taskId: "good", result: "x".repeat(100) });
  });

  test("refuses chords, groups, and brokers without reply queues, in clear sentences", async () => {
    const transport = new MemoryTransport();
    const backend = backendOn(transport);

    expect(backend.noChordReason).toContain('The "rpc" result backend does not support chords!');
    await expect(backend.setChordSize()).rejects.toThrow("Cannot start a chord");
    await expect(backend.saveGroup()).rejects.toThrow("keeps no groups");
    Object.assign(transport.capabilities, { rpc: false });
    await expect(backendOn(transport).ready()).rejects.toThrow(
      "Cannot use rpc:// results: the broker at memory://localhost// has no reply queues",
    );
  });

  test("fails its watchers when it is closed", async () => {
    const backend = backendOn(new MemoryTransport());
    const watcher = backend.watch("t", () => {});

    await backend.close();

    await expect(watcher.failed).rejects.toThrow("the rpc backend was closed");
  });

  test("tells its watchers when the transport gives up, and goes on over the next one", async () => {
    const broker = new MemoryBroker();
    const transports = [new MemoryTransport(broker), new MemoryTransport(broker)];
    const [first = new MemoryTransport()] = transports;
    const backend = backendOn(
      first,
      new FakeClock(),
      () => Promise.resolve(transports.find(({ state }) => state.kind === "ready") ?? first),
    );
    await backend.get("t");
    const watcher = backend.watch("t", () => {});

    await first.close();

    await expect(watcher.failed).rejects.toThrow("the broker connection was closed");
    await backend.store(meta("t", "SUCCESS", 5), request("t"));
    expect(await backend.get("t")).toMatchObject({ status: "SUCCESS", result: 5 });
  });

  test("tells its watchers when the reply queue went with its connection, and waits for nothing that was in it", async () => {
    const transport = new MemoryTransport();
    const consumed: ConsumeOptions[] = [];
    const consume = transport.consume.bind(transport);
    transport.consume = (options) => {
      consumed.push(options);
      return consume(options);
    };
    transport.publish = async () => {}; // lost
    const backend = backendOn(transport);
    const watcher = backend.watch("t", () => {});
    const looked = backend.get("t");
    await eventually("it consumes", () => consumed.length === 1);

    consumed[0]?.onInterrupted?.(new Error("cut"));

    await expect(watcher.failed).rejects.toThrow("call get() again to go on waiting (cut)");
    expect(await looked).toBeUndefined();
  });
});

describe("RpcResults", () => {
  test("keeps the last state, but not one that comes behind the end", () => {
    const results = new RpcResults();

    expect(results.keep("t", meta("t", "SUCCESS"), 1)).toBe(true);
    expect(results.keep("t", meta("t", "STARTED"), 1)).toBe(false);
    expect(results.get("t")?.status).toBe("SUCCESS");
  });

  test("lets the oldest go beyond its limits in number and bytes", () => {
    const results = new RpcResults({ maxResults: 3, maxBytes: 100 });
    for (const id of ["a", "b", "c", "d"]) results.keep(id, meta(id, "SUCCESS"), 10);
    expect([results.size, results.get("a")]).toEqual([3, undefined]);

    results.keep("large", meta("large", "SUCCESS"), 95);
    expect(results.size).toBe(1);
  });
});

function fail(): never {
  throw new Error("nothing was sent");
}
