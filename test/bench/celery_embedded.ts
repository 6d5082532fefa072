/**
 * What the embedded broker costs beside a real Redis, both synced every second: the same client and worker on either.
 * @module
 */
import { alternate, type Bench, type Measurement, runAlone } from "./harness.ts";
import { drainRate, PUBLISH_BATCH, publishRate, roundTripMs } from "./celery/rates.ts";
import { ourWorker, withEmbedded, withRedis } from "./celery/setting.ts";

const PUBLISHES = 20_000;
const TASKS = 20_000;
const ROUND_TRIPS = 300;

export const bench: Bench = {
  name: "celery_embedded",
  needs: ["redis-server"],
  about: "Our client and worker on the embedded broker, against the same on real Redis",
  run: ({ rounds, scale }) =>
    withRedis((server) =>
      withEmbedded(async (embedded): Promise<Measurement[]> => {
        const redis = { url: server.url, observerUrl: server.url };
        const calls = Math.max(PUBLISH_BATCH, Math.round(PUBLISHES * scale));
        const count = Math.round(TASKS * scale);
        const trips = Math.max(50, Math.round(ROUND_TRIPS * scale));
        const publish = ({ url }: { url: string }) => publishRate(url, calls);
        const drain = (broker: typeof redis) => drainRate(broker, count, () => ourWorker(broker.url, ["-c", "2"]));
        const roundTrip = ({ url }: { url: string }) =>
          roundTripMs(url, trips, () => ourWorker(url, ["-c", "2", "-l", "INFO"]));
        const common = { against: "ours on Redis", target: 0.7 };
        const rates = { ...common, unit: "tasks/s", moreIsBetter: true };
        return [
          {
            ...rates,
            what: "embedded broker: publish add(i, i)",
            ...await alternate(rounds, () => publish(embedded), () => publish(redis)),
          },
          {
            ...rates,
            what: `embedded broker: drain ${count.toLocaleString("en")} add`,
            ...await alternate(rounds, () => drain(embedded), () => drain(redis)),
          },
          {
            ...common,
            unit: "ms",
            moreIsBetter: false,
            what: "embedded broker: delay().get()",
            ...await alternate(rounds, () => roundTrip(embedded), () => roundTrip(redis)),
          },
        ];
      })
    ),
};

await runAlone(import.meta.url, bench);
