import { describe, expect, test } from "vitest";
import { CommandWriter, encodeCommand, encodeCommands } from "../../../lib/redis/wire/mod.ts";
import { wireCases } from "../../support/redis_fixtures.ts";

describe("encodeCommand", () => {
  test("writes the bytes that redis-py writes", () => {
    for (const { command, sent } of wireCases()) {
      expect(Buffer.from(encodeCommand(command)).toString("latin1")).toBe(Buffer.from(sent).toString("latin1"));
    }
  });

  test("counts bytes, not characters", () => {
    expect(Buffer.from(encodeCommand(["é😀", 10n])).toString()).toBe("*2\r\n$6\r\né😀\r\n$2\r\n10\r\n");
  });
});

describe("encodeCommands", () => {
  test("writes one command after the other", () => {
    expect(Buffer.from(encodeCommands([["PING"], ["PING"]])).toString()).toBe(
      "*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n",
    );
  });
});

describe("CommandWriter", () => {
  test("hands everything over once, in order, whatever the sizes", () => {
    const writer = new CommandWriter();
    const commands = Array.from({ length: 300 }, (_, i) => ["LPUSH", "ü".repeat(i), Buffer.alloc(i * 111, "b")]);

    for (const command of commands) writer.write(command);
    const length = writer.length;
    const bytes = Buffer.concat(writer.take());

    expect(bytes.equals(Buffer.concat(commands.map((command) => encodeCommand(command))))).toBe(true);
    expect(length).toBe(bytes.length);
    expect(writer.take()).toEqual([]);
  });

  test("does not touch bytes that were taken", () => {
    const writer = new CommandWriter();
    writer.write(["A"]);
    const first = Buffer.concat(writer.take());
    const [chunk] = (writer.write(["B"]), writer.take());

    writer.write(["C"]);

    expect(first.toString()).toBe("*1\r\n$1\r\nA\r\n");
    expect(Buffer.from(chunk ?? []).toString()).toBe("*1\r\n$1\r\nB\r\n");
  });

  test("does not copy large arguments", () => {
    const large = Buffer.alloc(100_000);
    const writer = new CommandWriter();

    writer.write(["SET", "k", large]);

    expect(writer.take()).toContain(large);
  });
});
