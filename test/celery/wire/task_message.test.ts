import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { InvalidTaskError } from "../../../lib/celery/wire/errors.ts";
import { parseJson } from "../../../lib/celery/wire/json_read.ts";
import {
  hasTaskHeader,
  instantOf,
  isTaskV1,
  readTaskBody,
  readTaskHeaders,
  readTaskV1,
  writeTaskHeaders,
} from "../../../lib/celery/wire/task_message.ts";
import { fixture } from "../../support/fixture.ts";

interface PublishFixture {
  /** What a call left in Redis, or how it failed. */
  readonly cases: Readonly<Record<string, readonly { readonly raw?: string }[] | object>>;
}

const decodable = (envelope: { "content-type": string; headers: object }) =>
  envelope["content-type"] === "application/json" && !("compression" in envelope.headers);

const messages = ["5.2", "5.6"].flatMap((version) =>
  Object.entries(fixture<PublishFixture>(`celery/redis-publish-${version}.json`).cases).flatMap(([name, entries]) =>
    (Array.isArray(entries) ? entries : []).flatMap(({ raw }) =>
      raw === undefined ? [] : [{ name: `${version} ${name}`, envelope: JSON.parse(raw) }]
    )
  )
);

describe("readTaskHeaders", () => {
  test.each(messages.filter(({ envelope }) => hasTaskHeader(envelope.headers)))(
    "reads and writes back what Celery wrote: $name",
    ({ envelope }) => {
      const headers = readTaskHeaders(envelope.headers);

      const { compression: _, ...written } = { ...writeTaskHeaders(headers), compression: undefined };
      expect(written).toMatchObject(withoutCompression(envelope.headers));
      expect(Object.keys(written)).toEqual(
        expect.arrayContaining(Object.keys(withoutCompression(envelope.headers))),
      );
    },
  );

  test("needs only task and id", () => {
    expect(readTaskHeaders({ task: "proj.add", id: "x" })).toMatchObject({
      rootId: "x",
      parentId: null,
      retries: 0,
      timelimit: [null, null],
      ignoreResult: undefined,
      custom: {},
    });
  });

  test.each([
    [{ task: "proj.add" }, "Cannot read the task message: it has no id"],
    [{ task: 5, id: "x" }, "Cannot read the task message: its task header is not a text"],
    [{ task: "t", id: "x", eta: "tomorrow" }, "invalid ETA value 'tomorrow': "],
    [{ task: "t", id: "x", expires: 17 }, "invalid expires value 17: expected a text"],
  ])("refuses %j", (headers, message) => {
    expect(() => readTaskHeaders(headers)).toThrow(InvalidTaskError);
    expect(() => readTaskHeaders(headers)).toThrow(message);
  });

  test("takes headers of a wrong type for absent ones, where Celery lives without them", () => {
    const headers = readTaskHeaders({
      task: "t",
      id: "x",
      timelimit: "soon",
      retries: "two",
      stamps: [],
      stamped_headers: "a",
    });

    expect(headers).toMatchObject({ timelimit: [null, null], retries: 0, stamps: {}, stampedHeaders: null });
  });

  test("keeps headers of the sender's own, whatever their names", () => {
    const headers = readTaskHeaders(JSON.parse('{"task": "t", "id": "x", "mine": 1, "__proto__": {"y": 2}}'));

    expect(Object.entries(headers.custom)).toEqual([["mine", 1], ["__proto__", { y: 2 }]]);
  });
});

