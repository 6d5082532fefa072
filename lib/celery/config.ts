import { UsageError } from "../base/errors.ts";
import { type Setting, SETTINGS } from "./settings_table.ts";
import type { Settings } from "./settings.ts";

type SettingName = keyof Settings;

/** `task_acks_late` of `taskAcksLate`. */
export function pythonName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

const NAMES = Object.keys(SETTINGS) as SettingName[];

/** Every name a setting goes by: `taskAcksLate`, `task_acks_late`, `CELERY_TASK_ACKS_LATE`, `CELERY_ACKS_LATE`. */
const BY_ANY_NAME: ReadonlyMap<string, SettingName> = new Map(
  NAMES.flatMap((name): [string, SettingName][] => [
    [`CELERY_${pythonName(name).toUpperCase()}`, name],
    [SETTINGS[name].oldName, name],
    [pythonName(name), name],
    [name, name],
  ]),
);

/** Aliases that `new Celery` has in Python. */
const ALIASES: ReadonlyMap<string, SettingName> = new Map([["broker", "brokerUrl"], ["backend", "resultBackend"]]);

/**
 * The settings of one app: `app.conf.taskAlwaysEager = true`, `app.conf.update({ … })`.
 *
 * Every value is checked when it is set. An app reads most settings once, when it first publishes or starts a worker: set them
 * before.
 */
export type Config = Settings & ConfigMethods;

export interface ConfigMethods {
  /**
   * Sets several at once, by any of their names: `taskAcksLate`, `task_acks_late`, `CELERY_ACKS_LATE`.
   *
   * @throws {UsageError} for a name that is none, or old and new upper-case names in one call, as in Python
   */
  update(values: Partial<Settings> | Readonly<Record<string, unknown>>): void;
  /** True if the setting was set, not left at its default. */
  isSet(name: keyof Settings): boolean;
  /** All settings under Python's names: what `inspect conf` shows. @param withDefaults default false: only those that were set */
  toPython(withDefaults?: boolean): Record<string, unknown>;
}

/** Settings at their defaults. */
export function createConfig(): Config {
  const values = new Map<SettingName, unknown>();
  const set = (name: SettingName, value: unknown) => {
    if (value === undefined) values.delete(name);
    else values.set(name, SETTINGS[name].check(name, value));
  };
  const methods: ConfigMethods = {
    update(given) {
      refuseMixedNames(Object.keys(given));
      for (const [key, value] of Object.entries(given)) set(settingOf(key), value);
    },
    isSet: (name) => values.has(name),
    toPython(withDefaults = false) {
      const names = withDefaults ? NAMES : NAMES.filter((name) => values.has(name));
      return Object.fromEntries(
        names.map((name) => [pythonName(name), values.has(name) ? values.get(name) : SETTINGS[name].default]),
      );
    },
  };
  for (const name of NAMES) {
    const { default: otherwise }: Setting<unknown> = SETTINGS[name];
    Object.defineProperty(methods, name, {
      enumerable: true,
      get: () => values.has(name) ? values.get(name) : otherwise,
      set: (value: unknown) => set(name, value),
    });
  }
  return Object.seal(methods) as Config;
}

/** The setting that goes by this name, if one does. */
export function settingNamed(key: string): SettingName | undefined {
  return BY_ANY_NAME.get(key) ?? ALIASES.get(key);
}

function settingOf(key: string): SettingName {
  const name = settingNamed(key);
  if (name === undefined) throw new UsageError(`Cannot use the setting ${key}: there is none of that name${hint(key)}`);
  return name;
}

/** A name that differs in case and underscores only. */
function hint(key: string): string {
  const bare = (text: string) => text.replaceAll("_", "").toLowerCase();
  const near = NAMES.find((name) => bare(name) === bare(key) || bare(name).startsWith(bare(key)));
  return near === undefined ? "" : `; is ${near} meant?`;
}

/** Python refuses `CELERY_…` names of before 4.0 beside new ones: one of the two would be ignored in silence. */
function refuseMixedNames(keys: readonly string[]): void {
  const old = keys.find((key) => key === key.toUpperCase() && isOldName(key));
  const fresh = keys.find((key) => key !== key.toUpperCase());
  if (old === undefined || fresh === undefined) return;
  throw new UsageError(`Cannot mix new and old setting keys: ${old} is an old one, ${fresh} a new one`);
}

function isOldName(key: string): boolean {
  const name = BY_ANY_NAME.get(key);
  return name !== undefined && SETTINGS[name].oldName === key;
}
