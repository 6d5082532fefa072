/**
 * The Python originals of our scripts, which bear the same names: those in `test/python`, or with PYTHON_ORIGINALS=DIR in the
 * environment the user's own. Other Python programs in `test/python` belong to single tests and stay there.
 * @module
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { ROOT } from "./source_files.ts";

/** Our scripts that have an original, by their paths without extension. */
export const SCRIPTS = [
  "celery/addTask",
  "celery/addTask_main",
  "pyro/pyro_server",
  "pyro/pyro_client",
  "pyro/chainTopology",
  "socket/server",
  "socket/client",
  "socket/addTask",
] as const;

export type ScriptName = (typeof SCRIPTS)[number];

/** The user's own folder of originals; undefined where ours are used. */
export function ownOriginals(): string | undefined {
  const folder = process.env.PYTHON_ORIGINALS;
  return folder === undefined || folder === "" ? undefined : resolve(folder);
}

/** The folder that holds `celery`, `pyro` and `socket`. */
export function originalsFolder(): string {
  return ownOriginals() ?? join(ROOT, "test/python");
}

export function originalPath(name: ScriptName): string {
  return join(originalsFolder(), `${name}.py`);
}

/** True if there is an original of that name. */
export function hasOriginal(name: ScriptName): boolean {
  return existsSync(originalPath(name));
}
