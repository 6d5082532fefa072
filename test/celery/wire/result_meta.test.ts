import { describe, expect, test } from "vitest";
import { DecodeError } from "../../../lib/celery/wire/errors.ts";
import { parseJson } from "../../../lib/celery/wire/json_read.ts";
import { stringifyJson } from "../../../lib/celery/wire/json_write.ts";
import { readResultMeta, readResultTuple, writeResultMeta } from "../../../lib/celery/wire/result_meta.ts";
import { fixture } from "../../support/fixture.ts";

interface ResultsFixture {
  readonly cases: Readonly<Record<string, { readonly published: readonly (readonly [string, string])[] }>>;
}
interface ExtendedFixture {
  readonly cases: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const published = ["5.2", "5.6"].flatMap((version) =>
  Object.entries(fixture<ResultsFixture>(`celery/redis-results-${version}.json`).cases).flatMap(([name, it]) =>
    it.published.filter(([key]) => key.startsWith("celery-task-meta-")).map(([key, text]) => ({
      name: `${version} ${name}`,
      id: key.replace("celery-task-meta-", ""),
      text,
    }))
  )
);
const extended = Object.entries(fixture<ExtendedFixture>("celery/redis-results-extended-5.6.json").cases)
  .flatMap(([name, metas]) =>
    Object.entries(metas).map(([key, text]) => ({ name, id: key.replace("celery-task-meta-", ""), text }))
  );

describe("readResultMeta", () => {
  test.each([...published, ...extended])(
    "reads and writes back, byte for byte, what Celery stored: $name",
    ({ id, text }) => {
      const meta = readResultMeta(parseJson(text, { floats: "exact" }), id);

      const withOffset = text.replace(
        /("date_done": "[^"]*\d)"/,
        (found, date) => /[+-]\d\d:\d\d$/.test(date) ? found : `${date}+00:00"`,
      );
      expect(stringifyJson(writeResultMeta(meta))).toBe(withOffset);
      expect(meta.taskId).toBe(id);
    },
  );

  test("takes a date without offset for UTC, and gives what is missing its default", () => {
    expect(readResultMeta({ status: "SUCCESS", date_done: "2026-11-24T16:01:34.626108" }, "x")).toEqual({
      taskId: "x",
      status: "SUCCESS",
      result: null,
      traceback: null,
      children: null,
      dateDone: "2026-11-24T16:01:34.626108+00:00",
    });
  });

  test.each([[null], [[]], ["SUCCESS"], [{}], [{ status: 5 }], [{ status: "SUCCESS", children: [5] }]])(
    "refuses %j",
    (stored) => {
      expect(() => readResultMeta(stored, "x")).toThrow(DecodeError);
    },
  );
});

describe("readResultTuple", () => {
  test("reads tasks, groups and what came before them", () => {
    const tuple = [["group", [["before", null], null]], [[["a", null], null], ["b", null]]];

    expect(readResultTuple(tuple)).toEqual([
      ["group", [["before", null], null]],
      [[["a", null], null], [["b", null], null]],
    ]);
  });

  test("refuses a tuple that is nested without end", () => {
    let tuple: unknown = [["x", null], null];
    for (let depth = 0; depth < 2000; depth++) tuple = [["x", tuple], null];

    expect(() => readResultTuple(tuple)).toThrow(DecodeError);
  });
});
