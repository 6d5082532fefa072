import { describe, expect, test } from "vitest";
import { multiNodes } from "../../../lib/celery/cli/multi_node.ts";
import { optionsByName, parseMultiOptions } from "../../../lib/celery/cli/multi_options.ts";

const PROGRAM = { executable: "node", args: ["app.ts"], globals: ["-q"] };
const nodesOf = (...argv: string[]) => multiNodes(parseMultiOptions(argv), PROGRAM, "here.example");

describe("parseMultiOptions", () => {
  test("tells options of all nodes from those of some, and leaves what stands behind --", () => {
    const { words, common, own, rest } = parseMultiOptions([
      "a",
      "b",
      "-c",
      "3",
      "-E",
      "-c:1",
      "9",
      "--x:b=1",
      "--",
      "-y",
    ]);

    expect(words).toEqual(["a", "b"]);
    expect([...common]).toEqual([["-c", "3"], ["-E", undefined]]);
    expect([...own].map(([name, options]) => [name, ...options])).toEqual([["1", ["-c", "9"]], ["b", ["--x", "1"]]]);
    expect(rest).toEqual(["--", "-y"]);
  });

  test("refuses two colons", () => {
    expect(() => parseMultiOptions(["-c:1:2", "3"])).toThrow("Invalid option '-c:1:2': expected one colon.");
  });
});

describe("optionsByName", () => {
  test("refuses a number that no node has", () => {
    const own = new Map([["5", new Map([["-c", "1"]])]]);

    expect(() => optionsByName(own, ["a", "b"], false)).toThrow("No node at index '5': there are 2.");
  });
});

describe("multiNodes", () => {
  test("puts files where Celery puts them", () => {
    const [node] = nodesOf("a");

    expect(node).toMatchObject({
      name: "a@here.example",
      pidfile: "/var/run/celery/a.pid",
      logfile: "/var/log/celery/a%I.log",
      argv: [
        ...["app.ts", "-q", "worker", "--detach", "-n", "a@here.example"],
        ...["--pidfile=/var/run/celery/a.pid", "--logfile=/var/log/celery/a%I.log"],
      ],
    });
  });

  test("starts the executable it is told to", () => {
    expect(nodesOf("a", "--executable=/opt/node")[0]?.executable).toBe("/opt/node");
  });

  test("knows no other command than the worker", () => {
    expect(() => nodesOf("a", "--cmd=beat")).toThrow(
      "Option '--cmd' is not known here: each node is this app's worker.",
    );
  });
});
