import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { utf8 } from "../../../lib/base/bytes.ts";
import { ProtocolError } from "../../../lib/base/errors.ts";
import { decodeEnvelope, encodeEnvelope } from "../../../lib/celery/wire/envelope.ts";
import {
  decodeFromChild,
  decodeToChild,
  encodeFromChild,
  encodeToChild,
  type FromChild,
  type TaskOrder,
  type ToChild,
} from "../../../lib/celery/worker/pool_message.ts";

const toChild = (message: ToChild) => decodeToChild(Buffer.concat(encodeToChild(message)));
const fromChild = (message: FromChild) => decodeFromChild(Buffer.concat(encodeFromChild(message)));

const order: TaskOrder = {
  kind: "task",
  job: 0xffff_ffff,
  staleAtMs: 1234.5,
  message: {
    headers: { task: "addTask.add", id: "t1", timelimit: [null, null], note: "Größe" },
    properties: { correlationId: "t1", replyTo: "r1", priority: 3, deliveryMode: 2 },
    contentType: "application/json",
    contentEncoding: "utf-8",
    body: utf8("[[5, 7], {}, {}]"),
  },
  exchange: "",
  routingKey: "celery",
  redelivered: true,
  timeLimit: 30,
  softTimeLimit: null,
};

describe("What supervisor and pool child say to each other", () => {
  test("carries a task with all that is known of its way", () => {
    expect(toChild(order)).toEqual({ ...order, message: { ...order.message, body: Buffer.from(order.message.body) } });
  });

  test("carries headers that JSON cannot", () => {
    const headers = { ...order.message.headers, big: 2n ** 70n, bytes: new Uint8Array([0, 255]), none: NaN };
    const read = toChild({ ...order, message: { ...order.message, headers } });
    expect(read).toMatchObject({ message: { headers } });
  });

  test("carries a task in the envelope in which it came, byte for byte", () => {
    const address = { exchange: "", routingKey: "celery", deliveryTag: "tag" };
    const envelope = utf8(encodeEnvelope(order.message, address));
    const { message } = decodeEnvelope(envelope);
    const parts = encodeToChild({ ...order, message });

    expect(parts[1]).toBe(envelope);
    const read = decodeToChild(Buffer.concat(parts)) as TaskOrder;
    expect({ ...read, message: { ...read.message, envelope: undefined } }).toEqual({
      ...order,
      message: { ...message, envelope: undefined },
    });
    for (const staleAtMs of [null, 0, 0.5]) {
      expect(toChild({ ...order, message, staleAtMs, timeLimit: null, softTimeLimit: 5, redelivered: false }))
        .toMatchObject({ staleAtMs, timeLimit: null, softTimeLimit: 5, redelivered: false });
    }
  });

  test("carries each way a job can end", () => {
    const began = { nowMs: 12.25, atMs: 1_764_000_000_000.5 };
    const reports: FromChild[] = [
      { kind: "started", job: 7, began },
      { kind: "done", job: 7, began, report: { outcome: { kind: "success", seconds: 0.002, result: "" }, runMs: 2 } },
      {
        kind: "done",
        job: 7,
        began,
        report: { outcome: { kind: "success", seconds: 0.002, result: "'ü'" }, runMs: 2 },
      },
      { kind: "done", job: 7, report: { outcome: { kind: "success", seconds: 0.002, result: "12" }, runMs: 2 } },
      {
        kind: "done",
        job: 7,
        began,
        report: { outcome: { kind: "success", seconds: 0.002, result: "12" }, runMs: 2, retire: true },
      },
      {
        kind: "done",
        job: 7,
        began,
        report: {
          outcome: { kind: "failure", exception: "ValueError('x')", traceback: "…", expected: false },
          runMs: 2,
        },
      },
      { kind: "returned", jobs: [1, 2, 3] },
      { kind: "event", type: "task-custom", fields: { uuid: "t1" } },
      { kind: "log", level: "INFO", text: "said", task: { id: "t1", name: "proj.add" } },
    ];
    for (const report of reports) expect(fromChild(report)).toEqual(report);
  });

  test("is refused where it is cut short or of no known kind", () => {
    const whole = Buffer.concat(encodeToChild(order));
    for (const size of [0, 8, 9, 20]) {
      expect(() => decodeToChild(whole.subarray(0, size))).toThrow(ProtocolError);
    }
    expect(() => decodeToChild(Buffer.from([99, 0, 0, 0, 0, 0, 0, 0, 0]))).toThrow("kind 99 is unknown");
    expect(() => decodeFromChild(Buffer.from([99, 0, 0, 0, 0, 0, 0, 0, 0]))).toThrow("kind 99 is unknown");
  });
});
