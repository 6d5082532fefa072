import { pyRepr } from "../../base/pyrepr.ts";

/** Names of tasks remembered by id; the oldest are forgotten. */
const MAX_NAMES = 4095;

const HUMAN_TYPES: ReadonlyMap<string, string> = new Map([
  ["worker-offline", "shutdown"],
  ["worker-online", "started"],
  ["worker-heartbeat", "heartbeat"],
]);

/**
 * Monitoring events as lines of text, as `celery events --dump` prints them.
 *
 * Source: celery 5.6 celery/events/dumper.py
 *
 * Pure: no sockets, no clocks, no promises.
 */
export class EventDumper {
  readonly #names = new Map<string, string>();

  /** @returns undefined for what is no event */
  line(event: Readonly<Record<string, unknown>>): string | undefined {
    const { timestamp, type: givenType, hostname, ...rest } = event;
    if (typeof givenType !== "string" || typeof timestamp !== "number") return undefined;
    const type = givenType.toLowerCase();
    const head = `${hostname} [${utcTime(timestamp)}] ${HUMAN_TYPES.get(type) ?? type.replaceAll("-", " ")}`;
    if (!type.startsWith("task-")) {
      const fields = fieldsText(rest);
      return `${head}${fields === "" ? "" : ":"} ${fields}`;
    }
    const { uuid, ...own } = rest;
    const { task, fields } = this.#task(type, String(uuid), own);
    const text = fieldsText(fields);
    return `${head}${text === "" ? "" : ":"} ${task} ${text}`;
  }

  #task(type: string, uuid: string, event: Readonly<Record<string, unknown>>) {
    if (type !== "task-received" && type !== "task-sent") return { task: this.#names.get(uuid) ?? "", fields: event };
    const { name, args, kwargs, ...fields } = event;
    const task = `${name}(${uuid}) args=${args} kwargs=${kwargs}`;
    this.#names.set(uuid, task);
    for (const oldest of this.#names.keys()) {
      if (this.#names.size <= MAX_NAMES) break;
      this.#names.delete(oldest);
    }
    return { task, fields };
  }
}

function fieldsText(fields: Readonly<Record<string, unknown>>): string {
  return Object.keys(fields).sort().map((key) => `${key}=${text(fields[key])}`).join(", ");
}

/** Python's `str`. */
function text(value: unknown): string {
  return typeof value === "string" ? value : pyRepr(value);
}

/** `2026-11-24 16:01:34.597804`, no fraction where it is zero. */
function utcTime(seconds: number): string {
  const micros = Math.round(seconds * 1e6);
  const whole = new Date(Math.floor(micros / 1e6) * 1000).toISOString().slice(0, 19).replace("T", " ");
  const fraction = micros % 1_000_000;
  return fraction === 0 ? whole : `${whole}.${String(fraction).padStart(6, "0")}`;
}
