import { readFileSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";
import { CommandError, ExitCode } from "./exit_codes.ts";

/**
 * Writes this process's id into a file that must not exist, unless the process it names is gone.
 *
 * Source: celery 5.6 celery/platforms.py `create_pidlock`
 *
 * @returns removes the file again
 * @throws {CommandError} with Celery's words and exit code
 */
export function createPidfile(path: string, say: (text: string) => void): () => void {
  const write = () => writeFileSync(path, `${process.pid}\n`, { flag: "wx", mode: 0o644 });
  try {
    write();
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) {
      const why = error instanceof Error ? error.message : String(error);
      throw new CommandError(`Cannot write the pidfile ${path}: ${why}`, {
        exitCode: ExitCode.cannotCreate,
        cause: error,
      });
    }
    const pid = Number(readFileSync(path, "utf8").trim());
    if (Number.isInteger(pid) && pid > 0 && isAlive(pid)) {
      throw new CommandError(`Pidfile (${path}) already exists.\nSeems we're already running? (pid: ${pid})`, {
        exitCode: ExitCode.cannotCreate,
      });
    }
    say("Stale pidfile exists - Removing it.");
    rmSync(path);
    write();
  }
  return () => rmSync(path, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM"; // it lives, but belongs to somebody else
  }
}
