import { emptyDict, isPlainObject } from "../../base/pyvalue.ts";
import type { ClassRegistry } from "./class_registry.ts";
import { BadPayloadError } from "./errors.ts";
import type { Call } from "./serializer.ts";

/**
 * Makes a `Call` of what a serializer read: object id, method, arguments, keyword arguments. Class dicts in the arguments
 * are converted with `classes`; without it there are none.
 *
 * @throws {BadPayloadError} if it is no call; what converters throw
 */
export function parseCall(parts: unknown, classes?: ClassRegistry): Call {
  if (!Array.isArray(parts) || parts.length !== 4) {
    throw new BadPayloadError("Cannot read a call: it is not a sequence of 4 items", { pythonType: "ValueError" });
  }
  const [objectId, method, args, kwargs] = parts as unknown[];
  if (typeof objectId !== "string" || typeof method !== "string") {
    throw new BadPayloadError("Cannot read a call: object id and method are not texts", { pythonType: "TypeError" });
  }
  const list = classes === undefined ? args : classes.recreate(args);
  if (!Array.isArray(list)) {
    throw new BadPayloadError(`Cannot read the call of ${method}: its arguments are not a list`, {
      pythonType: "TypeError",
    });
  }
  const named = kwargs === null || kwargs === undefined
    ? emptyDict()
    : classes === undefined
    ? kwargs
    : classes.recreate(kwargs);
  if (!isPlainObject(named)) {
    throw new BadPayloadError(`Cannot read the call of ${method}: its keyword arguments are not named by texts`, {
      pythonType: "TypeError",
    });
  }
  return { objectId, method, args: list, kwargs: named };
}
