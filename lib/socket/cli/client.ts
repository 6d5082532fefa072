import process from "node:process";
import { text as readText } from "node:stream/consumers";
import { UsageError } from "../../base/errors.ts";
import { RateLimit } from "../rate_limit.ts";
import { askRaw } from "../raw_client.ts";
import { DEFAULT_HOST, DEFAULT_PORT } from "../server.ts";
import { clientTlsOf, existingOf, portOf, rateOf, readArguments, secondsOf, secretOf, textOf } from "./arguments.ts";
import { exitCodesText } from "./exit_codes.ts";
import { get, getBareFile } from "./get.ts";
import { type Job, withClient } from "./job.ts";
import { runProgram } from "./program.ts";
import { ProgressDisplay } from "./progress_display.ts";
import { send, sendBareFile } from "./send.ts";

const HELP = `Usage: tsx socket/client.ts [options] TEXT
       tsx socket/client.ts [options] ask TEXT          the same; - reads the text from standard input
       tsx socket/client.ts [options] send FILE...      files and folders; - is standard input (with --name)
       tsx socket/client.ts [options] get NAME...       into --dir; with --output - to standard output
       tsx socket/client.ts --raw                       print what a server says that only talks (the time)

A transfer that broke off goes on where it stopped when it is started again. Symbolic links are left out.

  --host HOST          server (default ${DEFAULT_HOST})
  --port PORT          (default ${DEFAULT_PORT})
  --dir FOLDER         where got files go (default .)
  --output FILE        where one got file goes; - is standard output
  --name NAME          what the other side is told standard input is called
  --overwrite | --rename | --skip    a file that is there already (default: refuse)
  --limit RATE         bytes a second: 500k, 1.5M, 2G
  --no-digest          no SHA-256 over the file
  --secret-file FILE   prove this secret (or environment SOCKET_SECRET), and ask the server to
  --tls | --tls-ca FILE              speak TLS, trusting the system's authorities or this one
  --tls-cert FILE --tls-key FILE     and show this certificate
  --raw                talk to a plain server: text, then EOF; bare file bytes until EOF
  --timeout SECONDS    for the connection (default 10)
  --quiet              no progress
  --help

Exit codes:
${exitCodesText()}
`;

const OPTIONS = {
  host: { type: "string" },
  port: { type: "string" },
  dir: { type: "string" },
  output: { type: "string", short: "o" },
  name: { type: "string" },
  overwrite: { type: "boolean" },
  rename: { type: "boolean" },
  skip: { type: "boolean" },
  limit: { type: "string" },
  "no-digest": { type: "boolean" },
  "secret-file": { type: "string" },
  tls: { type: "boolean" },
  "tls-ca": { type: "string" },
  "tls-cert": { type: "string" },
  "tls-key": { type: "string" },
  raw: { type: "boolean" },
  timeout: { type: "string" },
  quiet: { type: "boolean", short: "q" },
  help: { type: "boolean", short: "h" },
} as const;

/** The program `socket/client.ts`. */
export function runClient(): Promise<void> {
  return runProgram(async (signal) => {
    const { values, positionals } = readArguments(process.argv.slice(2), OPTIONS);
    if (values.help === true) {
      process.stdout.write(HELP);
      return 0;
    }
    const rate = rateOf(values);
    const timeoutMs = secondsOf(values, "timeout");
    const job: Job = {
      address: { host: textOf(values, "host") ?? DEFAULT_HOST, port: portOf(values, DEFAULT_PORT) },
      connect: {
        secret: secretOf(values),
        tls: clientTlsOf(values),
        signal,
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      },
      existing: existingOf(values),
      digest: values["no-digest"] !== true,
      limit: rate === undefined ? undefined : new RateLimit(rate),
      dir: textOf(values, "dir") ?? ".",
      output: textOf(values, "output"),
      name: textOf(values, "name"),
      isRaw: values.raw === true,
      events: values.quiet === true ? undefined : new ProgressDisplay(process.stderr),
      signal,
    };
    try {
      return await perform(job, positionals);
    } finally {
      job.events?.close();
    }
  });
}

function perform(job: Job, [command, ...rest]: readonly string[]): Promise<number> {
  if (job.isRaw && job.connect.secret !== undefined) {
    throw new UsageError("Cannot prove the shared secret: a plain server (--raw) does not ask for it");
  }
  if (command === "send") return job.isRaw ? sendBareFile(job, rest) : send(job, rest);
  if (command === "get") return job.isRaw ? getBareFile(job, rest) : get(job, rest);
  if (command === "ask") return ask(job, rest.join(" "));
  if (command === undefined && !job.isRaw) throw new UsageError("Cannot tell what to do: give a text, or try --help");
  return ask(job, command === undefined ? undefined : [command, ...rest].join(" "));
}

async function ask(job: Job, given: string | undefined): Promise<number> {
  const text = given === "-" ? await readText(process.stdin) : given;
  if (job.isRaw || text === undefined) {
    const answer = await askRaw(job.address, text, { ...job.connect, signal: job.signal });
    process.stdout.write(answer.endsWith("\n") ? answer : `${answer}\n`);
    return 0;
  }
  return await withClient(job, async (client) => {
    process.stdout.write(`${await client.ask(text, { signal: job.signal })}\n`);
    return 0;
  });
}
