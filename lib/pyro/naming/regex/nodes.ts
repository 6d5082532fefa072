import type { CharacterTest } from "./characters.ts";

/** A place between two characters. The first two ignore line ends, the others know them. */
export type Place =
  | "start"
  | "end"
  | "line start"
  | "line end"
  | "last line end"
  | "boundary"
  | "no boundary"
  | "ASCII boundary"
  | "no ASCII boundary";

/** A pattern, read. */
export type RegexNode =
  | { readonly kind: "character"; readonly test: CharacterTest }
  | { readonly kind: "place"; readonly place: Place }
  | { readonly kind: "sequence"; readonly items: readonly RegexNode[] }
  | { readonly kind: "choice"; readonly items: readonly RegexNode[] }
  | { readonly kind: "repeat"; readonly least: number; readonly most: number; readonly item: RegexNode }
  /** `(?=…)`, `(?!…)`, `(?<=…)`, `(?<!…)` */
  | { readonly kind: "look"; readonly isAhead: boolean; readonly isNegated: boolean; readonly item: RegexNode };

/** The fewest and the most characters that a node matches. */
export function widthOf(node: RegexNode): readonly [least: number, most: number] {
  switch (node.kind) {
    case "character":
      return [1, 1];
    case "place":
    case "look":
      return [0, 0];
    case "sequence":
      return node.items.map(widthOf).reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
    case "choice": {
      const widths = node.items.map(widthOf);
      return [Math.min(...widths.map(([least]) => least)), Math.max(...widths.map(([, most]) => most))];
    }
    case "repeat": {
      const [least, most] = widthOf(node.item);
      return [least * node.least, most === 0 || node.most === 0 ? 0 : most * node.most];
    }
  }
}
