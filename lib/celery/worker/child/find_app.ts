import { UsageError } from "../../../base/errors.ts";
import { Celery } from "../../app.ts";

/**
 * The app that a module exports: the one named `app` or `celery`, else the only one.
 *
 * Source: celery 5.6 celery/app/utils.py `find_app`
 *
 * @throws {UsageError} if there is none, or no telling which
 */
export function findApp(module: Readonly<Record<string, unknown>>, url: string): Celery {
  for (const name of ["app", "celery"]) {
    const value = module[name];
    if (value instanceof Celery) return value;
  }
  const apps = Object.values(module).filter((value) => value instanceof Celery);
  const [only] = apps;
  if (only === undefined) {
    throw new UsageError(`Cannot find the app in ${url}: export it, as in "export const app = new Celery(…)"`);
  }
  if (apps.length > 1) {
    throw new UsageError(`Cannot find the app in ${url}: ${apps.length} are exported, none named app`);
  }
  return only;
}
