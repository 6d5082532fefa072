import { withoutComments } from "./source_files.ts";

/** What one of the runtimes refuses, or Node 20 lacks, and what to write instead. */
const RULES: readonly { readonly pattern: RegExp; readonly why: string }[] = [
  {
    pattern: /^\s*@[A-Za-z]/m,
    why: "decorators stop native type stripping",
  },
  { pattern: /\bawait using\b/, why: "`await using` is a syntax error on Node 22: use try/finally" },
  { pattern: /^\s*using\s+\w+\s*=/m, why: "`using` is a syntax error on Node 22: use try/finally" },
  {
    pattern: /\bfrom\s+["'](buffer|child_process|crypto|events|fs|net|os|path|process|stream|tls|url|util|zlib)["']/,
    why: "built-ins are imported with node:",
  },
  { pattern: /\bfrom\s+["']\.[^"'\n]*(?<!\.ts|\.json)["']/, why: "relative imports end in .ts" },
  { pattern: /\brequire\s*\(/, why: "there is no require in a module" },
  { pattern: /\b__(dirname|filename)\b/, why: "use import.meta.url" },
  { pattern: /\bimport\.meta\.(main|dirname|filename)\b/, why: "missing on Node 20: use import.meta.url" },
  { pattern: /\bPromise\.(withResolvers|try)\b/, why: "missing on Node 20: use base/deferred.ts" },
  { pattern: /\bArray\.fromAsync\b/, why: "missing on Node 20" },
  { pattern: /\bUint8Array\.from(Hex|Base64)\b/, why: "missing on Node 20: use Buffer" },
  { pattern: /\bAsyncDisposableStack\b|\bnew DisposableStack\b/, why: "missing on Node 20" },
  { pattern: /\.(union|intersection|difference|isSubsetOf|isSupersetOf)\(/, why: "Set methods are missing on Node 20" },
  { pattern: /\bexport default\b|\bexport \*/, why: "modules list their exports by name" },
];

/** Rules that hold in `lib/` outside the places that talk to the terminal and the environment. */
const QUIET_RULES: readonly { readonly pattern: RegExp; readonly why: string }[] = [
  { pattern: /\bconsole\.\w+\(/, why: "the library is silent: take a Logger" },
  { pattern: /\bprocess\.env\b/, why: "the environment is read in env.ts, cli.ts and scripts" },
  { pattern: /\bprocess\.exit\(/, why: "only a program ends the process" },
];
/** Scripts, command lines and programs, and how a child process is told where its parent is. */
const MAY_SPEAK = /^(celery|pyro|socket)\/|\/(cli|env|tour)\.ts$|\/cli\/|_main\.ts$|^lib\/proc\/(child|parent)\.ts$/;

/** One sentence for each place that would not run unchanged on tsx, Node 22+, Deno and Bun. */
export function portabilityViolations(files: ReadonlyMap<string, string>): string[] {
  const violations: string[] = [];
  for (const [path, source] of files) {
    const code = withoutComments(source);
    const rules = MAY_SPEAK.test(path) ? RULES : [...RULES, ...QUIET_RULES];
    for (const { pattern, why } of rules) {
      const match = pattern.exec(code);
      if (match !== null) violations.push(`${path}: ${match[0].trim()} (${why})`);
    }
  }
  return violations;
}
