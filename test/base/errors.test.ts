import { describe, expect, test } from "vitest";
import {
  asError,
  ConnectionError,
  LibError,
  LimitError,
  ProtocolError,
  RemoteError,
  TimeoutError,
  UsageError,
} from "../../lib/base/errors.ts";

describe("the error tree", () => {
  test.each([
    [new UsageError("x"), "UsageError", "ERR_USAGE"],
    [new UsageError("x", { code: "ERR_STATE" }), "UsageError", "ERR_STATE"],
    [new ConnectionError("x"), "ConnectionError", "ERR_CLOSED"],
    [new ProtocolError("x"), "ProtocolError", "ERR_PROTOCOL"],
    [new LimitError("x"), "LimitError", "ERR_LIMIT"],
    [new TimeoutError("x", 5), "TimeoutError", "ERR_TIMEOUT"],
    [new RemoteError("x"), "RemoteError", "ERR_REMOTE"],
  ])("gives %s its name and a stable code", (error, name, code) => {
    expect([error.name, error.code, error instanceof LibError]).toEqual([name, code, true]);
  });

  test("puts a limit under protocol, and protocol under connection, so that one catch takes them all", () => {
    const error = new LimitError("x", { offset: 7, replyCode: 501 });

    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toBeInstanceOf(ConnectionError);
    expect([error.offset, error.replyCode, error.maybeSent]).toEqual([7, 501, false]);
  });

  test("keeps the cause", () => {
    const cause = new Error("below");

    expect(new TimeoutError("x", 5, { cause }).cause).toBe(cause);
    expect(new ConnectionError("x", { cause, maybeSent: true })).toMatchObject({ cause, maybeSent: true });
  });
});

describe("asError", () => {
  test("returns an error itself, and says what else was thrown", () => {
    const error = new RangeError("mine");

    expect(asError(error)).toBe(error);
    expect(asError("text").message).toBe("A value that is no Error was thrown: text");
    expect(asError(undefined).message).toBe("A value that is no Error was thrown: undefined");
  });

  test("survives a value that has no text", () => {
    expect(asError(Object.create(null)).message).toBe("A value that is no Error was thrown: [object Object]");
    expect(asError(Symbol("s")).message).toBe("A value that is no Error was thrown: Symbol(s)");
  });
});
