import { Buffer } from "node:buffer";
import * as zlib from "node:zlib";
import { describe, expect, test } from "vitest";
import { LimitError } from "../../lib/base/errors.ts";
import { compress, decompress, withContentSize } from "../../lib/celery/compression.ts";
import { DecodeError, SerializerNotInstalled } from "../../lib/celery/wire/errors.ts";

const body = Buffer.from('[[1, 2], {}, {"callbacks": null, "errbacks": null, "chain": null, "chord": null}]');
/** Python 3.11: zlib.compress, brotli.compress of brotli 1.0.9, ZstdCompressor().compress of zstandard 0.20. */
const FROM_PYTHON = "eJyLjjbUUTCK1VGorgVipeTEnJykxOTsYiUrhbzSnBwdBaXUoiI0keSMxMw8ZG5+UQqUWxsLAAnRGfA=";
const BROTLI_FROM_PYTHON = "G1AA4MXOlqpdVohSNY1su48/Tjng5oEH4HmQZnTSwwYcRBIGy5ppKl74F5T2EJfuw5DySgcuu1c=";
const ZSTD_FROM_PYTHON =
  "KLUv/SBR9QEAFANbWzEsIDJdLCB7fSwgeyJjYWxsYmFja3MiOiBudWxsLCAiZXJyY2hhaW5jaG9yZH1dAwAysyZq061uPgE=";
const hasZstd = typeof Reflect.get(zlib, "zstdCompressSync") === "function";

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

  test.runIf(hasZstd).each(["zstd", "zstandard"])(
    "knows %s, and says how long the body is, which Python needs",
    (method) => {
      const { contentType, body: packed } = compress(body, method);

      expect(contentType).toBe("application/zstd");
      expect([...packed.subarray(0, 6)]).toEqual([0x28, 0xb5, 0x2f, 0xfd, 0x20, body.length]);
      expect(decompress(packed, contentType)).toEqual(body);
    },
  );

  test.runIf(!hasZstd).each(["zstd", "zstandard"])("says of %s where there is one", (method) => {
    expect(() => compress(body, method)).toThrow(SerializerNotInstalled);
    expect(() => compress(body, method)).toThrow(
      `Cannot compress with "${method}": this runtime has none, Node has it from 22.15 on; there are gzip, zlib, brotli`,
    );
    expect(() => decompress(body, "application/zstd")).toThrow(/this runtime has none, Node has it from 22\.15 on/);
  });

  test.each(["bzip2", "lzma", "xz", "nosuch"])("says that there is no %s here", (method) => {
    expect(() => compress(body, method)).toThrow(SerializerNotInstalled);
    expect(() => compress(body, method)).toThrow(/there are gzip, zlib, brotli/);
  });
});

describe("withContentSize", () => {
  test("puts the size into a frame of zstd that has none, as Deno writes them", () => {
    // 1000 times "hello "; zstandard 0.20 refuses the one and reads the other
    const without = Buffer.from("28b52ffd00587500003068656c6c6f2001006797be1401", "hex");
    const withSize = Buffer.from("28b52ffd8058701700007500003068656c6c6f2001006797be1401", "hex");

    expect(withContentSize(without, 6000)).toEqual(withSize);
    expect(withContentSize(withSize, 6000)).toBe(withSize);
    expect(withContentSize(Buffer.from(ZSTD_FROM_PYTHON, "base64"), body.length)).toEqual(
      Buffer.from(ZSTD_FROM_PYTHON, "base64"),
    );
  });
});

describe("decompress", () => {
  test("reads what Python compressed", () => {
    expect(decompress(Buffer.from(FROM_PYTHON, "base64"), "application/x-gzip")).toEqual(body);
    expect(decompress(Buffer.from(BROTLI_FROM_PYTHON, "base64"), "application/x-brotli")).toEqual(body);
  });

  test.runIf(hasZstd)("reads what Python compressed with zstd", () => {
    expect(decompress(Buffer.from(ZSTD_FROM_PYTHON, "base64"), "application/zstd")).toEqual(body);
  });

  test.each(["gzip", "brotli", ...(hasZstd ? ["zstd"] : [])])(
    "stops a small body of %s that grows beyond the limit",
    (method) => {
      const { body: bomb, contentType } = compress(Buffer.alloc(10_000_000), method);

      expect(() => decompress(bomb, contentType, 1_000_000)).toThrow(
        new LimitError(`Cannot decompress the body: ${bomb.length} bytes grow beyond the limit of 1000000`),
      );
    },
  );

  test("says that bytes are not what the header says", () => {
    for (const type of ["gzip", "brotli", ...(hasZstd ? ["zstd"] : [])]) {
      expect(() => decompress(body, compress(body, type).contentType)).toThrow(DecodeError);
    }
    expect(() => decompress(body, "application/x-bz2")).toThrow(/this runtime has no such compression/);
    expect(() => decompress(body, "application/x-nosuch")).toThrow(DecodeError);
  });
});
