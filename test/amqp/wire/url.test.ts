import { describe, expect, test } from "vitest";
import { UsageError } from "../../../lib/base/errors.ts";
import { describeAmqpUrl, parseAmqpUrl } from "../../../lib/amqp/wire/url.ts";

describe("parseAmqpUrl", () => {
  test.each([
    ["amqp://", { host: "localhost", port: 5672, user: "guest", password: "guest", virtualHost: "/", isTls: false }],
    ["amqps://h", { host: "h", port: 5671, isTls: true }],
    ["pyamqp://h:1", { host: "h", port: 1, isTls: false }],
    ["amqp://joe@h", { user: "joe", password: "guest" }],
    ["amqp://joe:p%40ss:word@h", { user: "joe", password: "p@ss:word" }],
    ["amqp://h", { virtualHost: "/" }],
    ["amqp://h/", { virtualHost: "/" }],
    ["amqp://h//", { virtualHost: "/" }],
    ["amqp://h/%2F", { virtualHost: "/" }],
    ["amqp://h/jobs", { virtualHost: "jobs" }],
    ["amqp://h//jobs", { virtualHost: "/jobs" }],
    ["amqp://h/a%2fb/c", { virtualHost: "a/b/c" }],
    ["amqp://[::1]:5673/x", { host: "::1", port: 5673, virtualHost: "x" }],
    ["amqp://h?heartbeat=10&connect_timeout=1.5", { heartbeatSeconds: 10, connectTimeoutMs: 1500 }],
    ["amqp://h/v?connection_timeout=800&channel_max=7&frame_max=8192", {
      virtualHost: "v",
      connectTimeoutMs: 800,
      channelMax: 7,
      frameMaxBytes: 8192,
    }],
    ["amqp://h?login_method=AMQPLAIN", { mechanism: "AMQPLAIN" }],
    ["amqps://h?auth_mechanism=external&cacertfile=/ca.pem&certfile=/c.pem&keyfile=/k.pem&verify=verify_none", {
      mechanism: "EXTERNAL",
      tls: { caFile: "/ca.pem", certFile: "/c.pem", keyFile: "/k.pem", serverName: undefined, verify: false },
    }],
    ["amqps://h?ssl_ca_certs=/ca&ssl_cert_reqs=CERT_REQUIRED&server_name_indication=mq", {
      tls: { caFile: "/ca", certFile: undefined, keyFile: undefined, serverName: "mq", verify: true },
    }],
  ])("reads %s", (url, expected) => {
    expect(parseAmqpUrl(url)).toMatchObject(expected);
  });

  test.each([
    ["redis://h", "expected amqp:// or amqps://"],
    ["h:5672", "expected amqp:// or amqps://"],
    ["amqp://h:port", "expected amqp:// or amqps://"],
    ["amqp://h:70000", "expected a port up to 65535, got 70000"],
    ["amqp://h/%zz", "a % in it is not followed by two hex digits"],
    ["amqp://h?color=red", "expected an option out of heartbeat"],
    ["amqp://h?heartbeat=soon", 'Cannot use heartbeat: expected a whole number from 0, got "soon"'],
    ["amqp://h?login_method=GSSAPI", "expected one of PLAIN, AMQPLAIN, EXTERNAL"],
  ])("refuses %s", (url, message) => {
    expect(() => parseAmqpUrl(url)).toThrow(message);
    expect(() => parseAmqpUrl(url)).toThrow(UsageError);
  });

  test("does not repeat the password in its errors", () => {
    expect(() => parseAmqpUrl("amqp://joe:secret@h:70000")).toThrow("Cannot use amqp://joe:**@h:70000");
  });
});

describe("describeAmqpUrl", () => {
  test.each([
    ["amqp://", "amqp://guest:**@localhost:5672//"],
    ["amqps://joe:secret@[::1]/jobs?heartbeat=1", "amqps://joe:**@[::1]:5671/jobs"],
  ])("shows %s as Celery's banner does", (url, text) => {
    expect(describeAmqpUrl(parseAmqpUrl(url))).toBe(text);
  });
});
