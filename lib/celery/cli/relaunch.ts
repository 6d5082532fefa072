import { spawn } from "node:child_process";
import process from "node:process";

type Environment = Readonly<Record<string, string | undefined>>;

/** Tells a program that was started by `detach` to stay where it is. */
const DETACHED_VARIABLE = "CELERY_IS_DETACHED";

/** True in a program that `detach` has started. */
export function isDetached(environment: Environment): boolean {
  return environment[DETACHED_VARIABLE] === "1";
}

/** Starts this program again, with the same arguments but without a terminal, as a process that outlives this one. */
export function detach(environment: Environment): void {
  launch({ stdio: "ignore", env: { ...environment, [DETACHED_VARIABLE]: "1" } });
}

/** Leaves a successor with the same arguments, which writes where this process does. */
export function relaunch(environment: Environment): void {
  launch({ stdio: "inherit", env: environment });
}

function launch(options: { readonly stdio: "ignore" | "inherit"; readonly env: Environment }): void {
  spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], { ...options, detached: true }).unref();
}
