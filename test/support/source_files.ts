import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's root folder. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Folders whose TypeScript is shipped, as opposed to `test/`. */
export const SHIPPED = ["lib", "celery", "pyro", "socket"] as const;

/** Every `.ts` file below the given folders, by its path from the root, with its text. */
export function sourceFiles(folders: readonly string[] = SHIPPED): Map<string, string> {
  const files = new Map<string, string>();
  for (const folder of folders) {
    for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })) {
      if (!entry.isFile() || !entry.name.endsWith(".ts")) continue;
      const path = join(entry.parentPath ?? entry.path, entry.name);
      files.set(relative(ROOT, path).replaceAll("\\", "/"), readFileSync(path, "utf8"));
    }
  }
  return files;
}

/** The source without comments; strings stay, so a `//` inside one is left alone where a quote stands before it on its line. */
export function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^([^"'`\n]*?)\/\/.*$/gm, "$1");
}
