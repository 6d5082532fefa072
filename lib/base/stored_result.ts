/**
 * What a stored task result says of its task, to whoever has to know no more of it.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */

/** As Celery writes it the status comes first: JSON, and msgpack's short or long map. */
const SUCCESS_FIRST = /^(?:\{"status": "SUCCESS"|(?:[\x80-\x8f]|\xde[^]{2})\xa6status\xa7SUCCESS)/;
/** YAML has its keys in order of the alphabet, each at the beginning of a line. */
const YAML = /^[a-z]/;
const SUCCESS_LINE = /^status: SUCCESS$/m;

/**
 * True if a result is final: a SUCCESS, which nothing may overwrite. What is in a serialization that is not known here is never.
 *
 * @param value the bytes, one character for each (latin1)
 *
 * Spec: celery 5.6 celery/backends/base.py `KeyValueStoreBackend._store_result`
 */
export function saysSuccess(value: string): boolean {
  if (SUCCESS_FIRST.test(value)) return true;
  if (YAML.test(value)) return SUCCESS_LINE.test(value);
  if (!value.startsWith("{") || !value.includes("SUCCESS")) return false;
  try {
    return (JSON.parse(value) as { readonly status?: unknown }).status === "SUCCESS";
  } catch {
    return false;
  }
}
