import { bindArguments as bind, type Parameter, type ParameterList, parametersOf } from "../../base/parameters.ts";
import { emptyDict } from "../../base/pyvalue.ts";
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

export interface SignatureOptions {
  /** Names of the parameters, instead of those in the function's text. */
  readonly names?: readonly string[] | undefined;
  /**
   * True for Python's `**kwargs`: keyword arguments without a parameter come as one dict, behind all others. Of the
   * parameters in the function's text the last one is for it, unless that is a rest parameter.
   */
  readonly takesAnyKeyword?: boolean;
}

export function signatureOf(
  name: string,
  run: (...args: never[]) => unknown,
  { names, takesAnyKeyword = false }: SignatureOptions = {},
): Signature {
  let list: ParameterList;
  try {
    list = parametersOf(run, names);
  } catch {
    // Told to who passes arguments by name, unless any name will do.
    const parameters = takesAnyKeyword ? { positional: [SELF], hasRest: true, takesAnyKeyword } : undefined;
    return { name, parameters, least: 0, most: Infinity };
  }
  const { hasRest } = list;
  const hasOwnPlace = takesAnyKeyword && names === undefined && !hasRest;
  const positional = hasOwnPlace ? list.positional.slice(0, -1) : list.positional;
  return {
    name,
    parameters: { positional: [SELF, ...positional], hasRest, takesAnyKeyword },
    least: positional.filter(({ hasDefault }) => !hasDefault).length,
    most: hasRest ? Infinity : positional.length,
  };
}

/**
 * The arguments of one call in the order of the parameters.
 * @throws {TypeError} in Python's words: unknown, doubled, missing and superfluous arguments
 */
export function bindArguments(signature: Signature, args: readonly unknown[], kwargs: Kwargs): readonly unknown[] {
  const { name, parameters, least, most } = signature;
  const takesAnyKeyword = parameters?.takesAnyKeyword === true;
  if (!takesAnyKeyword && isEmpty(kwargs) && args.length >= least && args.length <= most) return args;
  if (parameters === undefined) {
    throw new PyroRemoteError(`${name}() takes no keyword arguments`, { remoteType: "builtins.TypeError" });
  }
  const bound = bind(name, parameters, [undefined, ...args], kwargs);
  if (takesAnyKeyword) {
    while (bound.length < parameters.positional.length) bound.push(undefined);
    bound.push(leftOver(parameters.positional, kwargs));
  }
  return bound.slice(1);
}

/** The keyword arguments that no parameter takes. */
function leftOver(positional: readonly Parameter[], kwargs: Kwargs): Record<string, unknown> {
  const known = new Set(positional.map(({ name }) => name));
  const left = emptyDict();
  for (const [key, value] of Object.entries(kwargs)) if (!known.has(key)) left[key] = value;
  return left;
}

function isEmpty(kwargs: Kwargs): boolean {
  for (const _ in kwargs) return false;
  return true;
}
