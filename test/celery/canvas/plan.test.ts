import { Buffer } from "node:buffer";
import { describe, expect, test, vi } from "vitest";
import {
  type AnySignature,
  type AsyncResult,
  chain,
  chord,
  group,
  type GroupResult,
  type Signature,
  type StampingVisitor,
  type Task,
} from "../../../lib/celery/mod.ts";
import { createNode } from "../../../lib/celery/canvas/node.ts";
import { Signature as SignatureClass } from "../../../lib/celery/canvas/signature.ts";
import type { TaskPublication } from "../../../lib/celery/task_publication.ts";
import { fixture } from "../../support/fixture.ts";
import { withNumberedIds } from "../../support/normalized.ts";
import { projApp } from "../../support/proj_app.ts";

type Published = { readonly headers: object; readonly body: unknown; readonly queue: string };
type Recorded = Published | { readonly chord_size: number; readonly group: string } | { readonly saved_group: unknown };

interface CanvasFixture {
  readonly cases: Readonly<
    Record<string, { readonly signature: unknown; readonly events: readonly Recorded[]; readonly result: unknown }>
  >;
}

/** Everything a case can be made of. */
interface Parts {
  readonly add: Task<[x: number, y: number], number>;
  readonly xsum: Task<[numbers: number[]], number>;
  readonly echo: Task<unknown[], unknown>;
  readonly onerr: Task<[id: string], string>;
}

type AnySending = Signature<unknown, never[], AsyncResult | GroupResult>;

const monitoring: StampingVisitor = {
  onSignature: () => ({ monitor: "sig", stamped_headers: ["monitor"] }),
  onCallback: () => ({ callback: true }),
  onErrback: () => ({ errback: true }),
  onChordBody: () => ({ body: 1 }),
};

function linked<S extends Pick<Signature, "link" | "linkError">>(
  signature: S,
  callback?: AnySignature,
  errback?: AnySignature,
): S {
  if (callback !== undefined) signature.link(callback);
  if (errback !== undefined) signature.linkError(errback);
  return signature;
}

/** The cases of the fixture, written in TypeScript. */
const CASES: Readonly<Record<string, (parts: Parts) => AnySignature>> = {
  chain_group_end: ({ add }) => chain(add.s(1, 1), group(add.s(2), add.s(3))),
  chain_group_start: ({ add, xsum }) => chain(group(add.s(1, 1), add.s(2, 2)), xsum.s()),
  chain_group_start_long: ({ add, xsum }) => chain(group(add.s(1, 1), add.s(2, 2)), xsum.s(), add.s(3), add.s(4)),
  chain_two_groups: ({ add, xsum, echo }) =>
    chain(group(add.s(1, 1), add.s(2, 2)), group(echo.s(1), echo.s(2)), xsum.s()),
  chain_group_group: ({ add, echo }) => chain(add.s(1, 1), group(add.s(1), add.s(2)), group(echo.s(3), echo.s(4))),
  chain_in_chain: ({ add }) => chain(add.s(1, 1), chain(add.s(2), chain(add.s(3), add.s(4)))),
  chain_single: ({ add }) => chain(add.s(1, 1)),
  chain_group_of_one: ({ add }) => chain(add.s(1, 1), group(add.s(2)), add.s(3)),
  chain_link: ({ add, echo, onerr }) => linked(chain(add.s(1, 1), add.s(2)), echo.s(9), onerr.s()),
  chain_member_links: ({ add, echo, onerr }) =>
    chain(linked(add.s(1, 1), echo.s(8)), linked(add.s(2), undefined, onerr.s())),
  chain_chord_middle: ({ add, xsum }) => chain(add.s(1, 1), chord([add.s(2), add.s(3)], xsum.s()), add.s(4)),
  chain_chord_end: ({ add, xsum }) => chain(add.s(1, 1), chord([add.s(2), add.s(3)], xsum.s())),
  chord_chain_parts: ({ add, xsum }) => chord([chain(add.s(1, 1), add.s(2)), add.s(3, 3)], xsum.s()),
  chord_chain_body: ({ add, xsum }) => chord([add.s(1, 1), add.s(2, 2)], chain(xsum.s(), add.s(3))),
  chord_group_body: ({ add, echo }) => chord([add.s(1, 1), add.s(2, 2)], group(echo.s(1), echo.s(2))),
  chord_in_chord: ({ add, xsum }) => chord([chord([add.s(1, 1), add.s(2, 2)], xsum.s()), add.s(3, 3)], xsum.s()),
  chord_chord_body: ({ add, xsum, echo }) => chord([add.s(1, 1)], chord([echo.s(1), echo.s(2)], xsum.s())),
  chord_groups_in_header: ({ add, xsum }) => chord([group(add.s(1, 1), add.s(2, 2)), group(add.s(3, 3))], xsum.s()),
  chord_chain_ending_in_group: ({ add, xsum }) =>
    chord([chain(add.s(1, 1), group(add.s(2), add.s(3))), add.s(4, 4)], xsum.s()),
  chord_errback: ({ add, xsum, onerr }) =>
    linked(chord([add.s(1, 1), chord([add.s(2, 2)], xsum.s())], xsum.s()), undefined, onerr.s()),
  chord_options: ({ add, xsum }) => chord([add.s(1, 1), add.s(2, 2)], xsum.s()).set({ priority: 3, queue: "q7" }),
  chord_empty: ({ xsum }) => chord([], xsum.s()),
  chord_pipe_chain: ({ add, xsum }) => chord([add.s(1, 1), add.s(2, 2)], xsum.s()).pipe(chain(add.s(3), add.s(4))),
  chord_pipe_group: ({ add, xsum }) => chord([add.s(1, 1), add.s(2, 2)], xsum.s()).pipe(group(add.s(3), add.s(4))),
  group_chains_with_groups: ({ add }) => group(chain(add.s(1, 1), group(add.s(2), add.s(3))), add.s(4, 4)),
  group_single_chain_group: ({ add }) => group(chain(add.s(1, 1), group(add.s(2), add.s(3)))),
  group_nested: ({ add }) => group(add.s(1, 1), group(add.s(2, 2), group(add.s(3, 3), add.s(4, 4)))),
  group_of_chords: ({ add, xsum }) => group(chord([add.s(1, 1)], xsum.s()), chord([add.s(2, 2)], xsum.s())),
  group_options: ({ add }) => group(add.s(1, 1), add.s(2, 2)).set({ priority: 4 }),
  immutable_in_chain: ({ add }) => chain(add.s(1, 1), add.si(5, 5), add.s(6)),
  options_per_task: ({ add }) =>
    chain(
      add.s(1, 1).set({ queue: "q1", shadow: "first" }),
      add.s(2).set({ queue: "q2", priority: 5, timeLimit: 9 }),
    ),
  stamp_twice: ({ add }) => add.s(1, 1).stamp({ a: "x" }).stamp({ a: "y", b: 2 }),
  stamp_append: ({ add }) => add.s(1, 1).stamp({ a: "x" }, { append: true }).stamp({ a: "y" }, { append: true }),
  stamp_links: ({ add, echo, onerr }) => linked(add.s(1, 1), echo.s(1), onerr.s()).stamp({ a: "x" }),
  stamp_group: ({ add }) => group(add.s(1, 1), add.s(2, 2)).stamp({ a: "x" }),
  stamp_chord: ({ add, xsum }) => chord([add.s(1, 1), add.s(2, 2)], xsum.s()).stamp({ a: "x" }),
  stamp_part_then_chain: ({ add }) => chain(add.s(1, 1).stamp({ own: "1" }), add.s(2)).stamp({ a: "x" }),
  stamp_visitor: ({ add, echo, onerr }) =>
    linked(chain(add.s(1, 1), add.s(2)), echo.s(1), onerr.s()).stamp({}, { visitor: monitoring }),
  stamp_visitor_chord: ({ add, xsum }) =>
    chord([add.s(1, 1), add.s(2, 2)], xsum.s()).stamp({ a: "x" }, { visitor: monitoring }),
};

