import { Buffer } from "node:buffer";
import { type Connection, listen, type Listener } from "../../lib/net/mod.ts";
import type { Exchange, Scenario } from "./pyro_fixtures.ts";

/**
 * A Python daemon from a capture: it says what it said, and insists on hearing, byte for byte, what it heard from Python's
 * client.
 */
export class CapturedDaemon {
  readonly #listener: Listener;
  /** What came instead of the captured bytes. */
  readonly differences: string[] = [];

  private constructor(listener: Listener) {
    this.#listener = listener;
  }

  /** Connections are taken for those of the capture in their order. @param upTo messages of the capture to play; default all */
  static async start(scenario: Scenario, upTo = Infinity): Promise<CapturedDaemon> {
    const exchange = scenario.exchange.slice(0, upTo);
    const conns = [...new Set(exchange.map((each) => each.conn))];
    let accepted = 0;
    const listener = await listen({ host: "127.0.0.1", port: 0 }, async (connection) => {
      const conn = conns[accepted++];
      await daemon.#play(connection, exchange.filter((each) => each.conn === conn && !each.closed));
    });
    const daemon: CapturedDaemon = new CapturedDaemon(listener);
    return daemon;
  }

  get port(): number {
    const { address } = this.#listener;
    return "port" in address ? address.port : 0;
  }

  uri(objectId: string): string {
    return `PYRO:${objectId}@127.0.0.1:${this.port}`;
  }

  close(): Promise<void> {
    return this.#listener.close({ drainMs: 100 });
  }

  async #play(connection: Connection, exchange: readonly Exchange[]): Promise<void> {
    let heard = Buffer.alloc(0);
    let at = 0;
    await connection.read((chunk) => {
      heard = Buffer.concat([heard, chunk]);
      for (let each; (each = exchange[at]) !== undefined; at++) {
        const message = each.message ?? Buffer.alloc(0);
        if (each.dir === "s2c") {
          connection.write(message);
          continue;
        }
        if (heard.length < message.length) return;
        const said = heard.subarray(0, message.length);
        if (!said.equals(message)) {
          this.differences.push(`expected ${message.toString("latin1")}\n     got ${heard.toString("latin1")}`);
          throw new Error("The client said something else than Python's");
        }
        heard = heard.subarray(message.length);
      }
      if (heard.length > 0) this.differences.push(`nothing was to come, got ${heard.toString("latin1")}`);
    }).catch(() => {}); // told by `differences`
    await connection.close(100);
  }
}
