import { Buffer } from "node:buffer";
import { inflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { Decimal, PyDate, PyDateTime, PyTime, Tuple, Uuid } from "../../lib/base/pyvalue.ts";
import { type AsyncResult, chain, chord, group, type GroupResult } from "../../lib/celery/mod.ts";
import type { TaskPublication } from "../../lib/celery/task_publication.ts";
import { parseJson } from "../../lib/celery/wire/json_read.ts";
import { fixture } from "../support/fixture.ts";
import { withNumberedIds } from "../support/normalized.ts";
import { type ProjApp, projApp } from "../support/proj_app.ts";

/** One LPUSHed message, or another key that the call left in Redis. */
interface Captured {
  readonly key: string;
  readonly raw?: string;
}
interface PublishFixture {
  readonly cases: Readonly<Record<string, readonly Captured[]>>;
}

/** A message as a comparison sees it: what depends on time, place and language is left out. */
interface Comparable {
  readonly headers: Record<string, unknown>;
  readonly properties: Record<string, unknown>;
  readonly contentType: string;
  readonly body: unknown;
  readonly route: { readonly exchange: string; readonly routingKey: string };
}

const VARIES = new Set(["lang", "origin", "eta", "expires"]);

function comparable(
  headers: Readonly<Record<string, unknown>>,
  properties: Readonly<Record<string, unknown>>,
  contentType: string,
  body: Uint8Array,
  route: Comparable["route"],
): Comparable {
  const kept = Object.entries(headers).filter(([name]) => !VARIES.has(name));
  const times = { eta: timeShape(headers.eta), expires: timeShape(headers.expires) };
  const bytes = headers.compression === "application/x-gzip" ? inflateSync(body) : body;
  return {
    headers: { ...Object.fromEntries(kept), ...times },
    properties: { ...properties, expiration: properties.expiration === undefined ? undefined : "set" },
    contentType,
    body: contentType === "application/json"
      ? parseJson(Buffer.from(bytes).toString(), { floats: "exact" })
      : Buffer.from(bytes).toString(),
    route,
  };
}

/** `0000-00-00T00:00:00+00:00`: the form of a time, not the time. Those that the calls name themselves are kept. */
function timeShape(time: unknown): unknown {
  return typeof time === "string" && !time.startsWith("2030-") ? time.replace(/\d/g, "0") : time ?? null;
}

function captured(raw: string): Comparable {
  const envelope = JSON.parse(raw);
  const { correlation_id, reply_to, priority, delivery_mode, expiration, delivery_info } = envelope.properties;
  return comparable(
    envelope.headers,
    { correlation_id, reply_to, priority, delivery_mode, expiration },
    envelope["content-type"],
    Buffer.from(envelope.body, "base64"),
    { exchange: delivery_info.exchange, routingKey: delivery_info.routing_key },
  );
}

function ours({ message, route }: TaskPublication): Comparable {
  const { correlationId, replyTo, priority = 0, deliveryMode, expiration } = message.properties;
  return comparable(
    message.headers,
    { correlation_id: correlationId, reply_to: replyTo, priority, delivery_mode: deliveryMode, expiration },
    message.contentType,
    message.body,
    { exchange: route.exchange, routingKey: route.routingKey },
  );
}

type Call = (proj: ProjApp) => AsyncResult | GroupResult;
const SPECIAL = [
  PyDateTime.parse("2024-01-02T03:04:05.000678"),
  PyDateTime.parse("2024-01-02T03:04:05+00:00"),
  new PyDate(2024, 1, 2),
  new PyTime(1, 2, 3),
  new Decimal("1.50"),
  new Uuid("00000000-0000-0000-0000-000000000005"),
];
const range = (count: number) => Array.from({ length: count }, (_, at) => at);

/** `send_task` was given a list; arguments of ours always show as a tuple. */
const AS_A_LIST = { argsrepr: "[1]" };

/** What was called for each case of the fixtures. */
const CALLS: Readonly<Record<string, Call>> = {
  plain: ({ add }) => add.delay(2, 3),
  kwargs: ({ echo }) => echo.applyAsync([1], { kwargs: { a: "x", b: [1, 2, { c: null }], uni: "h\u00e9llo \u2603" } }),
  no_args: ({ echo }) => echo.delay(),
  eta: ({ add }) => add.applyAsync([1, 2], { eta: "2030-01-01T12:00:00+00:00" }),
  eta_naive: ({ add }) => add.applyAsync([1, 2], { eta: PyDateTime.parse("2030-01-01T12:00:00.000123") }),
  countdown: ({ add }) => add.applyAsync([1, 2], { countdown: 60 }),
  expires_seconds: ({ add }) => add.applyAsync([1, 2], { expires: 120 }),
  expires_datetime: ({ add }) => add.applyAsync([1, 2], { expires: new Date("2030-01-01T12:00:00Z") }),
  priority_7: ({ add }) => add.applyAsync([1, 2], { priority: 7 }),
  priority_3: ({ add }) => add.applyAsync([1, 2], { priority: 3 }),
  link: ({ add }) => add.applyAsync([1, 2], { link: add.s(10) }),
  link_immutable: ({ add }) => add.applyAsync([1, 2], { link: add.si(10, 20) }),
  link_error: ({ add, onerr }) => add.applyAsync([1, 2], { linkError: onerr.s() }),
  shadow: ({ add }) => add.applyAsync([1, 2], { shadow: "my.shadow" }),
  time_limits: ({ add }) => add.applyAsync([1, 2], { timeLimit: 30, softTimeLimit: 20 }),
  ignore_result: ({ add }) => add.applyAsync([1, 2], { ignoreResult: true }),
  ignored_task: ({ ignored }) => ignored.delay(),
  headers: ({ add }) => add.applyAsync([1, 2], { headers: { custom: "v", n: 1 } }),
  queue: ({ add }) => add.applyAsync([1, 2], { queue: "other" }),
  compression_gzip: ({ add }) => add.applyAsync([1, 2], { compression: "gzip" }),
  serializer_yaml: ({ add }) => add.applyAsync([1, 2], { serializer: "yaml" }),
  special_types: ({ echo }) => echo.delay(...SPECIAL, Buffer.from("bytes")),
  special_types_nobytes: ({ echo }) =>
    echo.delay(...SPECIAL, Tuple.of(1, 2), 1.5, true, null, NaN, Infinity, 100000000000000000000n),
  long_args: ({ echo }) => echo.applyAsync(["x".repeat(3000), range(400)], { kwargs: { k: { a: "y".repeat(2000) } } }),
  chain_3: ({ add }) => chain(add.s(1, 2), add.s(3), add.s(4)).delay(),
  chain_2_options: ({ add }) =>
    chain(add.s(1, 2).set({ queue: "q1", countdown: 5 }), add.s(3).set({ queue: "q2", expires: 60 })).delay(),
  group_3: ({ add }) => group(add.s(1, 1), add.s(2, 2), add.s(3, 3)).delay(),
  group_save: ({ add }) => group(add.s(1, 1), add.s(2, 2)).delay(),
  chord: ({ add, xsum }) => chord([add.s(1, 1), add.s(2, 2), add.s(3, 3)], xsum.s()).delay(),
  chord_1: ({ add, xsum }) => chord([add.s(1, 1)], xsum.s()).delay(),
  chain_group_chain: ({ add, xsum }) => chain(add.s(1, 1), group(add.s(2), add.s(3)), xsum.s(), add.s(5)).delay(),
  group_of_chains: ({ add }) => group(chain(add.s(1, 1), add.s(2)), chain(add.s(3, 3), add.s(4))).delay(),
  chord_nested: ({ add, xsum }) => chord([group(add.s(1, 1), add.s(2, 2)), add.s(3, 3)], xsum.s()).delay(),
  chord_link_error: ({ add, fail, xsum, onerr }) => chord([add.s(1, 1), fail.s()], xsum.s()).onError(onerr.s()).delay(),
  chunks: ({ add }) => add.chunks([[1, 1], [2, 2], [3, 3]], 2).delay(),
  chunks_group: ({ add }) => add.chunks([[1, 1], [2, 2], [3, 3]], 2).delay(),
  map: ({ xsum }) => xsum.map([[1, 2], [3, 4]]).delay(),
  starmap: ({ add }) => add.starmap([[1, 1], [2, 2]]).delay(),
  send_task_named: ({ app }) =>
    app.sendTask("other.task", [1], { kwargs: { a: 2 }, taskId: "11111111-1111-1111-1111-111111111111", ...AS_A_LIST }),
  task_id_root_parent: ({ app }) =>
    app.sendTask("other.task", [], { taskId: "tid", rootId: "rid", parentId: "pid", groupId: "gid", groupIndex: 3 }),
  reply_to_prop: ({ add }) => add.applyAsync([1, 2], { replyTo: "myreply" }),
  delivery_mode_1: ({ add }) => add.applyAsync([1, 2], { deliveryMode: 1 }),
  expiration_prop: ({ add }) => add.applyAsync([1, 2], { expiration: 5 }),
  stamped: ({ add }) => add.s(1, 2).stamp({ mystamp: "abc" }).delay(),
  stamped_chain: ({ add }) => chain(add.s(1, 2), add.s(3)).stamp({ mystamp: "abc", other: [1, 2] }).delay(),
  protocol1_plain: ({ add }) => add.delay(2, 3),
  protocol1_kwargs: ({ echo }) =>
    echo.applyAsync([1], { kwargs: { a: "x", b: [1, 2, { c: null }], uni: "h\u00e9llo \u2603" } }),
  protocol1_eta: ({ add }) => add.applyAsync([1, 2], { eta: "2030-01-01T12:00:00+00:00" }),
  protocol1_link: ({ add }) => add.applyAsync([1, 2], { link: add.s(10) }),
  protocol1_chain_3: ({ add }) => chain(add.s(1, 2), add.s(3), add.s(4)).delay(),
  protocol1_group_3: ({ add }) => group(add.s(1, 1), add.s(2, 2), add.s(3, 3)).delay(),
  protocol1_chord: ({ add, xsum }) => chord([add.s(1, 1), add.s(2, 2), add.s(3, 3)], xsum.s()).delay(),
};

/** Cases that we refuse, that Celery refused without the library, or that no call of ours can be wrong in. */
const REFUSED = new Set(["compression_bzip2", "serializer_pickle", "serializer_msgpack"]);
const SKIPPED = new Set(["routing_key_exchange"]); // Redis has no message to compare with: no queue was bound

async function publish(name: string, call: Call): Promise<Comparable[]> {
  const proj = projApp(name.startsWith("protocol1") ? { taskProtocol: 1 } : {});
  const sent: Comparable[] = [];
  proj.app.onPublish((publication) => void sent.push(ours(publication)));
  await call(proj).published;
  return sent;
}

/** What Celery has added to messages since 5.2, whose workers pass it over: headers, and the numbers of a group's members. */
const LATER_NAMES = new Set(["replaced_task_nesting", "stamped_headers", "stamps", "group_index"]);

/** What 5.2 lays out in another way (chords) or could not send with its type, or at all (dates, bytes). */
const OTHERWISE_IN_5_2 = new Set([
  ...SKIPPED,
  ...["chord", "chord_1", "chord_nested", "chord_link_error", "chain_group_chain", "protocol1_chord"],
  ...["special_types", "special_types_nobytes"],
]);

function withoutLaterNames(messages: readonly Comparable[]): unknown {
  return JSON.parse(JSON.stringify(messages), (name, value) => LATER_NAMES.has(name) ? undefined : value);
}

/** The messages of each case that has some to compare with. */
function capturedCases(file: string, skipped: ReadonlySet<string>): [name: string, wanted: Comparable[]][] {
  const { cases } = fixture<PublishFixture>(file);
  return Object.entries(cases).filter(([name]) => !REFUSED.has(name) && !skipped.has(name)).map(([name, messages]) => [
    name,
    messages.flatMap(({ raw }) => raw === undefined ? [] : [captured(raw)]),
  ]);
}

function callOf(name: string): Call {
  const call = CALLS[name];
  if (call === undefined) throw new Error(`No call is written down for ${name}`);
  return call;
}

describe("publicationOf", () => {
  test.each(capturedCases("celery/redis-publish-5.6.json", SKIPPED))(
    "writes what Celery 5.6 writes: %s",
    async (name, wanted) => {
      const sent = await publish(name, callOf(name));

      expect(withNumberedIds(sent)).toEqual(withNumberedIds(wanted));
    },
  );

  test.each(capturedCases("celery/redis-publish-5.2.json", OTHERWISE_IN_5_2))(
    "writes what Celery 5.2 writes, but for what came later: %s",
    async (name, wanted) => {
      const sent = await publish(name, callOf(name));

      expect(withNumberedIds(withoutLaterNames(sent))).toEqual(withNumberedIds(withoutLaterNames(wanted)));
    },
  );
});
