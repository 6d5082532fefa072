import { describe, expect, test } from "vitest";
import type { Queue } from "../../../lib/celery/transport/transport.ts";
import { type BannerFacts, workerBanner } from "../../../lib/celery/worker/banner.ts";

function queue(name: string): Queue {
  return {
    name,
    exchange: { name, type: "direct", durable: true, autoDelete: false },
    routingKey: name,
    durable: true,
    exclusive: false,
    autoDelete: false,
    arguments: {},
  };
}

const facts: BannerFacts = {
  node: "worker@host",
  version: "5.6.3 (recovery)",
  platform: "Linux-6.1",
  time: "2026-11-24 16:01:26",
  app: "proj:0x7f2b0cdc7d50",
  transport: "redis://127.0.0.1:7601/2",
  results: "redis://127.0.0.1:7601/2",
  concurrency: 2,
  autoscale: undefined,
  pool: "prefork",
  taskEvents: true,
  queues: [queue("celery")],
  notes: [],
  tasks: ["proj.add"],
};

describe("workerBanner", () => {
  test("is Celery's, to the last blank", () => {
    expect(workerBanner(facts)).toBe(
      [
        " ",
        " -------------- worker@host v5.6.3 (recovery)",
        "--- ***** ----- ",
        "-- ******* ---- Linux-6.1 2026-11-24 16:01:26",
        "- *** --- * --- ",
        "- ** ---------- [config]",
        "- ** ---------- .> app:         proj:0x7f2b0cdc7d50",
        "- ** ---------- .> transport:   redis://127.0.0.1:7601/2",
        "- ** ---------- .> results:     redis://127.0.0.1:7601/2",
        "- *** --- * --- .> concurrency: 2 (prefork)",
        "-- ******* ---- .> task events: ON",
        "--- ***** ----- ",
        " -------------- [queues]",
        "                .> celery           exchange=celery(direct) key=celery",
        "                ",
        "",
        "[tasks]",
        "  . proj.add",
        "",
        "",
      ].join("\n"),
    );
  });

  test("shows bounds instead of a number where the pool scales, and how to get events", () => {
    const banner = workerBanner({ ...facts, autoscale: { max: 8, min: 2 }, taskEvents: false, tasks: undefined });

    expect(banner).toContain(".> concurrency: {min=2, max=8} (prefork)\n");
    expect(banner).toContain(".> task events: OFF (enable -E to monitor tasks in this worker)\n");
    expect(banner).not.toContain("[tasks]");
  });

  test("lists several queues one below the other", () => {
    expect(workerBanner({ ...facts, queues: [queue("a"), queue("b")], tasks: undefined })).toMatch(
      / \[queues\]\n {16}\.> a .*\n {16}\.> b .*\n\n$/,
    );
  });
});
