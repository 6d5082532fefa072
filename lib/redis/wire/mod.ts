/**
 * RESP2 and RESP3 for both sides: what clients write and read, what servers read and write, and the URLs that name a server.
 * @module
 */
export { CommandDecoder } from "./command_decoder.ts";
export { CommandWriter, encodeCommand, encodeCommands } from "./command.ts";
export type { RedisCommand, RespArgument } from "./command.ts";
export { RespDecoder } from "./decoder.ts";
export type { RespDecoderOptions } from "./decoder.ts";
export { DEFAULT_RESP_LIMITS } from "./limits.ts";
export type { RespLimits } from "./limits.ts";
export { encodeReply, ReplyWriter } from "./reply_writer.ts";
export type { RespVersion } from "./reply_writer.ts";
export { pairsOf, RedisError, RespPush, RespVerbatim, textOf } from "./value.ts";
export type { RespValue } from "./value.ts";
export { parseRedisUrl, parseRedisUrls } from "./url.ts";
export type { RedisTlsUrl, RedisUrl } from "./url.ts";
