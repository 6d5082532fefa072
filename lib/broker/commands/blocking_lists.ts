/**
 * Pops that wait until there is something to pop. Each is an attempt that is repeated when one of its keys gets a list.
 * @module
 */
import { syntaxError } from "../command_error.ts";
import { NOTHING, type Reply } from "../reply.ts";
import {
  arg,
  type Arguments,
  type Command,
  type CommandContext,
  countedKeys,
  NO_KEYS,
  option,
  positive,
  TWO_KEYS,
  waitingTime,
} from "./command.ts";
import { moveElement, popElements, type Side, side } from "./lists.ts";

export const blockingListCommands: readonly Command[] = [
  {
    name: "BLPOP",
    arity: -3,
    flags: ["write", "blocking"],
    keys: [1, -2, 1],
    run: (context, args) => blockingPop(context, args, "LEFT"),
  },
  {
    name: "BRPOP",
    arity: -3,
    flags: ["write", "blocking"],
    keys: [1, -2, 1],
    run: (context, args) => blockingPop(context, args, "RIGHT"),
  },
  {
    name: "BRPOPLPUSH",
    arity: 4,
    flags: ["write", "denyoom", "blocking"],
    keys: TWO_KEYS,
    run: (context, args) => blockingMove(context, args, "RIGHT", "LEFT", arg(args, 3)),
  },
  {
    name: "BLMOVE",
    arity: 6,
    flags: ["write", "denyoom", "blocking"],
    keys: TWO_KEYS,
    run: (context, args) => blockingMove(context, args, side(arg(args, 3)), side(arg(args, 4)), arg(args, 5)),
  },
  { name: "LMPOP", arity: -4, flags: ["write"], keys: NO_KEYS, run: (context, args) => popMany(context, args, 1) },
  {
    name: "BLMPOP",
    arity: -5,
    flags: ["write", "blocking"],
    keys: NO_KEYS,
    run: (context, args) => popMany(context, args, 2, arg(args, 1)),
  },
];

/** BLPOP key … timeout: the first key with a list counts. */
function blockingPop(context: CommandContext, args: Arguments, from: Side): Reply | undefined {
  const keys = args.slice(1, -1);
  return context.wait({
    keys,
    timeoutMs: waitingTime(arg(args, args.length - 1)),
    whenOver: NOTHING,
    attempt: ({ db, recordAs }) => {
      for (const key of keys) {
        const [value] = popElements(db, key, from, 1);
        if (value === undefined) continue;
        recordAs([from === "LEFT" ? "LPOP" : "RPOP", key]);
        return [key, value];
      }
      return undefined;
    },
  });
}

function blockingMove(
  context: CommandContext,
  args: Arguments,
  out: Side,
  into: Side,
  timeout: string,
): Reply | undefined {
  const [from, to] = [arg(args, 1), arg(args, 2)];
  return context.wait({
    keys: [from],
    timeoutMs: waitingTime(timeout),
    whenOver: null,
    attempt: ({ db, recordAs }) => {
      const value = moveElement(db, from, to, out, into);
      if (value !== undefined) recordAs(["LMOVE", from, to, out, into]);
      return value;
    },
  });
}

/**
 * LMPOP numkeys key … LEFT | RIGHT [COUNT n], and BLMPOP timeout numkeys …
 * @param at where `numkeys` stands
 */
function popMany(context: CommandContext, args: Arguments, at: number, timeout?: string): Reply | undefined {
  const { keys, next } = countedKeys(args, at);
  const from = side(args[next] ?? "");
  let count = 1;
  if (next + 1 < args.length) {
    if (option(args, next + 1) !== "COUNT" || args.length !== next + 3) throw syntaxError();
    count = positive(arg(args, next + 2), "ERR count should be greater than 0", 1);
  }
  const attempt = ({ db, recordAs }: CommandContext): Reply | undefined => {
    for (const key of keys) {
      const values = popElements(db, key, from, count);
      if (values.length === 0) continue;
      recordAs([from === "LEFT" ? "LPOP" : "RPOP", key, String(count)]);
      return [key, values];
    }
    return undefined;
  };
  if (timeout === undefined) return attempt(context) ?? NOTHING;
  return context.wait({ keys, timeoutMs: waitingTime(timeout), whenOver: NOTHING, attempt });
}
