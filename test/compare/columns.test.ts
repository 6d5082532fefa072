import { describe, expect, test } from "vitest";
import { layOut, pairLines, sameWords } from "./columns.ts";

describe("pairLines", () => {
  test("puts equal lines beside each other and marks what stands on one side only", () => {
    expect(pairLines(["a", "b", "c"], ["a", "c", "d"])).toEqual([
      { left: "a", right: "a", mark: "same" },
      { left: "b", right: "", mark: "left only" },
      { left: "c", right: "c", mark: "same" },
      { left: "", right: "d", mark: "right only" },
    ]);
  });

  test("marks lines that stand for each other as changed", () => {
    expect(pairLines(["x = 1", "end"], ["const x = 1;", "end"])[0]).toEqual({
      left: "x = 1",
      right: "const x = 1;",
      mark: "changed",
    });
  });

  test("puts lines of two languages beside each other that use the same words", () => {
    const python = ["import Pyro4", "", "def startServer():", "    daemon = Pyro4.Daemon()"];
    const ours = [
      "import a",
      "function other() {",
      "}",
      "async function startServer() {",
      "  const daemon = await Pyro4.Daemon()",
    ];

    expect(pairLines(python, ours, sameWords).filter((row) => row.left !== "").map(({ left, right }) => [left, right]))
      .toEqual([
        ["import Pyro4", "import a"],
        ["def startServer():", "async function startServer() {"],
        ["    daemon = Pyro4.Daemon()", "  const daemon = await Pyro4.Daemon()"],
      ]);
  });

  test("takes empty texts", () => {
    expect(pairLines([], [])).toEqual([]);
  });
});

describe("layOut", () => {
  test("fits two columns and the sign into the width, folding long lines", () => {
    const lines = layOut(pairLines(["a".repeat(25)], ["b"]), 43);

    expect(lines).toEqual([`${"a".repeat(20)} ~ b`, "a".repeat(5)]);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(43);
  });
});
