import { describe, expect, test } from "vitest";
import { UsageError } from "../../../lib/base/errors.ts";
import { parseRedisUrl, parseRedisUrls } from "../../../lib/redis/wire/mod.ts";

describe("parseRedisUrl", () => {
  test.each([
    ["redis://", { address: { host: "127.0.0.1", port: 6379 }, db: 0, text: "redis://localhost:6379//" }],
    ["redis://H/2", { address: { host: "h", port: 6379 }, db: 2, text: "redis://h:6379/2" }],
    ["redis://h//3", { db: 3 }],
    ["redis://h/%31", { db: 1 }],
    ["redis://h:1/?virtual_host=4", { address: { host: "h", port: 1 }, db: 4 }],
    ["redis://:p%40ss@h/", { password: "p@ss", text: "redis://:**@h:6379//" }],
    ["redis://u@h/", { username: "u", text: "redis://u@h:6379//" }],
    ["redis://u:p:q@h/", { username: "u", password: "p:q", text: "redis://u:**@h:6379//" }],
    ["redis://u:p@x@h/1", { username: "u", password: "p@x" }],
    ["redis://[::1]:6380/1", { address: { host: "::1", port: 6380 }, text: "redis://[::1]:6380/1" }],
    ["redis+socket:///run/r.sock?virtual_host=2", {
      address: { path: "/run/r.sock" },
      db: 2,
      text: "redis+socket:///run/r.sock",
    }],
    ["socket:///run/r.sock", { address: { path: "/run/r.sock" }, db: 0 }],
    ["unix://u:p@/run/r.sock?db=3", { address: { path: "/run/r.sock" }, db: 3, username: "u", password: "p" }],
    ["rediss://h", { tls: { verify: true, checkHostname: true } }],
    ["rediss://h?ssl_cert_reqs=CERT_NONE", { tls: { verify: false, checkHostname: true } }],
    ["rediss://h?ssl_cert_reqs=required&ssl_ca_certs=/ca.pem&ssl_check_hostname=false", {
      tls: { verify: true, checkHostname: false, caFile: "/ca.pem" },
    }],
    ["sentinel://h/1", { kind: "sentinel", address: { host: "h", port: 26379 }, db: 1 }],
    ["redis://h/0?socket_timeout=5&x=#f", { query: new Map([["socket_timeout", "5"]]) }],
  ])("reads %s as kombu does", (url, expected) => {
    expect(parseRedisUrl(url)).toMatchObject(expected);
  });

  test.each([
    ["http://h", "its scheme is none of redis, rediss"],
    ["localhost:6379", "expected redis://"],
    ["redis://h/foo", "Database is int between 0 and limit - 1, not foo"],
    ["redis://h:99999/", 'its port is "99999"'],
    ["redis://h:x/", 'its port is "x"'],
    ["redis+socket://", "it names no socket file"],
    ["redis://h?ssl_cert_reqs=none", "its scheme must be rediss://"],
    ["rediss://h?ssl_cert_reqs=maybe", "ssl_cert_reqs is maybe"],
  ])("refuses %s: %s", (url, why) => {
    expect(() => parseRedisUrl(url)).toThrow(UsageError);
    expect(() => parseRedisUrl(url)).toThrow(why);
  });

  test("never shows a password", () => {
    expect(() => parseRedisUrl("redis://user:se@cret@host:port")).toThrow(/^(?!.*cret)/);
    expect(parseRedisUrl("redis://user:secret@host").text).not.toContain("secret");
  });
});

describe("parseRedisUrls", () => {
  test("reads a list for failover", () => {
    expect(parseRedisUrls("redis://a;redis://b/1").map((url) => url.text)).toEqual([
      "redis://a:6379//",
      "redis://b:6379/1",
    ]);
    expect(parseRedisUrls(["redis://a", "redis://b"])).toHaveLength(2);
    expect(() => parseRedisUrls("")).toThrow("it is empty");
  });
});
