import process from "node:process";
import { UsageError } from "../../base/errors.ts";
import { describeAddress } from "../../net/mod.ts";
import { type Addition, ADDITION_PORT, addOver, serveAddition } from "../addition.ts";
import { portOf, readArguments, textOf } from "./arguments.ts";
import { exitCodesText } from "./exit_codes.ts";
import { runProgram } from "./program.ts";

const HELP = `Usage: tsx socket/addTask.ts [options] serve      answer sums
       tsx socket/addTask.ts [options] X Y        ask for one (after -- for negative numbers)

A client sends "5 7", "5,7" or one number a line, as often as it likes, and gets the sum on a line of its own.

  --host HOST   (default 127.0.0.1)
  --port PORT   (default ${ADDITION_PORT})
  --help

Exit codes:
${exitCodesText()}
`;

const OPTIONS = {
  host: { type: "string" },
  port: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** The program `socket/addTask.ts`. @param options.add what the service calculates */
export function runAddition(options: { readonly add: Addition }): Promise<void> {
  return runProgram(async (signal) => {
    const { values, positionals } = readArguments(protectNegative(process.argv.slice(2)), OPTIONS);
    if (values.help === true) {
      process.stdout.write(HELP);
      return 0;
    }
    const address = { host: textOf(values, "host") ?? "127.0.0.1", port: portOf(values, ADDITION_PORT) };
    const [x, y, ...more] = positionals;
    if (x === "serve" && y === undefined) {
      const listener = await serveAddition({ address, add: options.add });
      process.stderr.write(`Adding at ${describeAddress(listener.address)}; Ctrl+C ends\n`);
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      await listener.close();
      return 0;
    }
    if (x === undefined || y === undefined || more.length > 0) {
      throw new UsageError("Cannot add: give two numbers, or try --help");
    }
    const answer = await addOver(address, x, y, { signal });
    const isError = answer.startsWith("error: ");
    (isError ? process.stderr : process.stdout).write(`${answer}\n`);
    return isError ? 12 : 0;
  });
}

/** `-5` is a number here, not an option. */
function protectNegative(args: readonly string[]): readonly string[] {
  const at = args.findIndex((arg) => /^-[\d.]/.test(arg));
  return at === -1 || args.includes("--") ? args : [...args.slice(0, at), "--", ...args.slice(at)];
}
