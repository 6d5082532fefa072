import { checkInteger } from "../../base/options.ts";

/** What a peer may announce at most. Each limit is checked before anything is allocated for what it announces. */
export interface RespLimits {
  /** Longest bulk string. Default 512 MiB, Redis' own `proto-max-bulk-len`. */
  readonly maxBulkBytes: number;
  /** Longest simple string, error, number or inline command. Default 64 KiB. */
  readonly maxLineBytes: number;
  /** Most elements of one message, nested ones included; a map pair counts as two. Default 1048576, Redis' own limit for a command. */
  readonly maxElements: number;
  /** Deepest nesting of arrays, maps, sets and pushes. Default 32. */
  readonly maxDepth: number;
}

export const DEFAULT_RESP_LIMITS: RespLimits = Object.freeze({
  maxBulkBytes: 512 * 1024 * 1024,
  maxLineBytes: 64 * 1024,
  maxElements: 1024 * 1024,
  maxDepth: 32,
});

/** @throws {UsageError} for a limit that is no whole number from 1. */
export function resolveLimits(limits: Partial<RespLimits> = {}): RespLimits {
  const all = { ...DEFAULT_RESP_LIMITS, ...limits };
  for (const [name, value] of Object.entries(all)) checkInteger(name, value, { min: 1 });
  return all;
}
