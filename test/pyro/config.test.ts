import { describe, expect, test } from "vitest";
import { configFromVariables, DEFAULT_CONFIG, parseAddresses, type PyroConfig } from "../../lib/pyro/config.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { run } from "../support/program.ts";

describe("configFromVariables", () => {
  test("is the defaults where nothing is set", () => {
    expect(configFromVariables({ PATH: "/bin", PYRO_NO_SUCH_ITEM: "1" })).toEqual(DEFAULT_CONFIG);
  });

  test.each([
    ["PYRO_COMPRESSION", "Yes", "COMPRESSION", true],
    ["PYRO_METADATA", "off", "METADATA", false],
    ["PYRO_COMMTIMEOUT", "0.4", "COMMTIMEOUT", 0.4],
    ["PYRO_NS_PORT", " 9999 ", "NS_PORT", 9999],
    ["PYRO_NATHOST", "example.com", "NATHOST", "example.com"],
    ["PYRO_SERIALIZER", "json", "SERIALIZER", "json"],
  ])("reads %s=%s", (variable, text, item, value) => {
    expect(configFromVariables({ [variable]: text })[item as keyof PyroConfig]).toBe(value);
  });

  test.each([
    ["PYRO_COMPRESSION", "Maybe", "invalid boolean value: PYRO_COMPRESSION=maybe"],
    ["PYRO_NS_PORT", "9090.5", 'Cannot use PYRO_NS_PORT: expected a whole number, got "9090.5"'],
    ["PYRO_COMMTIMEOUT", "", 'Cannot use PYRO_COMMTIMEOUT: expected a number, got ""'],
  ])("refuses %s=%s", (variable, text, words) => {
    expect(() => configFromVariables({ [variable]: text })).toThrow(words);
  });
});

describe("parseAddresses", () => {
  test("splits, trims, and reads '' as the empty text", () => {
    expect(parseAddresses("<broadcast>, 0.0.0.0 ,''")).toEqual(["<broadcast>", "0.0.0.0", ""]);
  });
});

describeWithPeers(["python-pyro4"], "DEFAULT_CONFIG", () => {
  test("has every item that Python has, and Python's default but for the three that say otherwise", async () => {
    const { stdout } = await run(PYTHON, [
      "-c",
      "import json,Pyro4; c=Pyro4.config; c.reset(False); d=c.asDict(); d['SERIALIZERS_ACCEPTED']=0; print(json.dumps(d))",
    ]);
    const theirs = JSON.parse(stdout) as Record<string, unknown>;

    expect(Object.keys(DEFAULT_CONFIG).sort()).toEqual(Object.keys(theirs).sort());
    const differing = Object.entries(DEFAULT_CONFIG).filter(([item, value]) => theirs[item] !== value);
    expect(differing.map(([item]) => item).sort()).toEqual(
      ["MAX_MESSAGE_SIZE", "SERIALIZERS_ACCEPTED", "SOCK_NODELAY", "THREADPOOL_SIZE"],
    );
  });
});
