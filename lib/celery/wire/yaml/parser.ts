/**
 * Tokens as a tree of nodes, each with its tag; an alias is the node of its anchor.
 *
 * Spec: YAML 1.1 §3 · PyYAML 6.0 yaml/parser.py, yaml/composer.py
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { LimitError } from "../../../base/errors.ts";
import { DecodeError } from "../errors.ts";
import { implicitTag } from "./implicit.ts";
import { Scanner } from "./scanner.ts";
import type { Token, TokenKind } from "./token.ts";

export type YamlNode = ScalarNode | SequenceNode | MappingNode;

interface Common {
  /** `int` for `tag:yaml.org,2002:int`, others as they are written: `!mine`. */
  readonly tag: string;
  /** Nodes and characters that it comes to, with aliases written out. */
  readonly weight: number;
}

export interface ScalarNode extends Common {
  readonly kind: "scalar";
  readonly text: string;
}

export interface SequenceNode extends Common {
  readonly kind: "sequence";
  readonly items: readonly YamlNode[];
}

export interface MappingNode extends Common {
  readonly kind: "mapping";
  readonly entries: readonly YamlEntry[];
}

export type YamlEntry = readonly [key: YamlNode, value: YamlNode];

/** What a text may come to with its aliases written out, unless it is longer itself. */
const MAX_WEIGHT = 16 * 1024 * 1024;

const ENDS_BLOCK_ITEM: readonly TokenKind[] = ["- ", "block end"];
const ENDS_INDENTLESS_ITEM: readonly TokenKind[] = ["- ", "? ", ": ", "block end"];
const ENDS_BLOCK_PART: readonly TokenKind[] = ["? ", ": ", "block end"];
const ENDS_PAIR_KEY: readonly TokenKind[] = [": ", ",", "]"];
const ENDS_PAIR_VALUE: readonly TokenKind[] = [",", "]"];
const ENDS_FLOW_KEY: readonly TokenKind[] = [": ", ",", "}"];
const ENDS_FLOW_VALUE: readonly TokenKind[] = [",", "}"];

/**
 * @param maxDepth of collections in collections
 * @returns undefined for a text without a document
 * @throws {DecodeError} unless it is one document; {LimitError}
 */
export function parseYaml(text: string, maxDepth: number): YamlNode | undefined {
  return new Parser(text, maxDepth).document();
}

class Parser {
  readonly #scanner: Scanner;
  readonly #maxDepth: number;
  readonly #maxWeight: number;
  /** Undefined while the node is being read. */
  readonly #anchors = new Map<string, YamlNode | undefined>();
  #depth = 0;

  constructor(text: string, maxDepth: number) {
    this.#scanner = new Scanner(text);
    this.#maxDepth = maxDepth;
    this.#maxWeight = Math.max(MAX_WEIGHT, 4 * text.length);
  }

  document(): YamlNode | undefined {
    if (this.#next("end of the text")) return undefined;
    const isExplicit = this.#skip("---");
    const isEmpty = isExplicit && this.#next("---", "...", "end of the text");
    const node = isEmpty ? EMPTY : this.#node(true);
    while (this.#skip("..."));
    if (!this.#next("end of the text")) this.#fail("expected a single document");
    return node;
  }

  #next(...kinds: readonly TokenKind[]): boolean {
    return kinds.includes(this.#scanner.peek().kind);
  }

  #skip(kind: TokenKind): boolean {
    if (this.#scanner.peek().kind !== kind) return false;
    this.#scanner.take();
    return true;
  }

  #textOf(kind: TokenKind): string | undefined {
    return this.#next(kind) ? this.#scanner.take().text : undefined;
  }

  /** @param isBlock outside of brackets @param isIndentless a sequence may begin at the column of the key before it */
  #node(isBlock: boolean, isIndentless = false): YamlNode {
    const alias = this.#textOf("alias");
    if (alias !== undefined) return this.#anchored(alias);
    let anchor = this.#textOf("anchor");
    const tag = this.#textOf("tag");
    anchor ??= this.#textOf("anchor");
    if (anchor === undefined) return this.#content(tag, false, isBlock, isIndentless);
    if (this.#anchors.has(anchor)) throw new DecodeError(`Cannot read YAML: the anchor ${anchor} is there twice`);
    this.#anchors.set(anchor, undefined);
    const node = this.#content(tag, true, isBlock, isIndentless);
    this.#anchors.set(anchor, node);
    return node;
  }

  #anchored(name: string): YamlNode {
    const node = this.#anchors.get(name);
    if (node !== undefined) return node;
    const why = this.#anchors.has(name) ? `what is anchored as ${name} contains itself` : `there is no anchor ${name}`;
    throw new DecodeError(`Cannot read YAML: ${why}`);
  }

  #content(tag: string | undefined, hasAnchor: boolean, isBlock: boolean, isIndentless: boolean): YamlNode {
    const { kind } = this.#scanner.peek();
    switch (kind) {
      case "scalar":
        return this.#scalar(this.#scanner.take(), tag);
      case "[":
        return this.#sequence(tag, this.#nested(() => this.#flowItems()));
      case "{":
        return this.#mapping(tag, this.#nested(() => this.#flowEntries()));
      case "- ":
        if (isIndentless) return this.#sequence(tag, this.#nested(() => this.#indentlessItems()));
        break;
      case "block sequence":
        if (isBlock) return this.#sequence(tag, this.#nested(() => this.#blockItems()));
        break;
      case "block mapping":
        if (isBlock) return this.#mapping(tag, this.#nested(() => this.#blockEntries()));
    }
    if (tag !== undefined || hasAnchor) return this.#scalar({ text: "", isPlain: true }, tag);
    this.#fail("expected a value");
  }

