/**
 * Addition over a raw connection.
 *
 *     tsx socket/addTask.ts serve
 *     tsx socket/addTask.ts 5 7
 */
import { addNumbers, runAddition } from "../lib/socket/mod.ts";

await runAddition({
  add: (x, y) => addNumbers(x, y),
});
