import process from "node:process";
import { describe, expect, test } from "vitest";
import { type Launch, type Pairing, playAll } from "./plays.ts";

const program = (code: string): Launch => ({ command: process.execPath, args: ["-e", code], cwd: "." });

const pairing: Pairing = {
  stack: "test",
  over: "nothing",
  server: () => program("console.log('ready'); setInterval(() => {}, 1000)"),
  client: (side, server) => program(`console.log('${side} asks ${server}')`),
  ready: /ready/,
  proof: /asks/,
};

const ENDS_IN_ERROR: Pairing = { ...pairing, client: () => program("process.exit(3)") };

describe("playAll", () => {
  test("lets each side ask each, and keeps what they printed", async () => {
    const plays = await playAll(pairing, true);

    expect(plays.map(({ ok, clientOutput, serverOutput }) => [ok, clientOutput, serverOutput])).toEqual([
      [true, "Python asks Python", "ready"],
      [true, "ours asks Python", "ready"],
      [true, "Python asks ours", "ready"],
      [true, "ours asks ours", "ready"],
    ]);
  });

  test("plays only ours with ours where Python is missing", async () => {
    expect((await playAll(pairing, false)).map(({ server, client }) => [server, client])).toEqual([["ours", "ours"]]);
  });

  test("says why a play failed", async () => {
    const failing = [
      ENDS_IN_ERROR,
      { ...pairing, proof: /a sum/ },
      { ...pairing, server: () => program("console.log('no')") },
    ];

    const plays = await Promise.all(failing.map((each) => playAll(each, false)));

    expect(plays.flat().map(({ ok, why }) => [ok, why])).toEqual([
      [false, "the client ended with 3"],
      [false, "nobody printed a sum"],
      [false, "The program ended before /ready/ appeared:"],
    ]);
  });
});