describe("readTaskBody", () => {
  test.each(messages.filter(({ envelope }) => decodable(envelope) && hasTaskHeader(envelope.headers)))(
    "reads what Celery wrote: $name",
    ({ envelope }) => {
      const payload = parseJson(Buffer.from(envelope.body, "base64").toString());

      const { args, kwargs, embed } = readTaskBody(payload);

      expect([args, kwargs, embed]).toEqual(payload);
    },
  );

  test("takes missing parts of the embed for null, and a text for its letters, as Celery does", () => {
    const nothing = { callbacks: null, errbacks: null, chain: null, chord: null };

    expect(readTaskBody(["ab", {}, null])).toEqual({ args: ["a", "b"], kwargs: {}, embed: nothing });
    expect(readTaskBody([[], {}, {}])).toEqual({ args: [], kwargs: {}, embed: nothing });
  });

  test("reads a body of protocol 1 below headers of protocol 2", () => {
    expect(readTaskBody({ args: [1], kwargs: { a: 2 }, callbacks: null })).toMatchObject({
      args: [1],
      kwargs: { a: 2 },
    });
  });

  test.each([
    [[1], "its body has 1 parts, expected args, kwargs and embed"],
    [{ a: 1 }, "its body is neither [args, kwargs, embed] nor of protocol 1"],
    [null, "its body is neither"],
    ["text", "its body is neither"],
    [[5, {}, {}], "Task arguments is not a list"],
    [[[], [], {}], "Task keyword arguments is not a mapping"],
    [[[], {}, { chain: [1] }], "chain[0] is not a signature"],
    [[[], {}, { chord: { task: "t", args: 5 } }], "args of the signature chord is not a list"],
    [[[], {}, { callbacks: [{ task: "t", options: [] }] }], "options of the signature callbacks[0] is not a mapping"],
  ])("refuses %j", (payload, message) => {
    expect(() => readTaskBody(payload)).toThrow(InvalidTaskError);
    expect(() => readTaskBody(payload)).toThrow(message);
  });
});

describe("readTaskV1", () => {
  test.each(messages.filter(({ envelope }) => !hasTaskHeader(envelope.headers)))(
    "reads protocol 1: $name",
    ({ envelope }) => {
      const payload = parseJson(Buffer.from(envelope.body, "base64").toString());
      if (!isTaskV1(payload)) throw new Error("not a task");

      const { headers, body, utc } = readTaskV1(payload, {});

      expect(headers).toMatchObject({ task: payload.task, id: payload.id, group: payload.taskset, eta: payload.eta });
      expect(body).toMatchObject({ args: payload.args, kwargs: payload.kwargs });
      expect(body.embed).toMatchObject({ callbacks: payload.callbacks, chord: payload.chord, chain: null });
      expect(utc).toBe(true);
    },
  );

  test("runs with nothing but a name and an id", () => {
    const { headers, body } = readTaskV1({ task: "t", id: "x" }, { mine: 1 });

    expect(headers).toMatchObject({ task: "t", id: "x", argsrepr: "()", kwargsrepr: "{}", custom: { mine: 1 } });
    expect(body).toMatchObject({ args: [], kwargs: {} });
  });

  test("does not take other objects for tasks", () => {
    for (const payload of [{}, [], null, "t", { task: 5 }, 7]) expect(isTaskV1(payload)).toBe(false);
  });
});

describe("instantOf", () => {
  const noon = Date.UTC(2030, 0, 1, 12);

  test.each([
    ["2030-01-01T12:00:00+00:00", noon],
    ["2030-01-01T12:00:00Z", noon],
    ["2030-01-01T13:00:00.000500+0100", noon],
    ["2030-01-01 10:00:00-02", noon],
    ["2030-01-01T12:00:00", noon],
    ["2030-01-01", Date.UTC(2030, 0, 1)],
  ])("reads %s", (text, epochMs) => {
    expect(instantOf(text, "UTC")).toBe(epochMs);
  });

  test("reads a time without offset on the clocks of the app's zone", () => {
    expect(instantOf("2030-01-01T12:00:00", "Europe/Berlin")).toBe(noon - 3_600_000);
    expect(instantOf("2030-07-01T12:00:00", "Europe/Berlin")).toBe(Date.UTC(2030, 6, 1, 10));
  });
});

function withoutCompression(headers: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { compression: _, ...rest } = headers;
  return rest;
}
