import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { LimitError } from "../../lib/base/errors.ts";
import { compress, decompress } from "../../lib/celery/compression.ts";
import { DecodeError, SerializerNotInstalled } from "../../lib/celery/wire/errors.ts";

const body = Buffer.from('[[1, 2], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]');
/** zlib.compress of Python 3.11 */
const FROM_PYTHON = "eJyLjjbUUTCK1VGorgVipeTEnJykxOTsYiUrhbzSnBwdBaXUoiI0keSMxMw8ZG5+UQqUWxsLAAnRGfA=";

describe("compress", () => {
  test.each(["gzip", "zlib"])("writes a zlib stream for what kombu calls %s", (method) => {
    const { contentType, body: packed } = compress(body, method);

    expect(contentType).toBe("application/x-gzip");
    expect([...packed.subarray(0, 1)]).toEqual([0x78]);
    expect(decompress(packed, contentType)).toEqual(body);
  });

  test("knows brotli", () => {
    const { contentType, body: packed } = compress(body, "brotli");

    expect(contentType).toBe("application/x-brotli");
    expect(decompress(packed, contentType)).toEqual(body);
  });

  test.each(["bzip2", "lzma", "xz", "nosuch"])("says that there is no %s here", (method) => {
    expect(() => compress(body, method)).toThrow(SerializerNotInstalled);
    expect(() => compress(body, method)).toThrow(/there are gzip, zlib, brotli/);
  });
});

describe("decompress", () => {
  test("reads what Python compressed", () => {
    expect(decompress(Buffer.from(FROM_PYTHON, "base64"), "application/x-gzip")).toEqual(body);
  });

  test("stops a small body that grows beyond the limit", () => {
    const bomb = compress(Buffer.alloc(10_000_000), "gzip").body;

    expect(() => decompress(bomb, "application/x-gzip", 1_000_000)).toThrow(
      new LimitError(`Cannot decompress the body: ${bomb.length} bytes grow beyond the limit of 1000000`),
    );
  });

  test("says that bytes are not what the header says", () => {
    expect(() => decompress(body, "application/x-gzip")).toThrow(DecodeError);
    expect(() => decompress(body, "application/x-bz2")).toThrow(/this runtime has no such compression/);
    expect(() => decompress(body, "application/x-nosuch")).toThrow(DecodeError);
  });
});
