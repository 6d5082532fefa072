import { bindArguments as bind, type Parameter, type ParameterList, parametersOf } from "../../base/parameters.ts";
import { PyroRemoteError } from "../wire/errors.ts";
import type { Kwargs } from "../wire/serializer.ts";

/** How arguments become those of one method. */
export interface Signature {
  /** As Python's errors name it: `Warehouse.take`. */
  readonly name: string;
  /** Undefined where the function's text tells nothing, as with bound functions: such methods take any positional arguments. */
  readonly parameters: ParameterList | undefined;
  readonly least: number;
  readonly most: number;
}

/** Python counts the instance as the first argument. */
const SELF: Parameter = { name: "self", hasDefault: false };

/** @param names instead of those in the function's text */
export function signatureOf(
  name: string,
  run: (...args: never[]) => unknown,
  names: readonly string[] | undefined,
): Signature {
  let parameters: ParameterList;
  try {
    parameters = parametersOf(run, names);
  } catch {
    return { name, parameters: undefined, least: 0, most: Infinity }; // told to who passes arguments by name
  }
  const { positional, hasRest } = parameters;
  return {
    name,
    parameters: { positional: [SELF, ...positional], hasRest },
    least: positional.filter(({ hasDefault }) => !hasDefault).length,
    most: hasRest ? Infinity : positional.length,
  };
}

/**
 * The arguments of one call in the order of the parameters.
 * @throws {TypeError} in Python's words: unknown, doubled, missing and superfluous arguments
 */
export function bindArguments(signature: Signature, args: readonly unknown[], kwargs: Kwargs): readonly unknown[] {
  const isPositional = isEmpty(kwargs);
  if (isPositional && args.length >= signature.least && args.length <= signature.most) return args;
  if (signature.parameters === undefined) {
    throw new PyroRemoteError(`${signature.name}() takes no keyword arguments`, { remoteType: "builtins.TypeError" });
  }
  return bind(signature.name, signature.parameters, [undefined, ...args], kwargs).slice(1);
}

function isEmpty(kwargs: Kwargs): boolean {
  for (const _ in kwargs) return false;
  return true;
}
