import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** Imports modules for the tasks they register: by path (`./more.ts`), or by name of a package. */
export async function importModules(modules: readonly string[]): Promise<void> {
  for (const module of modules) await importModule(module);
}

/** Imports one module, named in the same way. @returns what it exports */
export async function importModule(module: string): Promise<Readonly<Record<string, unknown>>> {
  return await import(/^[./]|\.[cm]?[jt]s$/.test(module) ? pathToFileURL(resolve(module)).href : module);
}
