import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ConfinedFolder } from "../../lib/socket/confined_folder.ts";
import { PartialFile } from "../../lib/socket/partial_file.ts";
import { Seeded } from "../support/seeded.ts";
import { testDir } from "../support/temp_dir.ts";

const KiB = 1024;

async function openFile(): Promise<{ path: string; file: PartialFile }> {
  const path = testDir();
  const folder = await ConfinedFolder.open(path);
  const file = await PartialFile.open(await folder.folder("."), "file");
  await folder.close();
  await file.startOver({ digest: true });
  return { path, file };
}

test("stores bytes in their order, whether they were received in their place or somewhere else", async () => {
  const random = new Seeded();
  const source = Buffer.from(random.bytes(64 * KiB));
  const hash = createHash("sha256");
  const { path, file } = await openFile();
  let size = 0;
  for (let round = 0; round < 300; round++) {
    const count = random.pick([0, 1, 100, 64 * KiB, 65 * KiB, 200 * KiB, 300 * KiB]);
    const room = random.integer(0, 3) === 0 ? undefined : file.room(count);
    const bytes = room?.subarray(0, random.integer(1, room.length)) ?? new Uint8Array(count);
    for (let at = 0; at < bytes.length; at += source.length) {
      bytes.set(source.subarray(0, Math.min(source.length, bytes.length - at)), at);
    }
    if (bytes.length > 0) bytes[0] = round; // no two chunks are alike
    hash.update(bytes);
    size += bytes.length;
    const patience = file.write(bytes);
    if (room === undefined) bytes.fill(0xee); // lent until `write` returns
    await patience;
  }
  const digest = hash.digest("hex");

  expect(await file.complete()).toBe(digest);
  expect(file.size).toBe(size);
  await file.finish(0o600, "refuse");
  expect(createHash("sha256").update(readFileSync(join(path, "file"))).digest("hex")).toBe(digest);
});

test("offers room only where it is worth a read, never more than is asked for, and none when it is closed", async () => {
  const { file, path } = await openFile();

  expect(file.room(1000)).toBeUndefined();
  expect(file.room(100 * KiB)?.length).toBe(100 * KiB);
  expect(file.room(10_000 * KiB)?.length).toBe(256 * KiB);
  file.write(new Uint8Array(1000 * KiB));
  expect(file.room(10_000 * KiB)).toBeUndefined(); // 24 KiB are left of the block

  await file.close();
  expect(file.room(100 * KiB)).toBeUndefined();
  expect(readdirSync(path)).toHaveLength(1);
});

test("gives memory that was lent to nobody else while bytes may still arrive in it", async () => {
  const first = await openFile();
  const lent = first.file.room(200 * KiB);
  first.file.write(lent?.subarray(0, 100 * KiB) ?? new Uint8Array());
  await first.file.close(); // in the middle, as when the connection is lost
  const second = await openFile();

  const others = Array.from({ length: 16 }, () => {
    const room = second.file.room(200 * KiB);
    second.file.write(new Uint8Array(1024 * KiB));
    return room?.buffer;
  });

  expect(lent?.length).toBe(200 * KiB);
  expect(others).not.toContain(lent?.buffer);
  await second.file.complete();
  await second.file.discard();
});
