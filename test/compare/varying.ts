/**
 * What differs from run to run and says nothing about a program: ids, ports, times, temporary folders.
 * @module
 */

const VARYING: readonly (readonly [pattern: RegExp, stands: string])[] = [
  [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "ID"],
  [/obj_[0-9a-f]{32}/g, "obj_ID"],
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:,\d{3})?/g, "TIME"],
  [/\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}/g, "TIME"],
  [/succeeded in [\d.e-]+s/g, "succeeded in SECONDS"],
  [/(localhost|127\.0\.0\.1):\d+/g, "$1:PORT"],
  [/ForkPoolWorker-\d+/g, "ForkPoolWorker-N"],
];

/** The line with placeholders for all that. */
export function withoutVarying(line: string): string {
  return VARYING.reduce((text, [pattern, stands]) => text.replace(pattern, stands), line.trimEnd());
}

/** 1 if two lines are equal but for that, else 0. */
export function sameButVarying(left: string, right: string): number {
  return withoutVarying(left) === withoutVarying(right) ? 1 : 0;
}
