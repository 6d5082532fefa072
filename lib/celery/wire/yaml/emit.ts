/**
 * Nodes as a text, laid out as `yaml.safe_dump` does: blocks, indented by two, and texts without quotes where that is safe.
 *
 * Spec: PyYAML 6.0 yaml/emitter.py, `safe_dump` with its defaults
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { implicitTag } from "./implicit.ts";
import { Output } from "./output.ts";
import type { WrittenMapping, WrittenNode, WrittenScalar, WrittenSequence } from "./represent.ts";

const INDENT = 2;
/** A key that is longer, or has several lines, is announced by a question mark. */
const MAX_SIMPLE_KEY = 128;

export function emitYaml(root: WrittenNode): string {
  return new Emitter().document(root);
}

type Place = "root" | "item" | "part of a mapping" | "simple key";

class Emitter {
  readonly #out = new Output();
  readonly #written = new Set<WrittenNode>();

  document(root: WrittenNode): string {
    this.#node(root, "root");
    this.#out.indent = 0;
    this.#out.newLine();
    const isOpen = root.kind === "scalar" && styleOf(root, false) === "plain";
    return isOpen ? `${this.#out.text}...\n` : this.#out.text;
  }

  #node(node: WrittenNode, place: Place): void {
    const { anchor } = node;
    if (anchor !== undefined) {
      this.#out.indicator(`${this.#written.has(node) ? "*" : "&"}${anchor}`, true);
      if (this.#written.has(node)) return;
      this.#written.add(node);
    }
    switch (node.kind) {
      case "scalar":
        return this.#indented(() => this.#scalar(node, place === "simple key"), place === "root" ? 2 * INDENT : INDENT);
      case "sequence":
        if (node.items.length === 0) return this.#out.indicator("[]", true);
        return this.#sequence(node, place);
      case "mapping":
        if (node.tag === "set") this.#out.indicator("!!set", true);
        if (node.entries.length === 0) return this.#out.indicator("{}", true);
        return this.#mapping(node);
    }
  }

  #scalar(node: WrittenScalar, isSimpleKey: boolean): void {
    if (node.tag === "binary") this.#out.indicator("!!binary", true);
    switch (styleOf(node, isSimpleKey)) {
      case "plain":
        return this.#out.plain(node.text, !isSimpleKey);
      case "single":
        return this.#out.single(node.text, !isSimpleKey);
      case "double":
        return this.#out.double(node.text, !isSimpleKey);
      case "literal":
        return this.#out.literal(node.text);
    }
  }

  #sequence({ items }: WrittenSequence, place: Place): void {
    // behind a key it begins at the column of that
    const isIndentless = place === "part of a mapping" && !this.#out.isIndent;
    this.#indented(() => {
      for (const item of items) {
        this.#out.newLine();
        this.#out.indicator("-", true, true);
        this.#node(item, "item");
      }
    }, isIndentless ? 0 : INDENT);
  }

  #mapping({ entries }: WrittenMapping): void {
    this.#indented(() => {
      for (const [key, value] of entries) {
        this.#out.newLine();
        if (this.#isSimpleKey(key)) {
          this.#node(key, "simple key");
          this.#out.indicator(":", false);
        } else {
          this.#out.indicator("?", true, true);
          this.#node(key, "part of a mapping");
          this.#out.newLine();
          this.#out.indicator(":", true, true);
        }
        this.#node(value, "part of a mapping");
      }
    }, INDENT);
  }

  #isSimpleKey(key: WrittenNode): boolean {
    const anchorSize = key.anchor?.length ?? 0;
    if (this.#written.has(key) && key.anchor !== undefined) return true;
    if (key.kind !== "scalar") return false;
    const isOneLine = key.text !== "" && !key.text.includes("\n") && !/[\x85\u2028\u2029]/.test(key.text);
    const size = anchorSize + `!!${key.tag}`.length + Array.from(key.text).length;
    return isOneLine && size < MAX_SIMPLE_KEY;
  }

  #indented(write: () => void, by: number): void {
    this.#out.indent += by;
    write();
    this.#out.indent -= by;
  }
}

type Style = "plain" | "single" | "double" | "literal";

const SPECIAL = /[^\n -~]/;
/** Begins as something else, is followed by a colon or a comment somewhere, or has spaces at its ends. */
const NOT_PLAIN = /^(?:---|\.\.\.|[#,[\]{}&*!|>'"%@`]|[?:-](?:\s|$))|:(?:\s|$)|\s#|^\s|\s$|\n/;

function styleOf({ tag, text }: WrittenScalar, isSimpleKey: boolean): Style {
  if (tag === "binary") return text === "" || isSimpleKey ? "double" : "literal";
  if (implicitTag(text) === tag && !(isSimpleKey && text === "") && !SPECIAL.test(text) && !NOT_PLAIN.test(text)) {
    return "plain";
  }
  const isSingle = !SPECIAL.test(text) && !/\n | \n/.test(text) && !(isSimpleKey && text.includes("\n"));
  return isSingle ? "single" : "double";
}
