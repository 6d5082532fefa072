import { readFileSync } from "node:fs";
import { Buffer } from "node:buffer";

/** One whole message, or what else was seen, on a captured connection between real Pyro4 peers. */
export interface Exchange {
  /** Which of the scenario's TCP connections. */
  readonly conn: number;
  readonly dir: "c2s" | "s2c";
  /** The whole message; absent where the direction ended or bytes formed no message. */
  readonly message: Buffer | undefined;
  /** Bytes that form no message. */
  readonly raw: Buffer | undefined;
  readonly closed: boolean;
  /** The fields as the capturing proxy read them. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface Scenario {
  readonly name: string;
  readonly what: string;
  readonly hmacKey: string | undefined;
  readonly serverEnv: Readonly<Record<string, string>>;
  readonly clientEnv: Readonly<Record<string, string>>;
  /** What the daemon of the capture did beside serving: `dann=1`, `validate=1`, `accept=…`. */
  readonly serverOptions: readonly string[];
  readonly exchange: readonly Exchange[];
}

/** Files of `test/fixtures/pyro` that hold captured conversations. */
export const CONVERSATIONS = [
  ...["handshake", "invoke", "limits", "hmac", "compression", "context"],
  ...["oneway", "batch", "stream", "attribute", "objects"],
] as const;

interface RawScenario {
  readonly name: string;
  readonly what: string;
  readonly hmac_key_utf8?: string | null;
  readonly server_env?: Record<string, string> | null;
  readonly client_env?: Record<string, string> | null;
  readonly server_options?: readonly string[] | null;
  readonly exchange: readonly (Record<string, unknown> & {
    conn: number;
    dir: "c2s" | "s2c";
    message_b64?: string;
    raw_b64?: string;
    closed?: boolean;
  })[];
}

export function pyroFixture<T = unknown>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../fixtures/pyro/${name}.json`, import.meta.url), "utf8")) as T;
}

export function scenariosOf(name: (typeof CONVERSATIONS)[number]): Scenario[] {
  return pyroFixture<{ scenarios: RawScenario[] }>(name).scenarios.map((raw) => ({
    name: raw.name,
    what: raw.what,
    hmacKey: raw.hmac_key_utf8 ?? undefined,
    serverEnv: raw.server_env ?? {},
    clientEnv: raw.client_env ?? {},
    serverOptions: raw.server_options ?? [],
    exchange: raw.exchange.map((each) => ({
      conn: each.conn,
      dir: each.dir,
      message: each.message_b64 === undefined ? undefined : Buffer.from(each.message_b64, "base64"),
      raw: each.raw_b64 === undefined ? undefined : Buffer.from(each.raw_b64, "base64"),
      closed: each.closed ?? false,
      fields: each,
    })),
  }));
}

export function scenario(file: (typeof CONVERSATIONS)[number], name: string): Scenario {
  const found = scenariosOf(file).find((each) => each.name === name);
  if (found === undefined) throw new Error(`There is no scenario ${name} in ${file}.json`);
  return found;
}

/** Every captured message of every conversation, with the place it comes from. */
export function capturedMessages(): { where: string; bytes: Buffer; scenario: Scenario; exchange: Exchange }[] {
  return CONVERSATIONS.flatMap((file) =>
    scenariosOf(file).flatMap((scenario) =>
      scenario.exchange.flatMap((exchange, index) =>
        exchange.message === undefined
          ? []
          : [{ where: `${file} ${scenario.name} #${index}`, bytes: exchange.message, scenario, exchange }]
      )
    )
  );
}
