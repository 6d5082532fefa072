import { realpathSync } from "node:fs";
import process from "node:process";
import { pathToFileURL } from "node:url";

/** True if the module of this URL is the program that was started, on every runtime. */
export function isMainModule(moduleUrl: string): boolean {
  const [, script] = process.argv;
  if (script === undefined) return false;
  try {
    return pathToFileURL(realpathSync(script)).href === moduleUrl;
  } catch {
    return false; // a program that is no file (`node -e`) is no module either
  }
}
