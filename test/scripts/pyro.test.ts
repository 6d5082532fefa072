import { describe, expect, onTestFinished, test } from "vitest";
import { Program, run, script } from "../support/program.ts";
import { freePort } from "../support/redis_server.ts";

/** Programs are compiled when they start, several at a time: on a busy machine that alone takes half a minute. */
const PATIENCE = { timeout: 90_000 };

/** A corner of the network that no other name server is in. */
async function alone(): Promise<NodeJS.ProcessEnv> {
  return {
    PYRO_NS_HOST: "127.0.0.1",
    PYRO_NS_PORT: String(await freePort()),
    PYRO_NS_BCPORT: String(await freePort()),
    PYRO_BROADCAST_ADDRS: "127.0.0.1",
  };
}

describe("pyro_server.ts and pyro_client.ts", () => {
  test(
    "work with nothing else running; the name comes from the command line, or through a pipe",
    PATIENCE,
    async () => {
      const env = await alone();
      const server = new Program(...script("pyro/pyro_server.ts"), { env });
      onTestFinished(() => void server.stop());
      await server.printed(/There was no name server, so this program is one now: uri = PYRO:Pyro\.NameServer@/);
      await server.printed(/Ready\. Object uri = PYRO:obj_[0-9a-f]{32}@/);

      const [argument, pipe] = await Promise.all([
        run(...script("pyro/pyro_client.ts", ["Ada"]), { env }),
        run(...script("pyro/pyro_client.ts"), { env, input: "Grace\n" }),
      ]);

      expect(argument).toEqual({ code: 0, stdout: "Hi welcome Ada\n", stderr: "" });
      expect(pipe).toEqual({ code: 0, stdout: "What is your name? Hi welcome Grace\n", stderr: "" });
    },
  );
});

describe("chainTopology.ts", () => {
  test("without arguments runs three links and prints the closed chain", PATIENCE, async () => {
    const env = await alone();
    const { code, stdout, stderr } = await run(...script("pyro/chainTopology.ts"), { env });

    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /1 forwards the message to 2\n2 forwards the message to 3\n3 forwards the message to 1\nBack at 1, the chain is closed\n/,
    );
    expect(stdout).toMatch(/passed on from 1\npassed on from 2\npassed on from 3\ncomplete at 1\n$/);
  });
});
