import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { run, script } from "../support/program.ts";

const ADD_TASK = fileURLToPath(new URL("../../celery/addTask.ts", import.meta.url));
const env = { CELERY_BROKER_URL: "memory://" };

/** What the prompt says to these lines. */
async function shell(lines: readonly string[], ...args: string[]): Promise<{ answers: string[]; names: string }> {
  const input = lines.map((line) => `${line}\n`).join("");
  const { code, stdout, stderr } = await run(...script(ADD_TASK, ["shell", ...args]), { env, input });
  expect(code, stderr).toBe(0);
  return { answers: stdout.split(/^> /m).map((answer) => answer.trim()).filter((text) => text !== ""), names: stderr };
}

describe("celery shell", () => {
  test("knows the app, the canvas and the tasks by name, and waits for what is awaited", async () => {
    const { answers, names } = await shell([
      "app === celery",
      "app.conf.taskAlwaysEager = true",
      "chain(add.s(1, 1), add.s(3)).toJSON().task",
      "await add.delay(5, 5).get()",
      "[typeof chord, typeof group, signature('t.t').task, subtask('t.t').task]",
    ]);

    expect(answers.sort()).toEqual(
      ["true", "true", "'celery.chain'", "10", "[ 'function', 'function', 't.t', 't.t' ]"].sort(),
    );
    expect(names).toBe("addTask: app, celery, chain, chord, group, signature, subtask, add\n");
  });

  test("gives tasks no names where that is asked for", async () => {
    const { answers } = await shell(["typeof add", "app.tasks.has('addTask.add')"], "--without-tasks");

    expect(answers).toEqual(["'undefined'", "true"]);
  });
});
