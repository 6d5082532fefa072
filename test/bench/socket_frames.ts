/**
 * Small frames one way through one connection, read one by one, against asyncio's `readexactly`; one Python program feeds
 * both in batches.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { PYTHON } from "../support/peers.ts";
import { Program, script } from "../support/program.ts";
import { alternate, type Bench, runAlone } from "./harness.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Starts a reader, feeds it, and returns the frames a second that it counted. */
async function measure(command: string, args: readonly string[], count: number): Promise<number> {
  const reader = new Program(command, args);
  try {
    const [, port = ""] = await reader.printed(/port (\d+)/);
    const feeder = new Program(PYTHON, [here("../python/socket/feed_frames.py"), port, String(count)]);
    const [, rate] = await reader.printed(/rate ([\d.]+)/, 120_000);
    await feeder.exit();
    return Number(rate);
  } finally {
    await reader.stop();
  }
}

export const bench: Bench = {
  name: "socket_frames",
  needs: ["python"],
  about: "64-byte frames through one connection, read one by one",
  async run({ rounds, scale }) {
    const count = Math.round(5000 * scale) * 1000;
    const rates = await alternate(
      rounds,
      () => measure(...script(here("socket/read_frames.ts")), count),
      () => measure(PYTHON, [here("../python/socket/read_frames.py")], count),
    );
    return [{
      what: "64-byte frames, one connection, one way",
      against: "Python asyncio readexactly",
      unit: "frames/s",
      ...rates,
      moreIsBetter: true,
      target: 2,
    }];
  },
};

await runAlone(import.meta.url, bench);
