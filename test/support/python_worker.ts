import { fileURLToPath } from "node:url";
import { PYTHON } from "./peers.ts";
import { Program } from "./program.ts";

const FOLDER = fileURLToPath(new URL("../python/celery/", import.meta.url));

/**
 * A real Python Celery worker of the tasks in `test/python/celery/interop_tasks.py`.
 *
 * @param args further arguments of `celery worker`, e.g. `-Q`, `other`
 */
export async function startPythonWorker(
  urls: { broker: string; backend: string },
  args: readonly string[] = [],
): Promise<Program> {
  const worker = new Program(PYTHON, [
    ...["-m", "celery", "-b", urls.broker, "--result-backend", urls.backend, "-A", "interop_tasks", "worker"],
    ...["-P", "solo", "-l", "INFO", "--without-gossip", "--without-mingle", "--without-heartbeat", ...args],
  ], { cwd: FOLDER, env: { PYTHONDONTWRITEBYTECODE: "1", C_FORCE_ROOT: "1" } });
  await worker.printed(/ready\./);
  return worker;
}
