import type { Buffer } from "node:buffer";
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { asError, ConnectionError } from "../base/errors.ts";
import { Deferred } from "../base/deferred.ts";
import { withDeadline } from "../base/time.ts";
import type { ChildExit } from "./child_exit.ts";
import type { FrameChannel } from "./frame_channel.ts";
import { eachLine } from "./output_lines.ts";
import type { Rendezvous } from "./rendezvous.ts";
import { Note } from "./note.ts";
import { PARENT_NOTE_VARIABLE, PARENT_PATH_VARIABLE, PARENT_TOKEN_VARIABLE } from "./parent.ts";

/** What a child wrote before it ended is still to be read then; longer than this it is not waited for. */
const LAST_WORDS_MS = 500;

export type OutputStream = "stdout" | "stderr";

export interface ChildOptions {
  /** The module the child runs; it has to call `meetParent`. */
  readonly module: URL;
  readonly args?: readonly string[];
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Flags of the runtime, e.g. a loader for TypeScript. Default: those of this process. */
  readonly execArgv?: readonly string[];
  /** Takes each frame the child sends. */
  readonly onFrame: (child: Child, payload: Buffer) => void;
  /** Takes each line that the child, or the runtime in its name, writes to standard output or error. */
  readonly onOutput?: (child: Child, line: string, stream: OutputStream) => void;
}

/**
 * One child process as its parent sees it.
 *
 *     starting ──token shown──> connected ──┐
 *        └────────── exit, kill ────────────┴──> exited
 *
 * The fork channel says only whether the other side lives; everything else goes over the private socket.
 *
 * Owns: the process and its channel. `exited` settles when the process is gone and its output and last frames were read.
 */
export class Child {
  /** Resolves once the child has shown its token; rejects if it ends before. */
  readonly connected: Promise<void>;
  /** Never rejects. */
  readonly exited: Promise<ChildExit>;
  /** Its place in the pool, from 1; a replacement gets the number of the child it replaces. */
  readonly index: number;
  readonly #note: Note;
  readonly #process: ChildProcess;
  readonly #connected = new Deferred<void>();
  #channel: FrameChannel | undefined;
  #exit: ChildExit | undefined;

  /** Starts the process. */
  constructor(index: number, rendezvous: Rendezvous, options: ChildOptions) {
    this.index = index;
    this.connected = this.#connected.promise;
    this.connected.catch(() => {}); // told by `exited` as well; nobody may be waiting
    const invitation = rendezvous.invite((channel) => {
      this.#channel = channel;
      this.#connected.resolve();
      return (payload) => options.onFrame(this, payload);
    });
    const notePath = join(rendezvous.folder, `note-${invitation.token.slice(0, 16)}`);
    this.#note = Note.create(notePath);
    this.#process = fork(options.module, [...options.args ?? []], {
      execArgv: [...options.execArgv ?? process.execArgv],
      env: {
        ...process.env,
        ...options.env,
        [PARENT_PATH_VARIABLE]: invitation.path,
        [PARENT_TOKEN_VARIABLE]: invitation.token,
        [PARENT_NOTE_VARIABLE]: notePath,
      },
      stdio: ["ignore", "pipe", "pipe", "ipc"],
    });
    const exited = new Deferred<ChildExit>();
    const settle = (exit: ChildExit, reason: Error) => {
      invitation.cancel();
      this.#exit ??= exit;
      this.#channel?.abort(reason);
      this.#connected.reject(reason);
      exited.resolve(this.#exit);
    };
    this.#process.once("exit", (code, signal) => this.#exit = { code, signal });
    this.#process.once("close", (code, signal) => {
      const ended = this.#channel?.closed ?? Promise.resolve(undefined);
      withDeadline(ended, { timeoutMs: LAST_WORDS_MS, what: `read the last words of child ${index}` }).finally(() => {
        settle({ code, signal }, new ConnectionError(`Cannot reach child ${index}: it has ended`));
      }).catch(() => {}); // it left somebody behind who keeps its socket open: what was read by now is all there is
    });
    this.#process.on("error", (error) => {
      if (this.#process.pid === undefined) settle({ code: 127, signal: null }, asError(error));
    });
    this.exited = exited.promise;
    for (const name of ["stdout", "stderr"] as const) {
      const stream = this.#process[name];
      if (stream !== null) eachLine(stream, (line) => options.onOutput?.(this, line, name));
    }
  }

  /** 0 if the process could not be started. */
  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** It has shown its token. */
  get isConnected(): boolean {
    return this.#channel !== undefined;
  }

  get isAlive(): boolean {
    return this.#exit === undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** The number that the child has noted last, also if it is stuck; 0 before the first. */
  get note(): number {
    return this.#note.read();
  }

  /** Forgets the note. Whoever was told of the exit calls it when nobody will ask any more. */
  forgetNote(): void {
    this.#note.remove();
  }

  /** Sends one frame; false if the child is not connected or has gone. */
  send(...parts: readonly Uint8Array[]): boolean {
    return this.#channel?.send(...parts) ?? false;
  }

  /** Signals the process; nothing happens if it has gone. */
  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    if (this.isAlive) this.#process.kill(signal);
  }
}
