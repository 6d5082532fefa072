import { randomUUID } from "node:crypto";
import type { Celery } from "../app.ts";
import { boxOptions, brokerUrls, eventQueueOptions } from "../connection_options.ts";
import { RemoteControl } from "../control/remote_control.ts";
import { schemeOf } from "../transport/factory.ts";
import type { ExchangeType } from "../transport/transport.ts";
import { readSignature } from "../wire/signature.ts";
import { AppConclusions } from "./app_conclusions.ts";
import { bugReport } from "./bug_report.ts";
import type { WorkerLog } from "./log.ts";
import { AppNodeSignals } from "./node_signals.ts";
import { transportLog } from "./transport_log.ts";
import type { WorkerPorts } from "./ports.ts";
import { queue } from "../routing/queue.ts";
import type { Transport } from "../transport/transport.ts";

/** The waits that kombu announces: 2, 4, 6 … at most 32 seconds. */
const CONNECT_BACKOFF = Object.freeze({ startMs: 2000, stepMs: 2000, maxMs: 32_000 });

/** Builds what a worker needs of an app. Opens a transport of its own, for consuming; the app's is for publishing. */
export async function createWorkerPorts(app: Celery, log: WorkerLog, node: string): Promise<WorkerPorts> {
  const { conf, logicalClock } = app;
  const maxConnectAttempts = conf.brokerConnectionRetry ? Math.max(0, conf.brokerConnectionMaxRetries ?? 0) : 1;
  const transport = await app.openTransport({
    urls: brokerUrls(conf, "read"),
    maxAttempts: maxConnectAttempts,
    backoff: CONNECT_BACKOFF,
    heartbeatSeconds: conf.brokerHeartbeat,
    background: false,
    log: transportLog(log),
  });
  const conclusions = new AppConclusions(app, log, node);
  const decode: WorkerPorts["reader"]["decode"] = (message) => app.decode(message);
  const encode: WorkerPorts["encode"] = (value) => app.encode(value);
  return {
    transport,
    resultsUri: app.backendUri,
    notes: await brokerNotes(brokerUrls(conf, "read")[0], conf.brokerTransportOptions),
    reader: {
      timezone: conf.timezone ?? "UTC",
      accept: app.serializers.acceptedTypes(conf.acceptContent),
      decode,
    },
    conclusions,
    signals: new AppNodeSignals(app, node),
    logicalClock,
    remote: new RemoteControl({
      transport: () => Promise.resolve(transport),
      exchange: conf.controlExchange,
      boxes: boxOptions(conf),
      logicalClock,
      newId: randomUUID,
      encode,
      decode,
    }),
    controlExchange: conf.controlExchange,
    boxOptions: boxOptions(conf),
    eventQueue: eventQueueOptions(conf),
    eventExchange: conf.eventExchange,
    events: {
      encode: conf.eventSerializer === "json"
        ? undefined
        : (value) => app.serializers.encode(JSON.parse(JSON.stringify(value)), conf.eventSerializer), // without what is undefined
      decode: (message) => app.decodeEvent(message),
    },
    maxConnectAttempts,
    queues: () => app.queues.consumeFrom,
    addQueue: (name, { exchange, exchangeType, routingKey }) =>
      app.queues.selectAdd(
        app.queues.has(name) ? app.queues.get(name) : queue(name, {
          ...(exchange === undefined ? {} : { exchange }),
          ...(isExchangeType(exchangeType) ? { exchangeType } : {}),
          ...(routingKey === undefined ? {} : { routingKey }),
        }),
      ),
    encode,
    conf: (withDefaults) => conf.toPython(withDefaults),
    report: () => bugReport(app),
    brokerInfo: () => brokerInfo(app, transport),
    newId: randomUUID,
    sendElected: async (action) => {
      const result = app.signature(readSignature(action, "the action of the election")).applyAsync([]);
      await result.published;
    },
    close: async () => {
      conclusions.stop();
      await Promise.all([transport.close(), app.close()]);
    },
  };
}

/** What the banner says besides of a broker that is ours. */
async function brokerNotes(url: string, options: Readonly<Record<string, unknown>>): Promise<readonly string[]> {
  if (schemeOf(url) !== "embedded") return [];
  const { embeddedDurability } = await import("../transport/embedded.ts");
  return [`durability:  ${await embeddedDurability(url, options)}`];
}

function isExchangeType(type: string | undefined): type is ExchangeType {
  return type === "direct" || type === "topic" || type === "fanout" || type === "headers";
}

/**
 * How the broker is reached, as Flower's worker page reads it.
 *
 * Source: kombu 5.6 kombu/connection.py `Connection.info`
 */
function brokerInfo({ conf }: Celery, transport: Transport): Record<string, unknown> {
  const [first] = brokerUrls(conf, "read");
  const url = /^([a-z+]+):\/\/(?:([^:@/]*)(?::[^@]*)?@)?([^:/?]*)(?::(\d+))?\/?([^?]*)/i.exec(first);
  return {
    hostname: url?.[3] === "" ? null : url?.[3] ?? null,
    userid: url?.[2] ?? null,
    virtual_host: url?.[5] === "" ? "/" : url?.[5] ?? "/",
    port: url?.[4] === undefined ? null : Number(url[4]),
    insist: false,
    ssl: conf.brokerUseSsl !== false,
    transport: transport.name,
    connect_timeout: conf.brokerConnectionTimeout,
    transport_options: conf.brokerTransportOptions,
    login_method: conf.brokerLoginMethod,
    uri_prefix: null,
    heartbeat: conf.brokerHeartbeat,
    failover_strategy: conf.brokerFailoverStrategy,
    alternates: [],
    credential_provider: null,
  };
}
