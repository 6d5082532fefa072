import { describe, expect, test, vi } from "vitest";
import { linkSignals, onAbort } from "../../lib/base/abort.ts";

describe("linkSignals", () => {
  test("aborts with the reason of whichever signal aborts first", () => {
    const [a, b] = [new AbortController(), new AbortController()];
    const linked = linkSignals(a.signal, undefined, b.signal);

    b.abort("second");
    a.abort("first");

    expect(linked.signal.reason).toBe("second");
  });

  test("is aborted at once by a signal that was aborted before", () => {
    expect(linkSignals(undefined, AbortSignal.abort("before")).signal.reason).toBe("before");
  });

  test("hears nothing any more once it is unlinked", () => {
    const source = new AbortController();
    const linked = linkSignals(source.signal);

    linked.unlink();
    source.abort();

    expect(linked.signal.aborted).toBe(false);
  });
});

describe("onAbort", () => {
  test("calls the listener once, with the reason", () => {
    const source = new AbortController();
    const listener = vi.fn();
    onAbort(source.signal, listener);

    source.abort("stop");
    source.abort("again");

    expect(listener.mock.calls).toEqual([["stop"]]);
  });

  test("calls the listener at once if the signal has aborted", () => {
    const listener = vi.fn();

    onAbort(AbortSignal.abort("before"), listener);

    expect(listener).toHaveBeenCalledWith("before");
  });

  test("calls nobody after it was undone, nor without a signal", () => {
    const source = new AbortController();
    const listener = vi.fn();

    onAbort(source.signal, listener)();
    onAbort(undefined, listener)();
    source.abort();

    expect(listener).not.toHaveBeenCalled();
  });
});
