/**
 * Celery's messages and results as bytes and values. Pure: no sockets, no clocks, no promises.
 * @module
 */
export { ContentDisallowed, DecodeError, EncodeError, InvalidTaskError, SerializerNotInstalled } from "./errors.ts";
export { ExceptionCodec } from "./exception.ts";
export type { ErrorClass, ExceptionData } from "./exception.ts";
export { parseJson } from "./json_read.ts";
export type { JsonReadOptions } from "./json_read.ts";
export { DEFAULT_MAX_JSON_DEPTH, stringifyJson } from "./json_write.ts";
export type { JsonWriteOptions } from "./json_write.ts";
export type { Headers, HeaderValue, Message, MessageProperties } from "./message.ts";
export { readResultMeta, readResultTuple, writeResultMeta, writeRpcResult } from "./result_meta.ts";
export type { ResultMeta, ResultTuple, TaskState } from "./result_meta.ts";
export { saferepr, safereprArgs } from "./saferepr.ts";
export { jsonSerializer, SerializerRegistry } from "./serializer.ts";
export type { Content, Serializer } from "./serializer.ts";
export { readSignature } from "./signature.ts";
export type { SignatureData } from "./signature.ts";
export type { JsonTypeStyle } from "./special_types.ts";
export {
  ChordError,
  ImproperlyConfigured,
  MaxRetriesExceededError,
  NotRegistered,
  SoftTimeLimitExceeded,
  TaskError,
  TaskRevokedError,
  Terminated,
  TimeLimitExceeded,
  WorkerLostError,
} from "./task_errors.ts";
export {
  EMPTY_EMBED,
  hasTaskHeader,
  instantOf,
  isTaskV1,
  readTaskBody,
  readTaskHeaders,
  readTaskV1,
  writeTaskHeaders,
  writeTaskV1,
} from "./task_message.ts";
export type { TaskBody, TaskEmbed, TaskHeaders } from "./task_message.ts";
export { checkTimezone, epochMsOf, isoAt, offsetSecondsAt } from "./timezone.ts";
export { tracebackOf } from "./traceback.ts";
