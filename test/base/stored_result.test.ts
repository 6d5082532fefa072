/** The values are Python's, by way of `test/fixtures/capture/message_bodies.py`. */
import { describe, expect, test } from "vitest";
import { saysSuccess } from "../../lib/base/stored_result.ts";
import { storedResults } from "../support/message_bodies.ts";

describe("saysSuccess", () => {
  test.each(storedResults())("knows a success in $serializer", ({ success }) => {
    expect(saysSuccess(success.toString("latin1"))).toBe(true);
  });

  test.each(storedResults())(
    "is not deceived by a failure in $serializer that speaks of success",
    ({ failure, liar }) => {
      expect(saysSuccess(failure.toString("latin1"))).toBe(false);
      expect(saysSuccess(liar.toString("latin1"))).toBe(false);
    },
  );

  test("knows it in JSON that others have written, and with numbers that JSON has not", () => {
    expect(saysSuccess('{"result":1,"status":"SUCCESS"}')).toBe(true);
    expect(saysSuccess('{"status": "SUCCESS", "result": NaN}')).toBe(true);
  });

  test.each(["", "SUCCESS", "null", "{", '{"result": "SUCCESS"', '["SUCCESS"]', "\x80", "\xde", "pickled SUCCESS"])(
    "takes %j for nothing final",
    (text) => {
      expect(saysSuccess(text)).toBe(false);
    },
  );
});
