/**
 * The only place of the Celery library that reads the environment.
 * @module
 */
import process from "node:process";
import type { Settings } from "./settings.ts";

/** Variables by name; `process.env` has this shape. */
export type Environment = Readonly<Record<string, string | undefined>>;

const VARIABLES: readonly (readonly [variable: string, setting: keyof Settings])[] = [
  ["CELERY_BROKER_URL", "brokerUrl"],
  ["CELERY_BROKER_READ_URL", "brokerReadUrl"],
  ["CELERY_BROKER_WRITE_URL", "brokerWriteUrl"],
  ["CELERY_RESULT_BACKEND", "resultBackend"],
];

/** Of the module that settings are in, where the environment names one. */
export const CONFIG_MODULE_VARIABLE = "CELERY_CONFIG_MODULE";

/** What a variable says; undefined also where it is empty. */
export function variableFromEnvironment(
  name: string,
  environment: Environment = process.env,
): string | undefined {
  return environment[name] || undefined;
}

/**
 * Settings that the environment gives; in Celery they win over those in the program.
 *
 * Spec: celery 5.6 celery/app/utils.py `Settings.broker_url`, `result_backend`
 */
export function settingsFromEnvironment(environment: Environment = process.env): Partial<Settings> {
  const found = VARIABLES.filter(([variable]) => (environment[variable] ?? "") !== "");
  return Object.fromEntries(found.map(([variable, setting]) => [setting, environment[variable]]));
}
