import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { CurrentTask } from "../../lib/celery/current_task.ts";
import { directRequest } from "../../lib/celery/task_request.ts";

const first = directRequest("first", []);
const second = directRequest("second", []);

test("A task is found from everything that it awaits, beside others", async () => {
  const current = new CurrentTask();
  const seen = (request: typeof first) =>
    current.run(request, async () => {
      await nextTurn();
      return current.request;
    });

  expect(await Promise.all([seen(first), seen(second)])).toEqual([first, second]);
  expect(current.request).toBeUndefined();
});

test("A task that has the process to itself is found until it ends, also across awaits", async () => {
  const current = new CurrentTask();

  const seen = await current.runAlone(first, async () => {
    await nextTurn();
    return current.request;
  });

  expect(seen).toBe(first);
  expect(current.request).toBe(first);
  current.ended(first);
  expect(current.request).toBeUndefined();
});

test("The end of one task does not hide the next, which has begun already", () => {
  const current = new CurrentTask();
  current.runAlone(first, () => {});
  current.runAlone(second, () => {});

  current.ended(first);

  expect(current.request).toBe(second);
});

test("What comes after a task is a part of it, while the next one has the process", async () => {
  const current = new CurrentTask();
  const after = current.run(first, async () => {
    await nextTurn();
    return current.request;
  });

  expect(current.runAlone(second, () => current.request)).toBe(second);
  expect(current.request).toBe(second);
  expect(await after).toBe(first);
});