  #scalar({ text, isPlain }: Pick<Token, "text" | "isPlain">, tag: string | undefined): ScalarNode {
    const isImplicit = tag === "!" || (tag === undefined && isPlain);
    return { kind: "scalar", tag: isImplicit ? implicitTag(text) : tag ?? "str", text, weight: 1 + text.length };
  }

  #sequence(tag: string | undefined, items: readonly YamlNode[]): SequenceNode {
    let weight = 1;
    for (const item of items) weight += item.weight;
    return { kind: "sequence", tag: typeOf(tag) ?? "seq", items, weight: this.#checked(weight) };
  }

  #mapping(tag: string | undefined, entries: readonly YamlEntry[]): MappingNode {
    let weight = 1;
    for (const [key, value] of entries) weight += key.weight + value.weight;
    return { kind: "mapping", tag: typeOf(tag) ?? "map", entries, weight: this.#checked(weight) };
  }

  #checked(weight: number): number {
    if (weight <= this.#maxWeight) return weight;
    throw new LimitError(`Cannot read YAML: its aliases come to more than ${this.#maxWeight} characters and values`);
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > this.#maxDepth) {
      throw new LimitError(`Cannot read YAML: nested deeper than ${this.#maxDepth} levels`);
    }
    const parts = read();
    this.#depth--;
    return parts;
  }

  /** A node, or nothing where what follows ends its place. */
  #nodeUnless(ends: readonly TokenKind[], isBlock: boolean, isIndentless = false): YamlNode {
    return this.#next(...ends) ? EMPTY : this.#node(isBlock, isIndentless);
  }

  #blockItems(): YamlNode[] {
    const items: YamlNode[] = [];
    this.#scanner.take();
    while (this.#skip("- ")) items.push(this.#nodeUnless(ENDS_BLOCK_ITEM, true));
    this.#end("block end");
    return items;
  }

  #indentlessItems(): YamlNode[] {
    const items: YamlNode[] = [];
    while (this.#skip("- ")) items.push(this.#nodeUnless(ENDS_INDENTLESS_ITEM, true));
    return items;
  }

  #blockEntries(): YamlEntry[] {
    const entries: YamlEntry[] = [];
    this.#scanner.take();
    while (this.#skip("? ")) {
      const key = this.#nodeUnless(ENDS_BLOCK_PART, true, true);
      entries.push([key, this.#skip(": ") ? this.#nodeUnless(ENDS_BLOCK_PART, true, true) : EMPTY]);
    }
    this.#end("block end");
    return entries;
  }

  #flowItems(): YamlNode[] {
    const items: YamlNode[] = [];
    this.#scanner.take();
    while (!this.#next("]")) {
      if (items.length > 0) this.#end(",");
      if (this.#skip("? ")) {
        const key = this.#nodeUnless(ENDS_PAIR_KEY, false);
        const value = this.#skip(": ") ? this.#nodeUnless(ENDS_PAIR_VALUE, false) : EMPTY;
        items.push(this.#mapping(undefined, [[key, value]]));
      } else if (!this.#next("]")) items.push(this.#node(false));
    }
    this.#scanner.take();
    return items;
  }

  #flowEntries(): YamlEntry[] {
    const entries: YamlEntry[] = [];
    this.#scanner.take();
    while (!this.#next("}")) {
      if (entries.length > 0) this.#end(",");
      if (this.#skip("? ")) {
        const key = this.#nodeUnless(ENDS_FLOW_KEY, false);
        entries.push([key, this.#skip(": ") ? this.#nodeUnless(ENDS_FLOW_VALUE, false) : EMPTY]);
      } else if (!this.#next("}")) entries.push([this.#node(false), EMPTY]);
    }
    this.#scanner.take();
    return entries;
  }

  #end(kind: TokenKind): void {
    if (!this.#skip(kind)) this.#fail(`expected ${kind}`);
  }

  #fail(why: string): never {
    const { kind, line } = this.#scanner.peek();
    throw new DecodeError(`Cannot read YAML: ${why} at line ${line + 1}, got ${kind}`);
  }
}

const EMPTY: ScalarNode = { kind: "scalar", tag: "null", text: "", weight: 1 };

/** A tag that says nothing is none. */
function typeOf(tag: string | undefined): string | undefined {
  return tag === "!" ? undefined : tag;
}
