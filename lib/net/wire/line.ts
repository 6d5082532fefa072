/**
 * Lines of UTF-8 text, ended by LF or CR LF.
 *
 * A character that the network cut in two is decoded whole: only whole lines are decoded.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { quoteBytes, strictUtf8ToString, utf8 } from "../../base/bytes.ts";
import { ProtocolError, UsageError } from "../../base/errors.ts";
import { type Codec, mapCodec } from "./codec.ts";
import { delimited } from "./delimiter.ts";

export interface LineOptions {
  /** Longest line in bytes. Default 64 KiB. */
  readonly maxLineBytes?: number;
  /** True: what the stream ends with is a line though no LF followed. Default false: it is an error. */
  readonly lastMayBeOpen?: boolean;
  /** What is written after a line. Default LF; both are read. */
  readonly ending?: "\n" | "\r\n";
}

/** Lines without their endings. Encoding refuses a line that contains one. */
export function lines(options: LineOptions = {}): Codec<string, string> {
  const { maxLineBytes, lastMayBeOpen = false, ending = "\n" } = options;
  const raw = delimited({
    delimiter: utf8("\n"),
    lastMayBeOpen,
    ...(maxLineBytes === undefined ? {} : { maxFrameBytes: maxLineBytes }),
  });
  return mapCodec(raw, { decode: decodeLine, encode: (line: string) => encodeLine(line, ending) });
}

function decodeLine(bytes: Uint8Array): string {
  const line = bytes[bytes.length - 1] === 0x0d ? bytes.subarray(0, -1) : bytes;
  try {
    return strictUtf8ToString(line);
  } catch (cause) {
    throw new ProtocolError(`Cannot read line: ${quoteBytes(line)} is no UTF-8`, { cause });
  }
}

function encodeLine(line: string, ending: string): Uint8Array {
  if (line.includes("\n") || line.endsWith("\r")) {
    throw new UsageError("Cannot send line: it contains a line ending itself");
  }
  return utf8(ending === "\n" ? line : `${line}\r`);
}
