import { isPlainObject } from "../../base/pyvalue.ts";
import type { ClassDict, ClassRegistry } from "../wire/class_registry.ts";
import { exceptionToDict } from "../wire/exceptions.ts";
import { tracebackLines } from "./traceback.ts";

/**
 * An error as it is sent to who caused it: as a registered converter writes it, where there is one, and with a traceback:
 * its own if it came from afar, else where it was thrown here.
 */
export function exceptionDict(classes: ClassRegistry, error: Error): ClassDict {
  const dict = classes.toDict(error) ?? exceptionToDict(error);
  const { attributes } = dict;
  if (!isPlainObject(attributes) || "_pyroTraceback" in attributes) return dict;
  return { ...dict, attributes: { ...attributes, _pyroTraceback: tracebackLines(error) } };
}
