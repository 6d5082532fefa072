/** Sends one addition to the worker and prints the sum. */
import * as addTask from "./addTask.ts";

const result = addTask.add.delay(5, 5);
console.log("Task sent:", result.id);
console.log("5 + 5 =", await result.get({ timeout: 30 }));
