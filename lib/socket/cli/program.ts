import process from "node:process";
import { asError } from "../../base/errors.ts";
import { exitCodeOf, Interrupted } from "./exit_codes.ts";

/**
 * Runs a program's main function: one sentence on standard error for what goes wrong, and the exit code for it. The first
 * SIGINT or SIGTERM aborts `signal`; the second ends the program at once.
 */
export async function runProgram(main: (signal: AbortSignal) => Promise<number>): Promise<void> {
  const stop = new AbortController();
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort(new Interrupted("interrupted"));
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  process.stdout.on("error", ignoreClosedPipe);
  try {
    process.exitCode = await main(stop.signal);
  } catch (error) {
    process.stderr.write(`${asError(error).message}\n`);
    process.exitCode = exitCodeOf(error);
  } finally {
    process.removeListener("SIGINT", interrupt);
    process.removeListener("SIGTERM", interrupt);
  }
}

/** Whoever reads us (`head`) may have seen enough. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}
