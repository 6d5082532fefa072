import { describe, expect, test } from "vitest";
import { RemoteControl } from "../../../lib/celery/control/remote_control.ts";
import { LogicalClock } from "../../../lib/celery/logical_clock.ts";
import { queue } from "../../../lib/celery/routing/queue.ts";
import { MemoryTransport } from "../../../lib/celery/transport/memory.ts";
import { BOX_OPTIONS, controlExchange, controlQueue } from "../../../lib/celery/wire/control.ts";
import { SerializerRegistry } from "../../../lib/celery/wire/serializer.ts";
import { createWorkerPorts } from "../../../lib/celery/worker/app_ports.ts";
import { WorkerLog } from "../../../lib/celery/worker/log.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { projApp } from "../../support/proj_app.ts";

const EXCHANGE = "celery";

function remoteControl() {
  const clock = new FakeClock();
  const transport = new MemoryTransport();
  const serializers = new SerializerRegistry();
  const accepted = serializers.acceptedTypes(["json"]);
  let ids = 0;
  const remote = new RemoteControl({
    transport: () => Promise.resolve(transport),
    exchange: EXCHANGE,
    logicalClock: new LogicalClock(),
    newId: () => String(ids++),
    encode: (value) => serializers.encode(value, "json"),
    decode: (message) => serializers.decode(message, accepted),
    clock,
  });
  return { clock, transport, remote };
}

describe("RemoteControl", () => {
  test("waits for no replies where the broker tells that no worker listens", async () => {
    const { remote } = remoteControl(); // its clock stands still

    expect(await remote.ask("ping")).toEqual(new Map());
  });

  test("has brokers keep its queues, and what is in them, as long as the settings say", async () => {
    const transport = new MemoryTransport();
    const kept: unknown[] = [];
    const consume = transport.consume.bind(transport);
    transport.consume = (options) => {
      kept.push(...options.queues.map((each) => each.arguments));
      return consume(options);
    };
    const { app } = projApp({ controlQueueTtl: 7, controlQueueExpires: 2.5 });
    app.transport = () => Promise.resolve(transport);

    await app.control.ping();
    const { controlExchange, boxOptions } = await createWorkerPorts(app, new WorkerLog({ write: () => {} }), "w@h");
    kept.push(
      controlQueue(controlExchange, "w@h", boxOptions).arguments,
      controlQueue(controlExchange, "w@h").arguments,
    );

    expect(controlQueue("celery", "w@h", { ...BOX_OPTIONS, durable: true })).toMatchObject({
      durable: true,
      autoDelete: false,
    });
    const [asSet, standard] = [{ "x-expires": 2500, "x-message-ttl": 7000 }, {
      "x-expires": 10_000,
      "x-message-ttl": 300_000,
    }];
    expect(kept).toEqual([asSet, asSet, standard]);
  });

  test("waits for those who listen until none has replied for a while", async () => {
    const { clock, transport, remote } = remoteControl();
    await transport.subscribe({ ...queue("mute"), exchange: controlExchange(EXCHANGE), routingKey: "" }, () => {});

    let replies: ReadonlyMap<string, unknown> | undefined;
    const asked = remote.ask("ping", { timeoutMs: 1000 }).then((all) => replies = all);
    await clock.advance(999);
    expect(replies).toBeUndefined();
    await clock.advance(1);
    await asked;

    expect(replies).toEqual(new Map());
  });
});
