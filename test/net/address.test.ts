import { describe, expect, test } from "vitest";
import { checkAddress, describeAddress, isLoopback } from "../../lib/net/address.ts";

describe("describeAddress", () => {
  test("puts IPv6 addresses in brackets", () => {
    expect(describeAddress({ host: "::1", port: 80 })).toBe("[::1]:80");
    expect(describeAddress({ host: "example.org", port: 0 })).toBe("example.org:0");
    expect(describeAddress({ path: "/run/x.sock" })).toBe("/run/x.sock");
  });
});

describe("isLoopback", () => {
  test.each([
    ["127.0.0.1", true],
    ["127.9.9.9", true],
    ["::1", true],
    ["::ffff:127.0.0.1", true],
    ["localhost", true],
    ["0.0.0.0", false],
    ["::", false],
    ["127.0.0.1.example.org", false],
    ["10.0.0.1", false],
  ])("says of %s: %s", (host, expected) => {
    expect(isLoopback({ host, port: 1 })).toBe(expected);
  });

  test("counts unix sockets as loopback", () => {
    expect(isLoopback({ path: "/run/x" })).toBe(true);
  });
});

describe("checkAddress", () => {
  test.each([-1, 65_536, 1.5, Number.NaN])("refuses port %s", (port) => {
    expect(() => checkAddress({ host: "h", port })).toThrow(
      `Cannot use port ${port}: expected a whole number from 0 to 65535`,
    );
  });

  test("refuses a socket path that no system accepts, counted in bytes", () => {
    const path = `/tmp/${"ž".repeat(60)}`;

    expect(() => checkAddress({ path })).toThrow("it has 125 bytes, expected 1 to 107");
    expect(() => checkAddress({ path: "" })).toThrow("it has 0 bytes");
  });
});
