/**
 * Names of the files in a data folder.
 *
 *     snapshot.7   everything, as it was when journal.7 began
 *     journal.7    what was changed since then
 *     journal.8    what was changed since snapshot.8 began to be written; together they replace the two above once it is there
 *
 * The state is the newest snapshot (if there is one) and all journals from its number on.
 * @module
 */

export interface Generations {
  /** The newest whole snapshot; 0: none. */
  readonly snapshot: number;
  /** Journals to be read after it, in order. */
  readonly journals: readonly number[];
  /** Files that are of no use any more. */
  readonly leftovers: readonly string[];
}

export function journalName(generation: number): string {
  return `journal.${generation}`;
}

export function snapshotName(generation: number): string {
  return `snapshot.${generation}`;
}

/** A snapshot has this name until it is whole. */
export function unfinishedName(generation: number): string {
  return `snapshot.${generation}.unfinished`;
}

/** Sorts the files of a folder. */
export function readGenerations(names: readonly string[]): Generations {
  const numbers = (kind: string) => names.map((name) => numberOf(name, kind)).filter((number) => number > 0);
  const snapshot = Math.max(0, ...numbers("snapshot"));
  const journals = numbers("journal").filter((number) => number >= snapshot).sort((a, b) => a - b);
  const leftovers = names.filter((name) =>
    /^snapshot\.\d+\.unfinished$/.test(name) || isOlder(name, "snapshot", snapshot) ||
    isOlder(name, "journal", snapshot)
  );
  return { snapshot, journals, leftovers };
}

/** The number in the name; 0 for other files. */
function numberOf(name: string, kind: string): number {
  const [, digits] = /^[a-z]+\.([1-9]\d{0,14})$/.exec(name) ?? [];
  return digits !== undefined && name.startsWith(`${kind}.`) ? Number(digits) : 0;
}

function isOlder(name: string, kind: string, snapshot: number): boolean {
  const number = numberOf(name, kind);
  return number > 0 && number < snapshot;
}
