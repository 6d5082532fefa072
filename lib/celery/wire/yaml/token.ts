/**
 * What a YAML text consists of, line ends and indentation taken in.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */

/** What a token is. `…Start` of flow collections are brackets, of block collections nothing that is written. */
export type TokenKind =
  | "---"
  | "..."
  | "end of the text"
  | "block sequence"
  | "block mapping"
  | "block end"
  | "["
  | "]"
  | "{"
  | "}"
  | ","
  | "- "
  | "? "
  | ": "
  | "alias"
  | "anchor"
  | "tag"
  | "scalar";

export interface Token {
  readonly kind: TokenKind;
  /** Of an alias and an anchor the name, of a tag its short form, of a scalar its text. */
  readonly text: string;
  /** A scalar without quotes, whose type its text tells. */
  readonly isPlain: boolean;
  /** From 0. */
  readonly line: number;
}
