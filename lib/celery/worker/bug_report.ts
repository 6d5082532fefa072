import { arch, release, type } from "node:os";
import process from "node:process";
import { pyRepr } from "../../base/pyrepr.ts";
import type { Celery } from "../app.ts";
import { VERSION_BANNER } from "../version.ts";

/**
 * Versions, platform and settings without secrets.
 *
 * Source: celery 5.6 celery/app/utils.py `bugreport`
 */
export function bugReport(app: Celery): string {
  const settings = Object.entries(app.conf.toPython()).map(([name, value]) => `${name}: ${pyRepr(value)}`);
  return [
    "",
    `software -> celery:${VERSION_BANNER} ${runtime()}`,
    `platform -> system:${type()} arch:${arch()}`,
    `            kernel version:${release()}`,
    "loader   -> module",
    `settings -> transport:${app.brokerUri} results:${app.backendUri}`,
    "",
    ...settings,
    "",
  ].join("\n");
}

function runtime(): string {
  const { bun, deno, node } = process.versions as Readonly<Record<string, string | undefined>>;
  if (bun !== undefined) return `bun:${bun}`;
  return deno === undefined ? `node:${node}` : `deno:${deno}`;
}
