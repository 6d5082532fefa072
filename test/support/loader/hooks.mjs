import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import process from "node:process";

const CACHE = fileURLToPath(new URL("../../../node_modules/.cache/test-typescript/", import.meta.url));

export async function load(url, context, nextLoad) {
  if (!url.startsWith("file:") || !/\.m?ts$/.test(url)) return nextLoad(url, context);
  const source = readFileSync(new URL(url));
  const cached = `${CACHE}${createHash("sha256").update(source).digest("hex")}.js`;
  return { format: "module", source: read(cached) ?? await compile(source, cached), shortCircuit: true };
}

function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined; // the first to need it
  }
}

async function compile(source, cached) {
  const { transform } = await import("esbuild"); // comes with tsx
  const { code } = await transform(source.toString("utf8"), { loader: "ts", format: "esm", target: "node20" });
  mkdirSync(CACHE, { recursive: true });
  const draft = `${cached}.${process.pid}`;
  writeFileSync(draft, code);
  renameSync(draft, cached);
  return code;
}
