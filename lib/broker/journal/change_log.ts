import type { EffectSink } from "../executor.ts";

/** Where changes go, as the server sees it. */
export interface ChangeLog extends EffectSink {
  /** Records appended so far. */
  readonly appended: number;
  /** Begins to write what was appended; called once a tick. */
  flush(): void;
  /** True if nobody has to wait for this record any more: it is durable, or it failed. */
  isSettled(record: number): boolean;
  close(): Promise<void>;
}
