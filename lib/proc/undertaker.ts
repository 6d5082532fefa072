import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";

/** How long children that can notice their parent's death have to leave by themselves, seconds. */
const GRACE_SECONDS = 1;

/** Reads lines of process ids until the pipe ends, which it does when the writer dies; then ends those of the last line. */
const SCRIPT = `
while read -r line; do last=$line; done
[ -n "$last" ] || exit 0
sleep ${GRACE_SECONDS}
kill -9 $last
rm -rf -- "$1"
`;

/**
 * Ends children that outlive this process because they are stuck in a loop and cannot see that their parent is gone.
 *
 * A shell holds the list of their ids; the pipe to it breaks when this process dies, however it dies. It also removes the
 * folder of the private socket, which nobody else would. Only where there is `/bin/sh`: elsewhere such a child ends when its
 * loop does.
 *
 * Owns: the shell. `close` ends it without killing anybody.
 */
export class Undertaker {
  #shell: ChildProcess | undefined;

  /** @param folder removed when this process dies; whoever closes the undertaker removes it himself */
  constructor(folder: string) {
    if (process.platform === "win32") return;
    const args = ["-c", SCRIPT, "undertaker", folder];
    this.#shell = spawn("/bin/sh", args, { stdio: ["pipe", "ignore", "ignore"], detached: true });
    this.#shell.on("error", () => this.#shell = undefined); // no shell: the children's own watch has to do
    this.#shell.stdin?.on("error", () => {}); // the shell was killed: the same
    this.#shell.unref();
  }

  /** Replaces the list of those who must not outlive this process. */
  watch(pids: readonly number[]): void {
    this.#shell?.stdin?.write(`${pids.join(" ")}\n`);
  }

  close(): void {
    this.#shell?.stdin?.end("\n");
    this.#shell = undefined;
  }
}