const VARIES = new Set(["origin", "lang", "argsrepr", "kwargsrepr"]);

function shown({ message, queueName }: TaskPublication): Published {
  const headers = Object.fromEntries(Object.entries(message.headers).filter(([name]) => !VARIES.has(name)));
  return { headers, body: JSON.parse(Buffer.from(message.body).toString()), queue: queueName ?? "" };
}

/** Messages, results, and what the backend was told: we tell it before the first message, Python before the last. */
function outcome(events: readonly Recorded[], result: unknown): unknown {
  const { messages, sizes, ...rest } = comparable({
    messages: events.filter((event) => "headers" in event),
    saved: events.filter((event) => "saved_group" in event),
    sizes: events.filter((event) => "chord_size" in event),
    result,
  }) as { messages: unknown; sizes: unknown[] };
  return { messages, sizes: sizes.map((size) => JSON.stringify(size)).sort(), ...rest };
}

/** Names of stamps are a set in Python: their order is chance. */
function withSortedStamps(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSortedStamps);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === "stamped_headers" && Array.isArray(item) ? [...item].sort() : withSortedStamps(item),
    ]),
  );
}

const comparable = (value: unknown) => withNumberedIds(withSortedStamps(value));

const { cases } = fixture<CanvasFixture>("celery/canvas-publish-5.6.json");

describe("planOf", () => {
  test.each(Object.keys(cases))("sends and stores what Celery 5.6 does: %s", async (name) => {
    const { app, ...parts } = projApp();
    const [build, wanted] = [CASES[name], cases[name]];
    if (build === undefined || wanted === undefined) throw new Error(`No signature is written down for ${name}`);
    const backend = await app.backend();
    const sent: Recorded[] = [];
    const told: Recorded[] = [];
    app.onPublish((publication) => void sent.push(shown(publication)));
    vi.spyOn(backend, "setChordSize").mockImplementation((groupId, size) => {
      told.push({ chord_size: size, group: groupId });
      return Promise.resolve();
    });
    vi.spyOn(backend, "saveGroup").mockImplementation((_, result) => {
      told.push({ saved_group: result });
      return Promise.resolve();
    });

    const signature = build({ ...parts, echo: anyTask(app) });
    const before = JSON.parse(JSON.stringify(signature));
    const result = (signature as AnySending).delay();
    await result.published;

    expect(comparable(before)).toEqual(comparable(wanted.signature));
    expect(outcome([...sent, ...told], result.asTuple())).toEqual(outcome(wanted.events, wanted.result));
  });
});

/** `echo` with any arguments: the one of the project is bound, which types of canvases need not know. */
function anyTask(app: SignatureClass["app"]): Task<unknown[], unknown> {
  return { s: (...args: unknown[]) => new SignatureClass(app, createNode("proj.echo", { args })) } as Task<
    unknown[],
    unknown
  >;
}
