/**
 * What a key can hold: a binary string (one character a byte), or one of four containers.
 * @module
 */
import { Hash, type ReadonlyHash } from "./hash.ts";
import { List, type ReadonlyList } from "./list.ts";
import { MemberSet, type ReadonlyMemberSet } from "./member_set.ts";
import { type ReadonlySortedSet, SortedSet } from "./sorted_set.ts";

export interface Containers {
  readonly list: List;
  readonly hash: Hash;
  readonly set: MemberSet;
  readonly zset: SortedSet;
}

export interface ReadonlyContainers {
  readonly list: ReadonlyList;
  readonly hash: ReadonlyHash;
  readonly set: ReadonlyMemberSet;
  readonly zset: ReadonlySortedSet;
}

export type ContainerKind = keyof Containers;
export type Container = Containers[ContainerKind];
export type Value = string | Container;
/** As TYPE answers. */
export type ValueKind = "string" | ContainerKind;

const BUILDERS: { readonly [K in ContainerKind]: () => Containers[K] } = {
  list: () => new List(),
  hash: () => new Hash(),
  set: () => new MemberSet(),
  zset: () => new SortedSet(),
};

export function newContainer<K extends ContainerKind>(kind: K): Containers[K] {
  return BUILDERS[kind]();
}

export function kindOf(value: Value): ValueKind {
  return typeof value === "string" ? "string" : value.kind;
}

/** The value itself where nobody can change it, else a copy. Strings inside are shared, so that is quick. */
export function frozenCopy(value: Value): Value {
  return typeof value === "string" ? value : value.clone();
}

/** Estimated memory of the value. */
export function bytesOf(value: Value): number {
  return typeof value === "string" ? value.length : value.bytes;
}
