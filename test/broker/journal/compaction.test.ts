import { describe, expect, test } from "vitest";
import { settled } from "../../support/fake_clock.ts";
import { FakeDisk } from "../../support/fake_disk.ts";
import { JournaledShell } from "../../support/journaled_shell.ts";
import { Seeded } from "../../support/seeded.ts";
import { FAMILIES } from "../commands/random_commands.ts";

function runRandom({ shell, journal }: JournaledShell, seeded: Seeded, count: number): void {
  const { run, answers } = shell.client();
  for (let i = 0; i < count; i++) {
    run(...seeded.pick(Object.values(FAMILIES))(seeded));
    answers.length = 0;
    if (seeded.integer(0, 20) === 0) journal.flush();
  }
  journal.flush();
}

/** A queue with messages that a holder has reserved, and keys that end. */
function fillQueue({ shell }: JournaledShell): void {
  const { run } = shell.client();
  const message = (tag: number) =>
    `{"properties": {"delivery_tag": "t${tag}", "delivery_info": {"exchange": "", "routing_key": "celery"}}}`;
  run("RPUSH", "celery", ...Array.from({ length: 1000 }, (_, i) => message(i)));
  run("Q.HOLD", "worker", 3000);
  run("Q.RESERVE", "unacked", "unacked_index", "worker", 1, 300, 1, "celery");
  run("Q.ACK", "unacked", "unacked_index", "t999", "t998");
  run("SET", "ends", 1, "EX", 1000);
  run("ZADD", "scores", "inf", "a", "-inf", "b", "1.25", "c");
}

describe("a replay", () => {
  test("gives the very state that was left, for random commands of every family", async () => {
    for (let round = 0; round < 5; round++) {
      const seeded = new Seeded(new Seeded().seed + round);
      const before = await JournaledShell.start(new FakeDisk());
      fillQueue(before);
      runRandom(before, seeded, 600);

      const after = await JournaledShell.start(before.disk.afterKill());

      expect(after.dump(), `seed ${seeded.seed}`).toEqual(before.dump());
      expect(after.shell.store.usedBytes).toBe(before.shell.store.usedBytes);
    }
  });
});

describe("compact", () => {
  test("leaves the same state in less space, while everything goes on changing", async () => {
    for (let round = 0; round < 5; round++) {
      const seeded = new Seeded(new Seeded().seed + round);
      const before = await JournaledShell.start(new FakeDisk());
      fillQueue(before);
      runRandom(before, seeded, 300);
      before.shell.client().run("RPUSH", "large", ...Array.from({ length: 5000 }, (_, i) => `${i}${"x".repeat(200)}`));

      before.disk.isSlow = true;
      let isDone = false;
      const compacting = before.compact().finally(() => isDone = true);
      while (!isDone) {
        runRandom(before, seeded, 20);
        before.shell.client().run("RPOPLPUSH", "large", "a list");
        await settled();
      }
      await compacting;
      before.disk.isSlow = false;
      runRandom(before, seeded, 50);

      expect((await before.disk.list()).sort()).toEqual(["journal.2", "snapshot.2"]);
      const after = await JournaledShell.start(before.disk.afterKill());
      expect(after.dump(), `seed ${seeded.seed}`).toEqual(before.dump());
    }
  });

  test("shows the moment at which it began, even for keys that vanish before they are reached", async () => {
    const before = await JournaledShell.start(new FakeDisk());
    const { run } = before.shell.client();
    for (let i = 0; i < 2000; i++) run("RPUSH", `list${i}`, "a", "b", "c".repeat(300));
    before.journal.flush();

    before.disk.isSlow = true;
    const compacting = before.compact();
    while (!(await before.disk.list()).includes("snapshot.2.unfinished")) await settled();
    await settled();
    for (let i = 0; i < 2000; i += 2) run("RPOPLPUSH", `list${i}`, `list${i + 1}`);
    for (let i = 0; i < 2000; i += 3) run("DEL", `list${i}`);
    run("FLUSHDB");
    run("RPUSH", "list5", "new");
    before.journal.flush();
    await compacting;

    const after = await JournaledShell.start(before.disk.afterKill());
    expect(after.dump()).toEqual(before.dump());
  });

  test("loses nothing wherever the process is killed or the power goes", async () => {
    const whole = await JournaledShell.start(new FakeDisk());
    fillQueue(whole);
    whole.journal.flush();
    const start = whole.disk.operations;
    await whole.compact();
    const operations = whole.disk.operations - start;
    expect(operations).toBeGreaterThan(8);

    for (let crashAt = 0; crashAt <= operations; crashAt++) {
      const before = await JournaledShell.start(new FakeDisk(), "everysec");
      fillQueue(before);
      before.journal.flush();
      await before.journal.rotate(() => {}); // all of this is on the disk now
      before.disk.operationsLeft = before.disk.operations + crashAt;
      await before.compact().catch(() => {});

      for (
        const disk of [
          before.disk.afterKill(),
          before.disk.afterPowerCut(),
          before.disk.afterPowerCut((n) => n >> 1),
        ]
      ) {
        const after = await JournaledShell.start(disk);
        expect(after.dump(), `killed after ${crashAt} operations`).toEqual(before.dump());
      }
    }
  });
});

describe("a power cut", () => {
  test("takes nothing that `always` has confirmed, and leaves no half of a transaction", async () => {
    const seeded = new Seeded();
    for (let round = 0; round < 30; round++) {
      const before = await JournaledShell.start(new FakeDisk(), "always");
      const { run } = before.shell.client();
      for (let i = 1; i <= 40; i++) {
        for (const words of [["MULTI"], ["RPUSH", "left", i], ["RPUSH", "right", i], ["EXEC"]]) run(...words);
        before.journal.flush();
        if (seeded.integer(0, 3) === 0) await settled();
      }
      const confirmed = before.journal.durable;

      const after = await JournaledShell.start(before.disk.afterPowerCut((bytes) => seeded.integer(0, bytes)));

      const reader = after.shell.client();
      const left = reader.run("LRANGE", "left", 0, -1);
      expect(reader.run("LLEN", "left")).toBeGreaterThanOrEqual(confirmed);
      expect(reader.run("LRANGE", "right", 0, -1), `seed ${seeded.seed}`).toEqual(left);
    }
  });
});
