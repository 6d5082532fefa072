import { readFileSync } from "node:fs";

/** Numbers that Python writes into JSON and JSON does not have; the fixtures keep the exact text beside them. */
const NOT_JSON = /^(\s*)(?:-?Infinity|NaN)(,?)$/gm;

/** Reads a file below `test/fixtures`; it is ours and trusted to have the shape its reader names. */
export function fixture<T>(path: string): T {
  const text = readFileSync(new URL(`../fixtures/${path}`, import.meta.url), "utf8");
  return JSON.parse(text.replace(NOT_JSON, "$1null$2")) as T;
}
