/** Keyword arguments of one call to Python, built by `kwargs`. */
export class KeywordArguments {
  readonly values: Readonly<Record<string, unknown>>;

  constructor(values: Readonly<Record<string, unknown>>) {
    this.values = values;
    Object.freeze(this);
  }
}

/**
 * Marks the last argument of a remote call as keyword arguments: `proxy.order("chair", kwargs({ amount: 4 }))`.
 *
 * @param values keys are parameter names of the far method
 */
export function kwargs(values: Readonly<Record<string, unknown>>): KeywordArguments {
  return new KeywordArguments({ ...values });
}

/** Takes the keyword arguments off the end of an argument list. */
export function splitArguments(
  args: readonly unknown[],
): { args: readonly unknown[]; kwargs: Readonly<Record<string, unknown>> } {
  const last = args[args.length - 1];
  if (!(last instanceof KeywordArguments)) return { args, kwargs: NO_KWARGS };
  return { args: args.slice(0, -1), kwargs: last.values };
}

const NO_KWARGS: Readonly<Record<string, unknown>> = Object.freeze({});
