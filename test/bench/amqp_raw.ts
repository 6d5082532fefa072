/**
 * Bare AMQP on a real RabbitMQ: confirmed publishing and consuming with manual acknowledgement, ours against amqplib, the same
 * bytes both ways.
 * @module
 */
import { Buffer } from "node:buffer";
import { AmqpConnection, type Channel, declareQueue, purgeQueue } from "../../lib/amqp/mod.ts";
import { RabbitServer } from "../support/rabbit_server.ts";
import { alternate, type Bench, loadPeerPackage, rate, runAlone } from "./harness.ts";

/** As much of amqplib as is used here. */
interface PeerChannel {
  publish(exchange: string, key: string, body: Buffer, options: object, done?: (error: unknown) => void): boolean;
  prefetch(count: number): Promise<unknown>;
  consume(queue: string, onMessage: (message: { content: Buffer }) => void): Promise<{ consumerTag: string }>;
  ack(message: { content: Buffer }): void;
  cancel(consumerTag: string): Promise<unknown>;
}

interface PeerConnection {
  createConfirmChannel(): Promise<PeerChannel>;
  createChannel(): Promise<PeerChannel>;
  close(): Promise<void>;
}

const QUEUE = "bench";
/** Publishes under way at once, and deliveries that may be open. */
const WINDOW = 1000;
const PREFETCH = 200;
const BODY = Buffer.alloc(1000, "x");

async function ourPublish(channel: Channel, count: number): Promise<void> {
  let left = count;
  const message = {
    exchange: "",
    routingKey: QUEUE,
    properties: { deliveryMode: 2, contentType: "text/plain" },
    body: BODY,
  };
  const lane = async () => {
    while (left-- > 0) await channel.publishConfirmed(message);
  };
  await Promise.all(Array.from({ length: WINDOW }, lane));
}

async function peerPublish(channel: PeerChannel, count: number): Promise<void> {
  let left = count;
  const options = { persistent: true, contentType: "text/plain" };
  const one = () =>
    new Promise<void>((resolve, reject) => {
      channel.publish("", QUEUE, BODY, options, (error) => error === null ? resolve() : reject(error));
    });
  const lane = async () => {
    while (left-- > 0) await one();
  };
  await Promise.all(Array.from({ length: WINDOW }, lane));
}

function ourConsume(channel: Channel, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = 0;
    channel.consume({
      queue: QUEUE,
      consumerTag: "bench",
      onMessage: ({ deliveryTag }) => {
        channel.ack(deliveryTag);
        if (++seen === count) channel.cancel("bench").then(resolve, reject);
      },
    }).catch(reject);
  });
}

function peerConsume(channel: PeerChannel, count: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = 0;
    const consumer = channel.consume(QUEUE, (message) => {
      channel.ack(message);
      if (++seen === count) {
        consumer.then(({ consumerTag }) => channel.cancel(consumerTag)).then(() => resolve(), reject);
      }
    });
  });
}

export const bench: Bench = {
  name: "amqp_raw",
  needs: ["rabbitmq-server"],
  about: "confirmed publishes and acknowledged deliveries of 1 kB on real RabbitMQ, against amqplib",
  run: async ({ rounds, scale }) => {
    const count = Math.round(40_000 * scale);
    const amqplib = await loadPeerPackage("amqplib@0.10.9") as {
      default: { connect(url: string): Promise<PeerConnection> };
    };
    const server = await RabbitServer.start();
    const ours = await AmqpConnection.open({ url: server.url });
    const theirs = await amqplib.default.connect(server.url.replace(/\/\/$/, "/%2F"));
    try {
      const channel = await ours.openChannel();
      await declareQueue(channel, { queue: QUEUE, durable: true });
      await channel.confirmSelect();
      await channel.qos(PREFETCH, false);
      const peer = await theirs.createConfirmChannel();
      await peer.prefetch(PREFETCH);
      const empty = () => purgeQueue(channel, QUEUE);
      const timed = async (prepare: () => Promise<unknown>, work: () => Promise<void>) => {
        await prepare();
        return await rate(count, work);
      };
      const fill = async () => {
        await empty();
        await ourPublish(channel, count);
      };
      const publish = await alternate(
        rounds,
        () => timed(empty, () => ourPublish(channel, count)),
        () => timed(empty, () => peerPublish(peer, count)),
      );
      const consume = await alternate(
        rounds,
        () => timed(fill, () => ourConsume(channel, count)),
        () => timed(fill, () => peerConsume(peer, count)),
      );
      const common = { against: "amqplib 0.10.9", unit: "messages/s", moreIsBetter: true, target: 1 } as const;
      return [
        { what: "AMQP: confirmed publishing of 1 kB", ...publish, ...common },
        { what: "AMQP: consuming 1 kB with manual acknowledgement", ...consume, ...common },
      ];
    } finally {
      await theirs.close();
      await ours.close();
      await server.stop();
    }
  },
};

await runAlone(import.meta.url, bench);
