import { createHash } from "node:crypto";
import { once } from "node:events";
import type { Writable } from "node:stream";
import { onAbort } from "../base/abort.ts";
import { asError, ConnectionError, ProtocolError, UsageError } from "../base/errors.ts";
import { TransferError } from "./errors.ts";
import { keepTalking, type TransferOptions } from "./transfer.ts";
import type { Session } from "./session.ts";
import { quoteName } from "./wire/file_name.ts";
import type { Offer } from "./wire/message.ts";

/**
 * Takes the one file of an offer into a stream, e.g. standard output. Nothing can be resumed, and what was written
 * before a wrong digest shows stays written.
 *
 * @returns the bytes written @throws {TransferError} code `digest` if they are not what was sent
 */
export async function receiveStream(
  session: Session,
  offer: Offer,
  stream: Writable,
  options: TransferOptions = {},
): Promise<number> {
  const [entry, ...others] = offer.entries;
  if (entry === undefined || entry.type !== "file" || others.length > 0) {
    throw new UsageError(
      `Cannot write to a stream: expected one file, got an offer of ${offer.entries.length} entries`,
    );
  }
  const { events, limit, signal } = options;
  const quiet = keepTalking(session);
  const unlisten = onAbort(signal, (reason) => session.abort(asError(reason)));
  const hash = createHash("sha256");
  let size = 0;
  try {
    events?.onStart?.(1, entry.size ?? undefined);
    await session.send({ kind: "want", index: 0, offset: 0, prefix: null });
    while (true) {
      const message = await session.next();
      if (message === undefined) {
        throw new ConnectionError(`Cannot receive everything: ${session.peer} ended the connection`);
      }
      switch (message.kind) {
        case "begin":
          events?.onFile?.(entry.name, entry.size ?? undefined, 0);
          break;
        case "data":
          size += message.bytes.length;
          hash.update(message.bytes);
          events?.onBytes?.(message.bytes.length);
          if (!stream.write(message.bytes)) await once(stream, "drain");
          await limit?.take(message.bytes.length, signal);
          break;
        case "end": {
          const isWhole = message.size === size && (!offer.digest || message.digest === hash.digest("hex"));
          if (!isWhole) {
            throw new TransferError(`Cannot trust ${quoteName(entry.name)}: it is not what was sent`, "digest");
          }
          session.write({ kind: "stored", index: 0, name: entry.name });
          await session.send({ kind: "done" });
          events?.onOutcome?.({ name: entry.name, outcome: "stored", sentBytes: size });
          return size;
        }
        case "abort":
        case "error":
          throw new TransferError(message.reason, message.code);
        case "working":
          break;
        default:
          throw new ProtocolError(`Cannot receive: ${message.kind} came inside a file`);
      }
    }
  } finally {
    unlisten();
    quiet();
  }
}
