/**
 * How a client says who it is.
 *
 * | mechanism | response |
 * |---|---|
 * | `PLAIN` | NUL user NUL password |
 * | `AMQPLAIN` | the entries of a field table with LOGIN and PASSWORD, without the table's size |
 * | `EXTERNAL` | nothing: the TLS certificate says it |
 *
 * Spec: RFC 4616 · RabbitMQ "Access Control" · py-amqp 5.1 amqp/sasl.py
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { ConnectionError } from "../../base/errors.ts";
import { concatBytes, utf8 } from "../../base/bytes.ts";
import { ByteWriter } from "./byte_writer.ts";
import { writeTable } from "./field_table.ts";

export const SASL_MECHANISMS = ["PLAIN", "AMQPLAIN", "EXTERNAL"] as const;
export type SaslMechanism = (typeof SASL_MECHANISMS)[number];

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

const TABLE_SIZE_BYTES = 4;

export function saslResponse(mechanism: SaslMechanism, credentials: Credentials): Uint8Array {
  switch (mechanism) {
    case "PLAIN":
      return utf8(`\0${credentials.user}\0${credentials.password}`);
    case "AMQPLAIN": {
      const writer = new ByteWriter();
      writeTable(writer, { LOGIN: credentials.user, PASSWORD: credentials.password });
      return concatBytes(writer.take()).subarray(TABLE_SIZE_BYTES);
    }
    case "EXTERNAL":
      return new Uint8Array(0);
  }
}

/**
 * Picks what both sides know.
 *
 * @param offered the server's list, separated by spaces
 * @param wanted the only one that will do; default: PLAIN, else AMQPLAIN
 * @throws {ConnectionError} naming both lists if there is none.
 */
export function chooseMechanism(offered: string, wanted: SaslMechanism | undefined): SaslMechanism {
  const names = offered.split(" ");
  const ours: readonly SaslMechanism[] = wanted === undefined ? ["PLAIN", "AMQPLAIN"] : [wanted];
  const chosen = ours.find((name) => names.includes(name));
  if (chosen !== undefined) return chosen;
  throw new ConnectionError(`Cannot log in: the server offers ${offered}, expected ${ours.join(" or ")}`, {
    code: "ERR_CONNECT",
  });
}
