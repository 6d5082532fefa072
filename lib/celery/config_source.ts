import { existsSync } from "node:fs";
import { resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { asError, UsageError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import { isPlainObject } from "../base/pyvalue.ts";
import { type Config, settingNamed } from "./config.ts";

/** Settings, or the name of a module that exports them: each by its name, or all in its default export. */
export type ConfigSource = string | Readonly<Record<string, unknown>>;

export interface ConfigSourceOptions {
  /** Only what begins so is meant: with `PROJ`, `PROJ_BROKER_URL` is `brokerUrl`. Default: names as they are. */
  readonly namespace?: string | undefined;
  /** A module that is not there is no error. Default false. */
  readonly silent?: boolean | undefined;
}

const EXTENSIONS = [".ts", ".mts", ".js", ".mjs"];

/**
 * Takes from a source what the program has not set: what is in the environment, was given to the app's constructor, or was set
 * in `app.conf`, wins. Names that are no settings are passed over, as in Python.
 *
 * Spec: celery 5.6 celery/loaders/base.py `config_from_object`, celery/app/utils.py `detect_settings`
 *
 * @returns false for a module that is not there, where that is no error
 */
export async function readConfigSource(
  source: ConfigSource,
  { conf, log, namespace, silent = false }: ConfigSourceOptions & { readonly conf: Config; readonly log: Logger },
): Promise<boolean> {
  const given = typeof source === "string" ? await importSettings(source, silent) : source;
  if (given === undefined) return false;
  const found: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(given)) {
    const setting = settingNamed(withoutPrefix(key, namespace));
    if (setting === undefined) log.debug("What a configuration holds is no setting", { key });
    else if (!conf.isSet(setting)) found[namespace === undefined ? key : setting] = value;
  }
  conf.update(found);
  return true;
}

/** With a namespace, names are Python's in upper case. */
function withoutPrefix(key: string, namespace: string | undefined): string {
  if (namespace === undefined) return key;
  return key.startsWith(`${namespace}_`) ? key.slice(namespace.length + 1).toLowerCase() : "";
}

async function importSettings(name: string, silent: boolean): Promise<Readonly<Record<string, unknown>> | undefined> {
  const path = pathOf(name);
  if (path === undefined && silent) return undefined;
  try {
    const { default: all, ...each } = await import(path ?? name) as Readonly<Record<string, unknown>>;
    return isPlainObject(all) ? { ...all, ...each } : each;
  } catch (error) {
    const hint = path === undefined ? `; no ${fileOf(name)}.ts is in ${process.cwd()} either` : "";
    throw new UsageError(`Cannot read the configuration ${name}: ${asError(error).message}${hint}`, { cause: error });
  }
}

/** `./config.ts` is a file; so is `proj.config`, as in Python, if there is a `proj/config.ts`. Others are packages. */
function pathOf(name: string): string | undefined {
  const isPath = /^[./]/.test(name) || EXTENSIONS.some((extension) => name.endsWith(extension));
  const candidates = isPath ? [name] : EXTENSIONS.map((extension) => fileOf(name) + extension);
  const found = candidates.map((candidate) => resolve(candidate)).find((candidate) => existsSync(candidate));
  return found === undefined ? undefined : pathToFileURL(found).href;
}

function fileOf(name: string): string {
  return name.replaceAll(".", "/");
}
