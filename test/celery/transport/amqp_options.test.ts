import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { silentLogger } from "../../../lib/base/log.ts";
import { readAmqpOptions } from "../../../lib/celery/transport/amqp_options.ts";
import type { TransportOptions } from "../../../lib/celery/transport/options.ts";
import { testDir } from "../../support/temp_dir.ts";

const OPTIONS: TransportOptions = {
  urls: ["amqp://h"],
  transportOptions: {},
  ssl: false,
  connectTimeoutMs: 4000,
  maxAttempts: 0,
  backoff: {},
  heartbeatSeconds: 120,
  loginMethod: null,
  background: false,
  log: silentLogger,
};

describe("readAmqpOptions", () => {
  test("takes the settings of the app, with Celery's defaults", () => {
    expect(readAmqpOptions(OPTIONS)).toMatchObject({
      client: { urls: ["amqp://h"], connectTimeoutMs: 4000, heartbeatSeconds: 120, mechanism: undefined },
      delayedQueueType: "quorum",
      deliveryLimit: 20,
    });
    expect(readAmqpOptions(OPTIONS).client.tls).toBeUndefined();
  });

  test("lets broker_transport_options have the last word", () => {
    const transportOptions = {
      heartbeat: 7.2,
      login_method: "AMQPLAIN",
      client_properties: { product: "mine" },
      frame_max: 8192,
      channel_max: 10,
      delivery_limit: 0,
      confirm_publish: true,
    };

    expect(readAmqpOptions({ ...OPTIONS, transportOptions })).toMatchObject({
      client: {
        heartbeatSeconds: 8,
        mechanism: "AMQPLAIN",
        clientProperties: { product: "mine" },
        frameMaxBytes: 8192,
        channelMax: 10,
      },
      deliveryLimit: 0,
    });
  });

  test("reads certificates from the files that Python's names give", () => {
    const file = join(testDir(), "ca.pem");
    writeFileSync(file, "PEM");

    const ssl = { ca_certs: file, cert_reqs: "CERT_NONE", server_hostname: "mq" };
    expect(readAmqpOptions({ ...OPTIONS, ssl }).client.tls).toEqual({ ca: "PEM", serverName: "mq", verify: false });
    expect(readAmqpOptions({ ...OPTIONS, ssl: true }).client.tls).toEqual({});
    expect(readAmqpOptions({ ...OPTIONS, ssl: { cert_reqs: 2 } }).client.tls).toEqual({ verify: true });
  });

  test.each<[Partial<TransportOptions>, string]>([
    [{ loginMethod: "GSSAPI" }, "Cannot use login_method: expected one of PLAIN, AMQPLAIN, EXTERNAL, got GSSAPI"],
    [{ heartbeatSeconds: -1 }, "Cannot use heartbeat"],
    [{ transportOptions: { delivery_limit: "many" } }, "Cannot use delivery_limit"],
    [{ ssl: { cert_reqs: "MAYBE" } }, "Cannot use cert_reqs: expected CERT_NONE"],
    [{ ssl: { keyfile: 7 } }, "Cannot use keyfile: expected the name of a file, got number"],
    [{ ssl: { keyfile: "/no/such/file" } }, "Cannot use keyfile: ENOENT"],
  ])("refuses %j", (more, message) => {
    expect(() => readAmqpOptions({ ...OPTIONS, ...more })).toThrow(message);
  });
});
