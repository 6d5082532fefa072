import { posix } from "node:path";
import { withoutComments } from "./source_files.ts";

/** What each folder of `lib/` may import besides itself; every other arrow is a violation. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  "lib/base": [],
  "lib/net": ["lib/base"],
  "lib/proc": ["lib/base", "lib/net"],
  "lib/redis": ["lib/base", "lib/net"],
  "lib/amqp": ["lib/base", "lib/net"],
  "lib/broker": ["lib/base", "lib/net", "lib/redis/wire"],
  "lib/celery": ["lib/base", "lib/net", "lib/proc", "lib/redis", "lib/amqp"],
  "lib/pyro": ["lib/base", "lib/net"],
  "lib/socket": ["lib/base", "lib/net"],
};

/** Single files that may do what their folder may not. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  "lib/celery/transport/embedded.ts": ["lib/broker"], // starts the broker on demand
};

/** The one module of `lib/` that the scripts of a folder import. */
const SCRIPT_DOOR: Readonly<Record<string, string>> = {
  celery: "lib/celery/mod.ts",
  pyro: "lib/pyro/mod.ts",
  socket: "lib/socket/mod.ts",
};

/** Built-in modules that only the named places may import; `never` means nobody. */
const BUILTIN_HOMES: Readonly<Record<string, RegExp>> = {
  "node:net": /^lib\/net\//,
  "node:tls": /^lib\/net\/tls\.ts$/,
  "node:dgram": /^lib\/pyro\/naming\/broadcast\.ts$/,
};
const FORBIDDEN_BUILTINS = /^node:(https?|http2|worker_threads|cluster|inspector|vm|wasi)(\/|$)/;

interface Import {
  readonly from: string;
  readonly isType: boolean;
}

/** Every static import, re-export and dynamic import of a literal. */
export function importsOf(source: string): Import[] {
  const found: Import[] = [];
  const statement =
    /\b(import|export)\s+(type\s+)?(?:[\w*${}\s,]*?\bfrom\s*)?["']([^"'\n]+)["']|\bimport\(\s*["']([^"'\n]+)["']/g;
  for (const match of withoutComments(source).matchAll(statement)) {
    found.push({ from: match[3] ?? match[4] ?? "", isType: match[2] !== undefined });
  }
  return found;
}

function isPure(path: string): boolean {
  return path.startsWith("lib/base/") || /^lib\/.*\/wire\//.test(path);
}

/** Says for one import why it is not allowed, or nothing. */
function objection(path: string, { from, isType }: Import): string | undefined {
  if (from.startsWith("node:")) {
    if (isType) return undefined;
    if (FORBIDDEN_BUILTINS.test(from)) {
      return `${from} is never used: networking and processes are node:net and node:child_process`;
    }
    if (isPure(path) && from !== "node:buffer") return `${from} does IO, and base/ and wire/ are pure`;
    const home = BUILTIN_HOMES[from];
    if (home !== undefined && !home.test(path)) return `${from} is only for ${home.source}`;
    return undefined;
  }
  if (!from.startsWith(".")) return `${from} is a package, and there are no dependencies`;
  const target = posix.normalize(posix.join(posix.dirname(path), from));
  const folder = path.split("/").slice(0, path.startsWith("lib/") ? 2 : 1).join("/");
  const door = SCRIPT_DOOR[folder];
  if (door !== undefined) {
    return target === door || target.startsWith(`${folder}/`) ? undefined : `scripts import only ${door}`;
  }
  if (target.startsWith(`${folder}/`)) {
    const impure = path.includes("/wire/") && !isPure(target) && !isType; // a type is gone at run time
    return impure ? `${target} is not pure, and wire/ is` : undefined;
  }
  const allowed = [...(ARROWS[folder] ?? []), ...(EXCEPTIONS[path] ?? [])];
  if (!allowed.some((place) => target.startsWith(`${place}/`))) return `${folder} may not import ${target}`;
  if (path.includes("/wire/") && !isPure(target)) return `${target} is not pure, and wire/ is`;
  return undefined;
}

/** One sentence for each import that breaks the layering; `lib/tour.ts` stands above all layers. */
export function layerViolations(files: ReadonlyMap<string, string>): string[] {
  const violations: string[] = [];
  for (const [path, source] of files) {
    if (path === "lib/tour.ts") continue;
    for (const each of importsOf(source)) {
      const why = objection(path, each);
      if (why !== undefined) violations.push(`${path}: ${why}`);
    }
  }
  return violations;
}
