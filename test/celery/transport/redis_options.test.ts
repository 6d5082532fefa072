import { describe, expect, test } from "vitest";
import { silentLogger } from "../../../lib/base/log.ts";
import { readRedisOptions } from "../../../lib/celery/transport/redis_options.ts";
import type { TransportOptions } from "../../../lib/celery/transport/options.ts";

function read(url: string, transportOptions: Record<string, unknown> = {}, more: Partial<TransportOptions> = {}) {
  return readRedisOptions({
    urls: [url],
    transportOptions,
    ssl: false,
    connectTimeoutMs: 4000,
    maxAttempts: 0,
    backoff: {},
    heartbeatSeconds: 0,
    loginMethod: null,
    background: false,
    log: silentLogger,
    ...more,
  });
}

describe("readRedisOptions", () => {
  test("has kombu's defaults", () => {
    const { keys, ...settings } = read("redis://localhost:6379/3");

    expect(settings).toMatchObject({
      uri: "redis://localhost:6379/3",
      visibilityMs: 3_600_000,
      mutexMs: 300_000,
      queueOrder: "round_robin",
      ackEmulation: true,
    });
    expect(keys.lists("q")).toEqual(["q", "q\x06\x163", "q\x06\x166", "q\x06\x169"]);
    expect(keys.fanoutChannel("celery.pidbox", "")).toBe("/3.celery.pidbox");
  });

  test("takes every option under kombu's name", () => {
    const { keys, redis, ...settings } = read("redis://h/1", {
      ...{
        sep: ":",
        priority_steps: [5, 0],
        global_keyprefix: "pfx:",
        fanout_prefix: "/{db}/x.",
        fanout_patterns: false,
      },
      ...{ unacked_key: "u", unacked_index_key: "ui", unacked_mutex_key: "um", unacked_mutex_expire: 10 },
      ...{ visibility_timeout: 0.5, queue_order_strategy: "sorted", ack_emulation: false, unacked_restore_limit: 7 },
      ...{ socket_timeout: 2, socket_connect_timeout: 3, health_check_interval: 1, client_name: "celery" },
      ...{ master_name: "m", sentinel_kwargs: { password: "s" } },
    });

    expect(keys.lists("q")).toEqual(["pfx:q", "pfx:q:5"]);
    expect(keys.fanoutChannel("ex", "key")).toBe("pfx:/1/x.ex");
    expect([keys.unacked, keys.unackedIndex, keys.unackedMutex]).toEqual(["pfx:u", "pfx:ui", "pfx:um"]);
    expect(settings).toMatchObject({ visibilityMs: 500, mutexMs: 10_000, queueOrder: "sorted", restoreLimit: 7 });
    expect(settings.ackEmulation).toBe(false);
    expect(redis).toMatchObject({ silenceMs: 2000, connectTimeoutMs: 3000, heartbeatMs: 1000, clientName: "celery" });
    expect(redis.sentinel).toEqual({ masterName: "m", password: "s" });
  });

  test("takes options from the URL, and lets those of the app win", () => {
    expect(read("redis://h/?visibility_timeout=60").visibilityMs).toBe(60_000);
    expect(read("redis://h/?visibility_timeout=60", { visibility_timeout: 5 }).visibilityMs).toBe(5000);
  });

  test("takes null for absent, as Python's None", () => {
    expect(read("redis://h", { visibility_timeout: null, socket_timeout: null })).toMatchObject({
      visibilityMs: 3_600_000,
    });
  });

  test("hides passwords in what is shown", () => {
    expect(read("redis://user:secret@h/1").uri).toBe("redis://user:**@h:6379/1");
  });

  test("switches the fanout prefix off", () => {
    expect(read("redis://h/1", { fanout_prefix: false }).keys.fanoutChannel("ex", "k")).toBe("ex/k");
  });

  test.each<[Record<string, unknown>, string]>([
    [{ visibility_timeout: "soon" }, "Cannot use visibility_timeout"],
    [{ visibility_timeout: -1 }, "Cannot use visibility_timeout"],
    [
      { queue_order_strategy: "random" },
      "Cannot use queue_order_strategy: expected one of round_robin, sorted, priority",
    ],
    [{ priority_steps: 3 }, "Cannot use priority_steps"],
    [{ priority_steps: [0, 10] }, "Cannot use priority_steps"],
    [{ sep: 1 }, "Cannot use sep: expected a text"],
  ])("refuses %j", (options, why) => {
    expect(() => read("redis://h", options)).toThrow(why);
  });

  test.each<[string, TransportOptions["ssl"], string]>([
    ["rediss://h", { ssl_ca_certs: "/nowhere.pem" }, "Cannot use ssl_ca_certs"],
    ["rediss://h", { ssl_cert_reqs: "perhaps" }, "Cannot use ssl_cert_reqs"],
    ["rediss://h", { ssl_keyfile: 5 }, "Cannot use ssl_keyfile"],
    ["redis+socket:///run/redis.sock", true, "Cannot use TLS on a unix socket"],
  ])("refuses for %s the TLS options %j", (url, ssl, why) => {
    expect(() => read(url, {}, { ssl })).toThrow(why);
  });

  test("verifies certificates unless told otherwise by name", () => {
    expect(read("redis://h", {}, { ssl: true }).redis.tls).toEqual({});
    expect(read("redis://h", {}, { ssl: { ssl_cert_reqs: "CERT_NONE" } }).redis.tls).toMatchObject({ verify: false });
    expect(read("redis://h", {}, { ssl: { ssl_cert_reqs: 2 } }).redis.tls).toMatchObject({ verify: true });
  });
});
