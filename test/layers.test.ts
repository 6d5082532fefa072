import { describe, expect, test } from "vitest";
import { layerViolations } from "./support/layers.ts";
import { sourceFiles } from "./support/source_files.ts";

describe("layers", () => {
  test("imports point one way, base and wire do no IO, and nothing is imported from a package", () => {
    expect(layerViolations(sourceFiles())).toEqual([]);
  });

  test.each([
    ["lib/base/a.ts", 'import { connect } from "../net/mod.ts";', "lib/base may not import lib/net/mod.ts"],
    ["lib/base/a.ts", 'import { readFileSync } from "node:fs";', "does IO"],
    ["lib/net/wire/a.ts", 'import { connect } from "../connect.ts";', "not pure"],
    ["lib/net/wire/a.ts", 'import { deflateSync } from "node:zlib";', "does IO"],
    ["lib/pyro/a.ts", 'import { Celery } from "../celery/mod.ts";', "lib/pyro may not import lib/celery/mod.ts"],
    [
      "lib/broker/a.ts",
      'import { RedisClient } from "../redis/client.ts";',
      "lib/broker may not import lib/redis/client.ts",
    ],
    [
      "lib/celery/app.ts",
      'import { runBroker } from "../broker/mod.ts";',
      "lib/celery may not import lib/broker/mod.ts",
    ],
    ["lib/celery/app.ts", 'export { x } from "bullmq";', "is a package"],
    ["lib/celery/app.ts", 'const http = await import("node:http");', "never used"],
    ["lib/celery/app.ts", 'import * as net from "node:net";', "only for"],
    ["lib/pyro/daemon.ts", 'import * as dgram from "node:dgram";', "only for"],
    ["celery/addTask.ts", 'import { Celery } from "../lib/celery/app.ts";', "only lib/celery/mod.ts"],
  ])("refuses in %s: %s", (path, source, why) => {
    expect(layerViolations(new Map([[path, source]])).join()).toContain(why);
  });

  test.each([
    ["lib/net/a.ts", 'import type { Socket } from "node:net";\nimport * as net from "node:net";'],
    ["lib/base/a.ts", 'import { Buffer } from "node:buffer";'],
    ["lib/broker/a.ts", 'import { RespDecoder } from "../redis/wire/mod.ts";'],
    ["lib/celery/transport/embedded.ts", 'const { runBroker } = await import("../../broker/mod.ts");'],
    ["celery/addTask_main.ts", 'import { add } from "./addTask.ts";'],
    ["lib/celery/app.ts", '// import { x } from "bullmq";'],
  ])("allows in %s: %s", (path, source) => {
    expect(layerViolations(new Map([[path, source]]))).toEqual([]);
  });
});
