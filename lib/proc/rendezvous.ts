import type { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { ConnectionError, UsageError } from "../base/errors.ts";
import { type Logger, silentLogger } from "../base/log.ts";
import { systemClock } from "../base/time.ts";
import { type Connection, isUnixAddress, listen, type Listener } from "../net/mod.ts";
import { FrameChannel } from "./frame_channel.ts";

const TOKEN_BYTES = 32;
/** A stranger gets this long to show a token. */
const TOKEN_TIMEOUT_MS = 10_000;

/** Called once with the channel of the child that showed the token; returns what takes its frames. */
export type Welcome = (channel: FrameChannel) => (payload: Buffer) => void;

/** Where one child has to show up, and with what. Both are secrets of this user. */
export interface Invitation {
  readonly path: string;
  readonly token: string;
  /** Nobody can use the token any more. */
  cancel(): void;
}

/**
 * The private socket on which children meet their parent: a unix socket in a folder that only this user can enter
 * (Windows: a pipe with an unguessable name). The first frame has to be a token, and each token admits one child once.
 *
 * Opens: the folder, the socket, the channels. `close` ends and removes them all.
 */
export class Rendezvous {
  /** Holds the socket (but for Windows, whose pipes are in no folder) and the children's notes. */
  readonly folder: string;
  readonly #listener: Listener;
  readonly #expected: Map<string, Welcome>;
  #closing: Promise<void> | undefined;

  private constructor(listener: Listener, folder: string, expected: Map<string, Welcome>) {
    this.#listener = listener;
    this.folder = folder;
    this.#expected = expected;
  }

  static async open(options: { log?: Logger } = {}): Promise<Rendezvous> {
    const expected = new Map<string, Welcome>();
    const folder = mkdtempSync(join(tmpdir(), "pool-")); // has mode 0700
    const path = process.platform === "win32"
      ? `\\\\.\\pipe\\pool-${randomBytes(16).toString("hex")}`
      : join(folder, "parent.sock");
    try {
      const log = options.log ?? silentLogger;
      const listener = await listen({ path }, (connection) => admit(connection, expected), { log });
      return new Rendezvous(listener, folder, expected);
    } catch (error) {
      removeFolder(folder);
      throw error;
    }
  }

  /** Makes a token for one more child. */
  invite(welcome: Welcome): Invitation {
    const { address } = this.#listener;
    if (this.#closing !== undefined || !isUnixAddress(address)) {
      throw new UsageError("Cannot invite a child: the rendezvous is closed", { code: "ERR_STATE" });
    }
    const token = randomBytes(TOKEN_BYTES).toString("hex");
    this.#expected.set(token, welcome);
    return { path: address.path, token, cancel: () => void this.#expected.delete(token) };
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#expected.clear();
      await this.#listener.close({ drainMs: 200 });
      removeFolder(this.folder);
    })();
    return this.#closing;
  }
}

/** Serves one connection: the token first, then whatever the child has to say. */
async function admit(connection: Connection, expected: Map<string, Welcome>): Promise<void> {
  const channel = new FrameChannel(connection);
  const timer = systemClock.after(
    TOKEN_TIMEOUT_MS,
    () => connection.abort(new ConnectionError(`Cannot admit the peer: no token came within ${TOKEN_TIMEOUT_MS} ms`)),
  );
  let onFrame: ((payload: Buffer) => void) | undefined;
  try {
    await channel.read((payload) => {
      if (onFrame !== undefined) return onFrame(payload);
      timer.cancel();
      const token = payload.toString("latin1", 0, 2 * TOKEN_BYTES);
      const welcome = expected.get(token);
      if (welcome === undefined) throw new ConnectionError("Cannot admit the peer: its token is unknown");
      expected.delete(token);
      onFrame = welcome(channel);
    });
  } finally {
    timer.cancel();
  }
}

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
