import { type Connection, listen, type Listener } from "../../lib/net/mod.ts";
import { CommandDecoder } from "../../lib/redis/wire/mod.ts";

/** Answers one command with RESP text (`+OK\r\n`), or undefined to stay silent. */
export type FakeAnswer = (words: readonly string[], connection: Connection) => string | undefined;

/** A server that says what a test wants it to say: errors, nonsense, nothing. */
export class FakeRedis {
  readonly #listener: Listener;
  /** Every command received, in order. */
  readonly commands: string[][];

  private constructor(listener: Listener, commands: string[][]) {
    this.#listener = listener;
    this.commands = commands;
  }

  static async start(answer: FakeAnswer): Promise<FakeRedis> {
    const commands: string[][] = [];
    const listener = await listen({ host: "127.0.0.1", port: 0 }, async (connection) => {
      const decoder = new CommandDecoder();
      await connection.read((chunk) => {
        decoder.feed(chunk);
        for (let words = decoder.next(); words !== undefined; words = decoder.next()) {
          const texts = words.map((word) => word.toString());
          commands.push(texts);
          const reply = answer(texts, connection);
          if (reply !== undefined && connection.isOpen) connection.write(Buffer.from(reply));
        }
      }).catch(() => {}); // the client under test hung up
    });
    return new FakeRedis(listener, commands);
  }

  get url(): string {
    const { address } = this.#listener;
    return "port" in address ? `redis://127.0.0.1:${address.port}/0` : address.path;
  }

  /** Hangs up on every client. */
  drop(): void {
    for (const connection of this.#listener.connections) connection.abort();
  }

  async stop(): Promise<void> {
    this.drop();
    await this.#listener.close();
  }
}
