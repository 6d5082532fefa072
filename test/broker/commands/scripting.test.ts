import { expect, test } from "vitest";
import { describeWithPeers, PYTHON } from "../../support/peers.ts";
import { BrokerShell } from "../../support/broker_shell.ts";
import { run as runProgram } from "../../support/program.ts";

async function redisPyScripts(): Promise<{ release: string; extend: string; reacquire: string }> {
  const source = "import json; from redis.lock import Lock as L; print(json.dumps(dict(" +
    "release=L.LUA_RELEASE_SCRIPT, extend=L.LUA_EXTEND_SCRIPT, reacquire=L.LUA_REACQUIRE_SCRIPT)))";
  return JSON.parse((await runProgram(PYTHON, ["-c", source])).stdout);
}

describeWithPeers(["python-celery"], "EVAL and EVALSHA", () => {
  test("run the lock scripts of redis-py, however they are indented", async () => {
    const { release, extend, reacquire } = await redisPyScripts();
    const { run } = new BrokerShell().client();
    run("SET", "lock", "token", "PX", 1000);

    expect(run("EVAL", extend, 1, "lock", "token", 500, "0")).toBe(1);
    expect(run("PTTL", "lock")).toBe(1500);
    expect(run("EVAL", reacquire.replace(/\n\s+/g, "\n\t"), 1, "lock", "token", 300)).toBe(1);
    expect(run("PTTL", "lock")).toBe(300);
    expect(run("EVAL", release, 1, "lock", "other")).toBe(0);
    expect(run("EVALSHA", "c3f8721cbb97f72bc19e972846bd7aaf91901658", 1, "lock", "token")).toBe(1);
    expect(run("EXISTS", "lock")).toBe(0);
  });

  test("refuse everything else with a clear sentence", () => {
    const { run } = new BrokerShell().client();

    expect(run("EVAL", "return 1", 0)).toHaveProperty("error", expect.stringMatching(/^ERR this broker has no Lua/));
    expect(run("EVALSHA", "0".repeat(40), 0)).toEqual({ error: "NOSCRIPT No matching script. Please use EVAL." });
    expect(run("SCRIPT", "EXISTS", "c3f8721cbb97f72bc19e972846bd7aaf91901658", "0".repeat(40))).toEqual([1, 0]);
  });
});
