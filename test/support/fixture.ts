import { readFileSync } from "node:fs";

/** Reads a file below `test/fixtures`; it is ours and trusted to have the shape its reader names. */
export function fixture<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(`../fixtures/${path}`, import.meta.url), "utf8")) as T;
}
