/**
 * kill -9 under load: 5,000 tasks that acknowledge late are under way when something dies. Whatever the broker has confirmed
 * is done in the end.
 */
import { describe, expect, onTestFinished, test } from "vitest";
import { execFileSync } from "node:child_process";
import { Celery } from "../../lib/celery/mod.ts";
import { describeWithPeers } from "../support/peers.ts";
import { eventually } from "../support/eventually.ts";
import { Program, script } from "../support/program.ts";
import { RedisServer } from "../support/redis_server.ts";
import { testDir } from "../support/temp_dir.ts";

const TASKS = 5000;
const GLANCE = 200;
const LIMITS = { timeout: 300_000 };
const PATIENCE = { timeoutMs: 240_000, everyMs: 200 };

/** Everything over one broker: a client in this process, workers and publishers as programs. */
class Scene {
  readonly env: NodeJS.ProcessEnv;
  readonly app: Celery;

  constructor(url: string) {
    this.env = { CELERY_BROKER_URL: url, CELERY_RESULT_BACKEND: url };
    this.app = new Celery("faults", {
      environment: this.env,
      taskPublishRetryPolicy: { maxRetries: 50, intervalStart: 0, intervalStep: 0.2, intervalMax: 1 },
    });
    onTestFinished(() => this.app.close());
  }

  async worker(): Promise<Program> {
    const program = new Program(...script("test/faults/celery_app.ts", ["worker", "-l", "INFO", "-c", "2"]), {
      env: this.env,
    });
    onTestFinished(async () => void await program.stop("SIGKILL"));
    await program.printed(/ ready\./, 120_000);
    return program;
  }

  async publish(): Promise<string[]> {
    const sent = Array.from({ length: TASKS }, (_, n) => this.app.sendTask("faults.square", [n]));
    await Promise.all(sent.map((result) => result.published));
    return sent.map((result) => result.id);
  }

  /** Waits until work is well under way: so many of these are done. */
  async underWay(ids: readonly string[], count = ids.length / 20): Promise<void> {
    let open = ids;
    await eventually(`${count} tasks are done`, async () => {
      open = await this.#notSucceeded(open);
      return ids.length - open.length >= count;
    }, PATIENCE);
  }

  allDone(ids: readonly string[]): Promise<void> {
    return this.underWay(ids, ids.length);
  }

  /** Looks no further than where most are not done yet: a look must not cost as much as the work. */
  async #notSucceeded(ids: readonly string[]): Promise<string[]> {
    const backend = await this.app.backend();
    let at = 0;
    const open: string[] = [];
    while (at < ids.length && open.length < GLANCE / 2) {
      const some = ids.slice(at, at += GLANCE);
      const metas = await backend.getMany(some);
      open.push(...some.filter((_, index) => metas[index]?.status !== "SUCCESS"));
    }
    return [...open, ...ids.slice(at)];
  }
}

/** A broker of the test's own, in the foreground of a program. */
async function embedded(folder: string): Promise<Program> {
  const broker = new Program(...script("test/faults/celery_app.ts", ["-b", `embedded://${folder}`, "broker"]));
  onTestFinished(async () => void await broker.stop());
  await broker.printed(/three-classics broker/, 60_000);
  return broker;
}

function childrenOf(pid: number): number[] {
  const list = execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(pid)], { encoding: "utf8" });
  return list.split("\n").filter((line) => line.includes("child_main")).map((line) => Number.parseInt(line, 10));
}

describe("5,000 tasks that acknowledge late survive", () => {
  test("kill -9 of a pool child", LIMITS, async () => {
    const folder = testDir();
    await embedded(folder);
    const scene = new Scene(`embedded://${folder}`);
    const worker = await scene.worker();
    const ids = await scene.publish();
    await scene.underWay(ids);

    const [child] = childrenOf(worker.pid);
    if (child !== undefined) process.kill(child, "SIGKILL");

    await scene.allDone(ids);
    expect(worker.output).toContain("exited with 'signal 9 (SIGKILL)'");
  });

  test("kill -9 of the supervisor", LIMITS, async () => {
    const folder = testDir();
    await embedded(folder);
    const scene = new Scene(`embedded://${folder}`);
    const first = await scene.worker();
    const ids = await scene.publish();
    await scene.underWay(ids);

    await first.stop("SIGKILL");
    await scene.worker();

    await scene.allDone(ids);
  });

  test("kill -9 of the client in the middle of publishing", LIMITS, async () => {
    const folder = testDir();
    await embedded(folder);
    const scene = new Scene(`embedded://${folder}`);
    const client = new Program(...script("test/faults/celery_publisher.ts", [String(TASKS)]), { env: scene.env });
    await client.printed(/(?:[-\w]{36}\n){200}/, 120_000);

    await client.stop("SIGKILL");
    const confirmed = client.stdout.split("\n").filter((line) => line.length === 36);
    await scene.worker();

    await scene.allDone(confirmed);
  });

  test("kill -9 of the embedded broker", LIMITS, async () => {
    const folder = testDir();
    const broker = await embedded(folder);
    const scene = new Scene(`embedded://${folder}`);
    await scene.worker();
    const ids = await scene.publish();
    await scene.underWay(ids);

    await broker.stop("SIGKILL"); // whoever connects next starts it again, from its journal

    await scene.allDone(ids);
  });
});

describeWithPeers(["redis-server"], "5,000 tasks that acknowledge late survive, over real Redis,", () => {
  test("kill -9 of Redis", LIMITS, async () => {
    const redis = await RedisServer.start(["--appendfsync", "always"]);
    onTestFinished(() => redis.stop());
    const scene = new Scene(redis.url);
    await scene.worker();
    const ids = await scene.publish();
    await scene.underWay(ids);

    await redis.down("SIGKILL");
    await redis.up();

    await scene.allDone(ids);
  });
});
