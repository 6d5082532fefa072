import { createInterface } from "node:readline/promises";
import process from "node:process";
import { type Terminal, wantsColor } from "./terminal.ts";

/** The terminal of this process. A reader that has gone (`| head`) ends the program quietly. */
export function shellTerminal(noColor: boolean): Terminal {
  const leave = (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  };
  for (const stream of [process.stdout, process.stderr]) {
    if (stream.listenerCount("error") === 0) stream.on("error", leave);
  }
  return {
    out: (text) => void process.stdout.write(`${text}\n`),
    write: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(`${text}\n`),
    color: wantsColor({ noColor, environment: process.env, isTTY: process.stdout.isTTY === true }),
    ask: async (question) => {
      if (process.stdin.isTTY !== true) return undefined;
      const lines = createInterface({ input: process.stdin, output: process.stdout });
      try {
        return await lines.question(question);
      } finally {
        lines.close();
      }
    },
  };
}
