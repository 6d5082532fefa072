import { expect, test } from "vitest";
import { EarlyDeliveries } from "../../../lib/celery/worker/early_deliveries.ts";
import type { Delivery } from "../../../lib/celery/transport/transport.ts";

function delivery(name: string, released: string[]): Delivery {
  const release = () => {
    released.push(name);
    return name === "unreachable" ? Promise.reject(new Error("The broker is away")) : Promise.resolve();
  };
  const part: Partial<Delivery> = { deliveryTag: name, release };
  return part as Delivery;
}

test("keeps what comes before it is opened, and hands it on before what comes after", () => {
  const taken: string[] = [];
  const early = new EarlyDeliveries(({ deliveryTag }) => taken.push(deliveryTag));
  early.take(delivery("first", []));
  early.take(delivery("second", []));
  expect(taken).toEqual([]);

  early.open();
  early.take(delivery("third", []));

  expect(taken).toEqual(["first", "second", "third"]);
});

test("gives back what waits, whatever becomes of it, and only once", async () => {
  const released: string[] = [];
  const taken: string[] = [];
  const early = new EarlyDeliveries(({ deliveryTag }) => taken.push(deliveryTag));
  early.take(delivery("unreachable", released));
  early.take(delivery("second", released));

  early.giveBack();
  early.giveBack();
  await Promise.resolve();

  expect(released).toEqual(["unreachable", "second"]);
  expect(taken).toEqual([]);
});
