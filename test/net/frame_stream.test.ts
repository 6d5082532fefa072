import { describe, expect, test } from "vitest";
import { encodeFrame, FrameStream } from "../../lib/net/mod.ts";
import { duplexPair, readAll } from "../support/duplex_pair.ts";

async function streamPair() {
  const { client, server } = await duplexPair();
  return { client, server, ours: new FrameStream(client), theirs: new FrameStream(server) };
}

describe("FrameStream", () => {
  test("streams a body that is never held as a whole", async () => {
    const { ours, theirs } = await streamPair();
    const size = 40 * 1024 * 1024;
    const block = Buffer.alloc(1024 * 1024, "x");
    const sending = ours.send(size, Array.from({ length: 40 }, () => block)).then(() => ours.end());

    const frame = await theirs.next();
    let [received, largest] = [0, 0];
    for await (const chunk of frame?.chunks() ?? []) {
      received += chunk.length;
      largest = Math.max(largest, chunk.length);
    }
    await sending;

    expect([frame?.size, received]).toEqual([size, size]);
    expect(largest).toBeLessThanOrEqual(1024 * 1024);
    expect(await theirs.next()).toBe(undefined);
  });

  test("skips what was not read of a body when the next frame is asked for", async () => {
    const { client, theirs } = await streamPair();
    client.write(encodeFrame(Buffer.alloc(300_000, "a")));
    client.write(encodeFrame());
    client.write(encodeFrame(Buffer.from("tail")));
    client.end();
    const sizes: number[] = [];

    for await (const frame of theirs) {
      sizes.push(frame.size);
      if (frame.size === 4) expect(String(await frame.bytes())).toBe("tail");
    }

    expect(sizes).toEqual([300_000, 0, 4]);
  });

  test("holds a body on request, up to a limit that is checked before anything is read", async () => {
    const { client, theirs } = await streamPair();
    client.write(encodeFrame(Buffer.from("hello")));

    const frame = await theirs.next();

    await expect(frame?.bytes(4)).rejects.toThrow("Cannot hold frame: it has 5 bytes, limit is 4");
    expect(String(await frame?.bytes(5))).toBe("hello");
  });

  test("writes the frame that a plain reader expects", async () => {
    const { ours, server } = await duplexPair().then(({ client, server }) => ({
      ours: new FrameStream(client),
      server,
    }));

    await ours.send(3, [Buffer.from("a"), Buffer.from("bc")]);
    ours.end();

    expect(Buffer.from(await readAll(server)).toString("hex")).toBe("00000003616263");
  });

  test.each([[[1]], [[1, 1, 1]]])("aborts when the body has not the size it announced: %j of 2", async (sizes) => {
    const { ours, client } = await streamPair();

    await expect(ours.send(2, sizes.map((size) => new Uint8Array(size)))).rejects.toThrow("2 bytes announced");

    expect((await client.closed)?.message).toContain("2 bytes announced");
  });

  test("says how many bytes are missing when the peer stops inside a body", async () => {
    const { client, theirs } = await streamPair();
    await client.send(encodeFrame(Buffer.from("hello")).subarray(0, 6));
    client.end();

    const frame = await theirs.next();

    await expect(frame?.bytes()).rejects.toThrow("it ended inside a frame, 3 of 5 bytes early");
  });
});
