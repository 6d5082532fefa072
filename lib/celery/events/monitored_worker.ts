import type { Clock } from "../../base/time.ts";
import { numberOf, textOf } from "./event.ts";

/** A worker is alive for so many of its heartbeat intervals after the last one, in percent. */
const EXPIRE_WINDOW = 200;
/** Heartbeats that are remembered. */
const MAX_HEARTBEATS = 4;
/** Beyond this many seconds between sending and hearing, clocks are not what they should be. */
const MAX_DRIFT_S = 16;

/** What an event says of a worker. */
export interface WorkerNews {
  /** `heartbeat`, `online`, `offline`; undefined: it was heard of, in an event about a task. */
  readonly subject?: string;
  /** Seconds, when it was said. */
  readonly timestamp: number;
  /** Seconds, when it was heard. */
  readonly localReceived: number;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/**
 * A worker as its events describe it. What it has not told is undefined.
 *
 * Source: celery 5.6 celery/events/state.py `Worker`
 */
export class MonitoredWorker {
  /** Node name: `celery@host`. */
  readonly hostname: string;
  readonly #clock: Clock;
  readonly #heartbeats: number[] = [];
  readonly #fields = new Map<string, unknown>();

  constructor(hostname: string, clock: Clock) {
    this.hostname = hostname;
    this.#clock = clock;
  }

  /** Seconds since 1970, oldest first; at most four. */
  get heartbeats(): readonly number[] {
    return this.#heartbeats;
  }

  get pid(): number | undefined {
    return numberOf(this.#fields.get("pid"));
  }

  /** Seconds from one heartbeat to the next. */
  get freq(): number {
    return numberOf(this.#fields.get("freq")) ?? 60;
  }

  /** Its logical clock when it was last heard. */
  get clock(): number {
    return numberOf(this.#fields.get("clock")) ?? 0;
  }

  /** Tasks that ran at the last heartbeat. */
  get active(): number | undefined {
    return numberOf(this.#fields.get("active"));
  }

  /** Tasks that were done by then. */
  get processed(): number | undefined {
    return numberOf(this.#fields.get("processed"));
  }

  /** Of its machine, over 1, 5 and 15 minutes. */
  get loadavg(): readonly number[] | undefined {
    const value = this.#fields.get("loadavg");
    return Array.isArray(value) && value.every((each) => typeof each === "number") ? value : undefined;
  }

  /** Name of its software: `py-celery`. */
  get swIdent(): string | undefined {
    return textOf(this.#fields.get("sw_ident"));
  }

  get swVer(): string | undefined {
    return textOf(this.#fields.get("sw_ver"));
  }

  get swSys(): string | undefined {
    return textOf(this.#fields.get("sw_sys"));
  }

  /** Node and process. */
  get id(): string {
    return `${this.hostname}.${this.pid ?? "None"}`;
  }

  /** Seconds since 1970 from when on it is missed; undefined without a heartbeat, or after a goodbye. */
  get heartbeatExpires(): number | undefined {
    const last = this.#heartbeats.at(-1);
    return last === undefined ? undefined : last + this.freq * (EXPIRE_WINDOW / 100);
  }

  /** It was heard of lately, and has not said goodbye. */
  get alive(): boolean {
    const expires = this.heartbeatExpires;
    return expires !== undefined && this.#clock.now() / 1000 < expires;
  }

  /** @returns by how many seconds the clocks differ, where that is too much */
  hear({ subject, timestamp, localReceived, fields = {} }: WorkerNews): number | undefined {
    for (const name of KEPT) if (Object.hasOwn(fields, name)) this.#fields.set(name, fields[name]);
    if (subject === "offline") {
      this.#heartbeats.length = 0;
      return undefined;
    }
    if (timestamp === 0 || localReceived === 0) return undefined;
    if (this.#heartbeats.length >= MAX_HEARTBEATS) this.#heartbeats.shift();
    const after = this.#heartbeats.findLastIndex((each) => each <= localReceived);
    this.#heartbeats.splice(after + 1, 0, localReceived);
    const drift = Math.abs(Math.trunc(localReceived) - Math.trunc(timestamp));
    return drift > MAX_DRIFT_S ? drift : undefined;
  }

  /** For JSON: all of the above. */
  toJSON(): Record<string, unknown> {
    const { hostname, pid, freq, heartbeats, clock, active, processed, loadavg, swIdent, swVer, swSys, alive } = this;
    return { hostname, pid, freq, heartbeats, clock, active, processed, loadavg, swIdent, swVer, swSys, alive };
  }
}

const KEPT = ["pid", "freq", "clock", "active", "processed", "loadavg", "sw_ident", "sw_ver", "sw_sys"] as const;
