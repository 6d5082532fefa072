import { readFileSync } from "node:fs";

/** One exchange with a real redis-server, as redis-py packed the command. */
export interface WireCase {
  readonly protocol: 2 | 3;
  readonly command: readonly (string | number | Uint8Array)[];
  readonly sent: Uint8Array;
  readonly reply: Uint8Array;
}

interface RawCase {
  protocol: 2 | 3;
  command: (string | number | { base64: string })[];
  sent: string;
  reply: string;
}

const bytes = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));

/** Every exchange of `test/fixtures/redis/wire.json`. */
export function wireCases(): WireCase[] {
  const path = new URL("../fixtures/redis/wire.json", import.meta.url);
  const { cases } = JSON.parse(readFileSync(path, "utf8")) as { cases: RawCase[] };
  return cases.map(({ protocol, command, sent, reply }) => ({
    protocol,
    command: command.map((part) => typeof part === "object" ? bytes(part.base64) : part),
    sent: bytes(sent),
    reply: bytes(reply),
  }));
}

/** The reply to one command of the fixtures. */
export function replyTo(protocol: 2 | 3, ...command: readonly (string | number)[]): Uint8Array {
  const found = wireCases().find((one) => one.protocol === protocol && one.command.join(" ") === command.join(" "));
  if (found === undefined) throw new Error(`No fixture holds ${command.join(" ")}`);
  return found.reply;
}
