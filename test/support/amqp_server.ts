import { onTestFinished } from "vitest";
import { type Connection, listen } from "../../lib/net/mod.ts";
import { concatBytes } from "../../lib/base/bytes.ts";
import { ByteWriter } from "../../lib/amqp/wire/byte_writer.ts";
import { type ChannelEvent, ContentAssembler } from "../../lib/amqp/wire/content.ts";
import {
  FrameDecoder,
  FrameType,
  writeBodyFrames,
  writeHeaderFrame,
  writeMethodFrame,
} from "../../lib/amqp/wire/frame.ts";
import type { Method, MethodKind, MethodOf } from "../../lib/amqp/wire/methods.ts";
import type { BasicProperties } from "../../lib/amqp/wire/properties.ts";
import { eventually } from "./eventually.ts";

type Answer = Method | readonly Method[] | undefined;
type Script = { [K in MethodKind]?: (method: MethodOf<K>, peer: ScriptedPeer) => Answer };

/** What a friendly broker answers. */
const FRIENDLY: Script = {
  "connection.start-ok": () => ({ kind: "connection.tune", channelMax: 2047, frameMax: 131_072, heartbeat: 60 }),
  "connection.open": () => ({ kind: "connection.open-ok" }),
  "connection.close": () => ({ kind: "connection.close-ok" }),
  "channel.open": () => ({ kind: "channel.open-ok" }),
  "channel.close": () => ({ kind: "channel.close-ok" }),
  "basic.qos": () => ({ kind: "basic.qos-ok" }),
  "basic.consume": ({ consumerTag }) => ({ kind: "basic.consume-ok", consumerTag }),
  "basic.cancel": ({ consumerTag }) => ({ kind: "basic.cancel-ok", consumerTag }),
  "confirm.select": () => ({ kind: "confirm.select-ok" }),
  "queue.declare": ({ queue }) => ({ kind: "queue.declare-ok", queue, messageCount: 0, consumerCount: 0 }),
  "queue.bind": () => ({ kind: "queue.bind-ok" }),
  "exchange.declare": () => ({ kind: "exchange.declare-ok" }),
};

/** One accepted connection of a scripted broker. */
export class ScriptedPeer {
  readonly connection: Connection;
  /** What the client has sent, by channel, without the handshake. */
  readonly received: { readonly channel: number; readonly event: ChannelEvent }[] = [];
  heartbeats = 0;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  get methods(): Method[] {
    return this.received.map(({ event }) => event.method);
  }

  send(channel: number, ...methods: readonly Method[]): void {
    const writer = new ByteWriter();
    for (const method of methods) writeMethodFrame(writer, channel, method);
    this.connection.write(concatBytes(writer.take()));
  }

  sendContent(channel: number, method: Method, body: Uint8Array, properties: BasicProperties = {}): void {
    const writer = new ByteWriter();
    writeMethodFrame(writer, channel, method);
    writeHeaderFrame(writer, channel, body.length, properties);
    writeBodyFrames(writer, channel, body, 131_072);
    this.connection.write(concatBytes(writer.take()));
  }

  /** Waits for the client to send this method; the last one if there are several. */
  async got<K extends MethodKind>(kind: K, count = 1): Promise<MethodOf<K>> {
    return await eventually(`the client sends ${kind}`, () => {
      const found = this.methods.filter((method): method is Method & MethodOf<K> => method.kind === kind);
      return found.length >= count ? found.at(-1) : undefined;
    });
  }
}

/** A broker that answers by a script: what it says is what a test wants to see handled. Gone when the running test is over. */
export class ScriptedBroker {
  readonly peers: ScriptedPeer[] = [];
  #port = 0;

  static async start(script: Script = {}, port = 0): Promise<ScriptedBroker> {
    const broker = new ScriptedBroker();
    const listener = await listen({ host: "127.0.0.1", port }, async (connection) => {
      const peer = new ScriptedPeer(connection);
      broker.peers.push(peer);
      await serve(peer, { ...FRIENDLY, ...script });
    });
    onTestFinished(() => listener.close({ drainMs: 0 }));
    broker.#port = "port" in listener.address ? listener.address.port : 0;
    return broker;
  }

  get url(): string {
    return `amqp://guest:guest@127.0.0.1:${this.#port}//`;
  }

  /** The connection that was accepted as number `index`. */
  async peer(index = 0): Promise<ScriptedPeer> {
    return await eventually(`connection ${index} is accepted`, () => this.peers[index]);
  }
}

async function serve(peer: ScriptedPeer, script: Script): Promise<void> {
  const decoder = new FrameDecoder();
  const assemblers = new Map<number, ContentAssembler>();
  let isGreeted = false;
  await peer.connection.read((chunk) => {
    decoder.feed(isGreeted ? chunk : chunk.subarray(8));
    if (!isGreeted) {
      isGreeted = true;
      const capabilities = { publisher_confirms: true, "basic.nack": true, "connection.blocked": true };
      const serverProperties = { product: "scripted", capabilities };
      peer.send(0, {
        kind: "connection.start",
        versionMajor: 0,
        versionMinor: 9,
        serverProperties,
        mechanisms: "PLAIN AMQPLAIN",
        locales: "en_US",
      });
    }
    for (let frame; (frame = decoder.next()) !== undefined;) {
      if (frame.type === FrameType.heartbeat) {
        peer.heartbeats++;
        continue;
      }
      const assembler = assemblers.get(frame.channel) ?? new ContentAssembler();
      assemblers.set(frame.channel, assembler);
      const event = assembler.push(frame);
      if (event === undefined) continue;
      peer.received.push({ channel: frame.channel, event });
      const handler = script[event.method.kind] as ((method: Method, peer: ScriptedPeer) => Answer) | undefined;
      const answer = handler?.(event.method, peer);
      if (answer !== undefined) peer.send(frame.channel, ...(Array.isArray(answer) ? answer : [answer as Method]));
    }
  }).catch(() => {}); // the client may hang up as it likes
}
