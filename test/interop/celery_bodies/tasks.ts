/** A worker of ours for `test/python/celery/bodies.py`, whose tasks are these; SERIALIZER in the environment is all it accepts. */
import process from "node:process";
import { Celery } from "../../../lib/celery/mod.ts";

const name = process.env.SERIALIZER ?? "msgpack";

export const app = new Celery("bodies", {
  taskSerializer: name,
  resultSerializer: name,
  acceptContent: [name],
  eventSerializer: name,
  taskAcksLate: true,
  workerDeduplicateSuccessfulTasks: true,
});

app.task("bodies.echo", (value: unknown) => value);
app.task("bodies.add", (x: number, y: number) => x + y);
app.task("bodies.join", (first: unknown, second: unknown) => [first, second]);
app.task("bodies.xsum", (numbers: number[]) => numbers.reduce((sum, each) => sum + each, 0));
class ValueError extends Error {
  readonly args: readonly unknown[];

  constructor(...args: unknown[]) {
    super(args.join(", "));
    this.args = args;
  }
}
app.exceptions.register(ValueError, "builtins.ValueError");
app.task("bodies.fail", (...args: unknown[]) => {
  throw new ValueError(...args);
});
app.task("bodies.untold", () => () => "a function");

await app.start(import.meta.url);
