/**
 * What sending and receiving have in common: options, what is told on the way, and what is reported at the end.
 * @module
 */
import { systemClock } from "../base/time.ts";
import type { RateLimit } from "./rate_limit.ts";
import type { Session } from "./session.ts";
import type { FailureCode } from "./wire/message.ts";

export interface FileOutcome {
  /** As offered. */
  readonly name: string;
  readonly outcome: "stored" | "skipped" | "failed";
  /** The name it bears now, where that is another. */
  readonly storedAs?: string;
  readonly code?: FailureCode;
  readonly reason?: string;
  /** Bytes that travelled for it this time. */
  readonly sentBytes: number;
}

export interface TransferReport {
  readonly files: readonly FileOutcome[];
}

/** Told while files travel; all optional, all called often: keep them quick. */
export interface TransferEvents {
  /** @param bytes of all files; `undefined` where one has no known size */
  onStart?(files: number, bytes: number | undefined): void;
  /** @param offset where it goes on from an earlier attempt */
  onFile?(name: string, size: number | undefined, offset: number): void;
  onBytes?(bytes: number): void;
  /** Every byte is there: now they are checked and made safe on the disk. */
  onVerify?(name: string): void;
  onOutcome?(outcome: FileOutcome): void;
  /** Something was left out, e.g. a symbolic link. */
  onNotice?(message: string): void;
}

export interface TransferOptions {
  readonly events?: TransferEvents | undefined;
  readonly limit?: RateLimit | undefined;
  readonly signal?: AbortSignal | undefined;
}

const BEAT_MS = 5000;

/** Tells the peer every few seconds that this side is alive, until the returned function is called. */
export function keepTalking(session: Session): () => void {
  let timer = systemClock.after(BEAT_MS, beat);
  function beat(): void {
    timer = systemClock.after(BEAT_MS, beat);
    if (session.connection.isOpen && session.connection.bufferedBytes === 0) session.write({ kind: "working" });
  }
  return () => timer.cancel();
}
