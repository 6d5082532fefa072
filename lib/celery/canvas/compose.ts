import { UsageError } from "../../base/errors.ts";
import type { Celery } from "../app.ts";
import type { AsyncResult } from "../async_result.ts";
import type { GroupResult } from "../group_result.ts";
import { combineAll } from "./combine.ts";
import { chordNode, clone, groupNode } from "./node.ts";
import { type AnySignature, type GroupSignature, Signature } from "./signature.ts";

/** What a signature results in. */
export type ResultOf<S> = S extends Signature<infer R, infer _M, infer _Result> ? R : unknown;

/** What the last of a list results in, and what the first still takes. */
export type ChainOf<Steps extends readonly AnySignature[]> = Steps extends readonly [infer First, ...infer _Rest]
  ? Steps extends readonly [...infer _Before, infer Last]
    ? First extends Signature<infer _R1, infer M, infer _Result1>
      ? Last extends Signature<infer R2, infer _M2, infer Result2> ? Signature<R2, M, Result2> : Signature
    : Signature
  : Signature
  : Signature;

/**
 * Tasks one after the other, each with the result of the one before: `chain(add.s(2, 2), add.s(4))`.
 *
 * Chains in it are spliced in; a group before another task becomes a chord.
 */
export function chain<const Steps extends readonly AnySignature[]>(...steps: Steps): ChainOf<Steps> {
  const app = appOf(steps, "chain");
  return new Signature(app, combineAll(steps.map((step) => step.node), app.canvasContext)) as ChainOf<Steps>;
}

/** Tasks side by side: `group(add.s(2, 2), add.s(4, 4))`, or one list of them. */
export function group<const Members extends readonly AnySignature[]>(
  ...members: Members
): GroupSignature<{ -readonly [Index in keyof Members]: ResultOf<Members[Index]> }>;
export function group<S extends AnySignature>(members: Iterable<S>): GroupSignature<ResultOf<S>[]>;
export function group(...given: readonly (AnySignature | Iterable<AnySignature>)[]): GroupSignature {
  const members = given.flatMap((each) => isSignature(each) ? [each] : [...each]);
  return new Signature(appOf(members, "group"), groupNode(members.map((member) => clone(member.node))));
}

/** Tasks side by side, then `body` with the list of their results: `chord([add.s(2, 2), add.s(4, 4)], sum.s())`. */
export function chord<R, M extends unknown[], Result extends AsyncResult | GroupResult>(
  header: AnySignature | Iterable<AnySignature>,
  body: Signature<R, M, Result>,
): Signature<R, unknown[], Result> {
  const nodes = isSignature(header) ? header.node : Array.from(header, (part) => part.node);
  return new Signature(body.app, chordNode(nodes, body.node));
}

function appOf(signatures: readonly AnySignature[], what: string): Celery {
  const [first] = signatures;
  if (first === undefined) throw new UsageError(`Cannot make a ${what}: it has no signatures`);
  return first.app;
}

function isSignature(given: AnySignature | Iterable<AnySignature>): given is AnySignature {
  return given instanceof Signature;
}
