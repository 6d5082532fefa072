/**
 * Commands as clients send them: arrays of bulk strings.
 *
 *     *2 CR LF  $3 CR LF GET CR LF  $3 CR LF key CR LF
 *
 * Spec: redis.io "Redis serialization protocol specification", "Sending commands to a Redis server"
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { concatBytes } from "../../base/bytes.ts";
import { ByteSink } from "./byte_sink.ts";

/** Texts are sent as UTF-8, numbers as JavaScript writes them (`1795536686.35`). */
export type RespArgument = string | Uint8Array | number | bigint;

/** Name and arguments: `["SETEX", key, 60, value]`. */
export type RedisCommand = readonly RespArgument[];

const ARRAY = 0x2a;

/** Collects commands into as few chunks as possible. */
export class CommandWriter {
  readonly #sink: ByteSink;

  /** @param bufferBytes allocated at a time; 32 KiB unless told */
  constructor(bufferBytes?: number) {
    this.#sink = new ByteSink(bufferBytes);
  }

  /** Bytes collected since the last `take`. */
  get length(): number {
    return this.#sink.length;
  }

  /** Appends one command. Arguments of 16 KiB and more are not copied: leave them unchanged until they are sent. */
  write(command: RedisCommand): void {
    const sink = this.#sink;
    sink.head(ARRAY, command.length);
    for (const argument of command) {
      sink.bulk(typeof argument === "string" || argument instanceof Uint8Array ? argument : String(argument));
    }
  }

  /** What was collected, in order; usually one chunk. */
  take(): Uint8Array[] {
    return this.#sink.take();
  }
}

/** Bytes of one command. */
export function encodeCommand(command: RedisCommand): Uint8Array {
  return encodeCommands([command]);
}

/** Bytes of several commands, one after the other, in one buffer. */
export function encodeCommands(commands: readonly RedisCommand[]): Uint8Array {
  const writer = new CommandWriter(1024);
  for (const command of commands) writer.write(command);
  return concatBytes(writer.take());
}
