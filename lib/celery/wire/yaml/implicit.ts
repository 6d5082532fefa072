/**
 * What a text without quotes stands for, by its form alone.
 *
 * Spec: YAML 1.1 types · PyYAML 6.0 yaml/resolver.py
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */

export const BOOL = /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/;
export const FLOAT = new RegExp(
  [
    /^[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?$/,
    /^\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?$/,
    /^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*$/,
    /^[-+]?\.(?:inf|Inf|INF)$/,
    /^\.(?:nan|NaN|NAN)$/,
  ].map(({ source }) => source).join("|"),
);
export const INT = new RegExp(
  [
    /^[-+]?0b[0-1_]+$/,
    /^[-+]?0[0-7_]+$/,
    /^[-+]?(?:0|[1-9][0-9_]*)$/,
    /^[-+]?0x[0-9a-fA-F_]+$/,
    /^[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+$/,
  ].map(({ source }) => source).join("|"),
);
const NULL = /^(?:~|null|Null|NULL|)$/;
/** A date has two digits of each, unless a time follows. */
const DATE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;
const TIMESTAMP =
  /^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::[0-9]{2})?))?$/;
/** What any of these begins with; most texts begin otherwise. */
const CAN_BE_TYPED = /^(?:$|[-+.0-9yYnNtTfFoO~<=])/;

/** `str` where it is nothing else; `merge` for `<<` and `value` for `=`, which mean something as keys. */
export function implicitTag(text: string): string {
  if (!CAN_BE_TYPED.test(text)) return "str";
  if (BOOL.test(text)) return "bool";
  if (FLOAT.test(text)) return "float";
  if (INT.test(text)) return "int";
  if (text === "<<") return "merge";
  if (NULL.test(text)) return "null";
  if (DATE.test(text) || TIMESTAMP.test(text)) return "timestamp";
  return text === "=" ? "value" : "str";
}
