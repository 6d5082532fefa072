/**
 * `check-config`: prints what is configured by the environment, as Python's `pyro4-check-config` does.
 *
 * Spec: Pyro4 4.82 `Pyro4/configuration.py` `Configuration.dump`
 * @module
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { configFromVariables, FRACTIONS } from "../config.ts";
import { PROTOCOL_VERSION } from "../wire/message.ts";
import { pythonRepr } from "../wire/python_text.ts";
import type { CommandIo } from "./io.ts";

/** @throws {UsageError} `invalid boolean value: …` and the like */
export function runCheckConfig(_argv: readonly string[], io: CommandIo): Promise<void> {
  const items: [string, string][] = Object.entries(configFromVariables(io.env)).map((
    [name, value],
  ) => [name, shown(name, value)]);
  for (const name of ["LOGFILE", "LOGLEVEL"]) items.push([name, io.env[`PYRO_${name}`] ?? "None"]);
  const lines = [
    "Pyro version: 4.82",
    `Loaded from: ${fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "")}`,
    `Node version: ${process.versions.node} (${process.platform})`,
    `Protocol version: ${PROTOCOL_VERSION}`,
    "Currently active configuration settings:",
    ...items.sort(([a], [b]) => a < b ? -1 : 1).map(([name, value]) => `${name} = ${value}`),
  ];
  io.print(`${lines.join("\n")}\n`);
  return Promise.resolve();
}

/** As Python's `str` has it. */
function shown(name: string, value: string | number | boolean | null): string {
  if (name === "SERIALIZERS_ACCEPTED") return pythonRepr(new Set(String(value).split(",")));
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return FRACTIONS.has(name) && Number.isInteger(value) ? `${value}.0` : String(value);
  return value ?? "None";
}
