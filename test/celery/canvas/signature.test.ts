import { Buffer } from "node:buffer";
import { describe, expect, expectTypeOf, test } from "vitest";
import { Decimal } from "../../../lib/base/pyvalue.ts";
import { type AsyncResult, chain, chord, group, type GroupResult } from "../../../lib/celery/mod.ts";
import { fixture } from "../../support/fixture.ts";
import { projApp } from "../../support/proj_app.ts";

interface SignaturesFixture {
  readonly signatures: Readonly<Record<string, unknown>>;
}
const { signatures } = fixture<SignaturesFixture>("celery/canvas-signatures-5.6.json");

const data = (value: unknown) => JSON.parse(JSON.stringify(value));

describe("Signature", () => {
  const { app, add, echo, onerr, xsum } = projApp();
  const linked = add.s(1, 2);
  linked.link(add.s(3));
  linked.linkError(onerr.s());

  test.each([
    ["sig", add.s(1, 2)],
    ["sig_kw", echo.signature([1], { kwargs: { a: 2 } })],
    ["si", add.si(1, 2)],
    ["set", add.s(1).set({ queue: "q", priority: 3, countdown: 5, immutable: true })],
    ["link_method", linked],
    ["chain", chain(add.s(1, 2), add.s(3), add.s(4))],
    ["or", add.s(1, 2).pipe(add.s(3))],
    ["group", group(add.s(1, 1), add.s(2, 2))],
    ["group_or_sig", group(add.s(1, 1), add.s(2, 2)).pipe(xsum.s())],
    ["sig_or_group", add.s(1, 1).pipe(group(add.s(2), add.s(3)))],
    ["chain_group_mid", chain(add.s(1, 1), group(add.s(2), add.s(3)), xsum.s(), add.s(9))],
    ["chord", chord([add.s(1, 1), add.s(2, 2)], xsum.s())],
    ["chord_or_sig", chord([add.s(1, 1)], xsum.s()).pipe(add.s(5))],
    ["group_single_or", group(add.s(1, 1)).pipe(add.s(2) as never)], // a list and a number cannot be added
    ["chain_single", chain(add.s(1, 1))],
    ["chord_group_body", chord([add.s(1, 1), add.s(2, 2)], group(echo.signature(), echo.signature()))],
    ["map", xsum.map([[1], [2]])],
    ["starmap", add.starmap([[1, 1]])],
    ["chunks_group", add.chunks([[1, 1], [2, 2], [3, 3]], 2)],
    ["chain_of_chains", chain(chain(add.s(1, 1), add.s(2)), chain(add.s(3), add.s(4)))],
    ["group_nested", group(add.s(1, 1), group(add.s(2, 2)))],
    ["chain_on_error", chain(add.s(1, 1), add.s(2)).onError(onerr.s())],
    ["chord_on_error", chord([add.s(1, 1)], xsum.s()).onError(onerr.s())],
    ["clone_partial", add.s(2).clone([1])],
    ["skew", group(add.s(0, 0), add.s(1, 1), add.s(2, 2)).skew(1)],
  ])("is written as Python writes it: %s", (name, signature) => {
    expect(data(signature)).toEqual(data(signatures[name]));
  });

  test.each(Object.keys(signatures))("takes over what Python wrote: %s", (name) => {
    const { header, ...rest } = (signatures[name] as { kwargs: Record<string, unknown> }).kwargs;

    const signature = data(app.signature(signatures[name] as never));

    expect(signature.kwargs).toMatchObject(rest);
    if (Array.isArray(header)) expect(signature.kwargs.header).toEqual(header);
  });

  test("puts arguments of a call first, and takes none when it is immutable", () => {
    expect(add.s(2).clone([1]).args).toEqual([1, 2]);
    expect(add.si(5, 5).clone([1]).args).toEqual([5, 5]);
    expect(echo.signature([1], { kwargs: { a: 1, b: 1 } }).clone([], { kwargs: { b: 2 } }).kwargs).toEqual({
      a: 1,
      b: 2,
    });
  });

  test("takes bytes, decimals and large ints over from data as what they are", () => {
    const args = [Uint8Array.of(0xff), new Decimal("1.5"), 2n ** 70n];

    expect(app.signature({ ...data(echo.s()), args }).args).toEqual([Buffer.of(0xff), ...args.slice(1)]);
  });

  test("does not share options with its clones", () => {
    const original = add.s(1, 1);
    const copy = original.clone();
    copy.set({ queue: "other" }).link(add.s(1));

    expect(original.options).toEqual({});
  });

  test("does not add a link twice", () => {
    const signature = add.s(1, 1);
    signature.link(add.s(5));
    signature.link(add.s(5));

    expect(signature.options.link).toHaveLength(1);
  });

  test("knows its result before it is sent, once it is frozen", () => {
    const signature = add.s(1, 1);

    const result = signature.freeze({ id: "mine" });

    expect([result.id, signature.id, signature.freeze().id]).toEqual(["mine", "mine", "mine"]);
  });

  test("refuses what is no signature, and nesting without end", () => {
    let deep: unknown = { task: "t" };
    for (let depth = 0; depth < 500; depth++) {
      deep = { task: "celery.chain", kwargs: { tasks: [deep] }, subtask_type: "chain" };
    }

    expect(() => app.signature({ nothing: 1 } as never)).toThrow("signature is not a signature");
    expect(() => app.signature(deep as never)).toThrow("nested deeper than 200 levels");
  });

  test("refuses links of a group as a whole when it is sent, in Celery's words", () => {
    expect(() => group(add.s(1, 1)).applyAsync([], { link: add.s(1) })).toThrow(
      "Cannot add link to group: use a chord",
    );
    expect(() => group(add.s(1, 1)).applyAsync([], { linkError: onerr.s() })).toThrow(
      "Cannot add link to group: do that on individual tasks",
    );
  });

  test("knows at compile time what it takes and gives", () => {
    expectTypeOf(add.s(1, 2).delay).parameters.toEqualTypeOf<[]>();
    expectTypeOf(add.s(2).delay).parameters.toEqualTypeOf<[x: number]>();
    expectTypeOf(add.s(1, 2).delay).returns.toEqualTypeOf<AsyncResult<number>>();
    expectTypeOf(group(add.s(1, 1), onerr.s("x")).delay).returns.toEqualTypeOf<GroupResult<[number, string]>>();
    expectTypeOf(chain(add.s(1, 1), add.s(1)).delay).returns.toEqualTypeOf<AsyncResult<number>>();
    expectTypeOf(xsum.map([[1]]).delay).returns.toEqualTypeOf<AsyncResult<number[]>>();
    // @ts-expect-error a text is no number
    expect(() => add.s("1", 2)).not.toThrow();
    // @ts-expect-error onerr takes a text, and gets a number
    expect(() => add.s(1, 1).pipe(onerr.s())).not.toThrow();
  });
});
