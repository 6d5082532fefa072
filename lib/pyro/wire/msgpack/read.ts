/**
 * Reads msgpack. Extensions are decoded wherever they stand, where Python's own reader leaves those in call arguments.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { readMsgpack as read } from "../../../base/msgpack/read.ts";
import { PyFloat } from "../../../base/pyvalue.ts";
import { dictOf } from "../keys.ts";
import { payloadSource } from "../payload_source.ts";
import { MAX_DEPTH } from "../values.ts";
import { decodeExtension } from "./extensions.ts";

export interface MsgpackReadOptions {
  /** Floats read as `PyFloat`, so that `1.0` stays one. Default false. */
  readonly keepFloats?: boolean;
}

/** @throws {BadPayloadError} if the bytes are not one msgpack value */
export function readMsgpack(bytes: Uint8Array, options: MsgpackReadOptions = {}): unknown {
  return read(payloadSource(bytes, "msgpack"), {
    maxDepth: MAX_DEPTH,
    float: options.keepFloats === true ? (value) => new PyFloat(value) : (value) => value,
    dict: dictOf,
    extension: decodeExtension,
  });
}
