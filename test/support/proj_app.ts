import { Celery, type CeleryOptions } from "../../lib/celery/mod.ts";

/** The tasks of the Python project that the fixtures were captured with. */
export function projApp(options: CeleryOptions = {}) {
  const app = new Celery("proj", { broker: "memory://", backend: "cache+memory://", environment: {}, ...options });
  return {
    app,
    add: app.task("proj.add", (x: number, y: number) => x + y),
    echo: app.task(
      "proj.echo",
      { bind: true, anyKwargs: true },
      (self, ...args: unknown[]) => ({ args, kwargs: self.request.kwargs }),
    ),
    fail: app.task("proj.fail", { params: ["msg?"] }, (msg?: string) => {
      throw new RangeError(msg ?? "boom");
    }),
    ignored: app.task("proj.ignored", { ignoreResult: true }, () => 1),
    xsum: app.task("proj.xsum", (numbers: number[]) => numbers.reduce((sum, each) => sum + each, 0)),
    onerr: app.task("proj.onerr", (id: string) => id),
  };
}

export type ProjApp = ReturnType<typeof projApp>;
