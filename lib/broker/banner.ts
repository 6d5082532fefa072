import process from "node:process";
import type { Broker } from "./broker.ts";
import { publicSocketPath } from "./folder_claim.ts";
import { DURABILITY } from "./journal/journal.ts";

/** What a broker says when it has started: where it is, and what its promise is worth. */
export function describeBroker(broker: Broker): string {
  const { durability, folder, host, idleMs, maxMemoryBytes, password } = broker.options;
  const socket = publicSocketPath(folder);
  const lines: [string, string][] = [
    ["folder", folder],
    ["socket", socket],
    ["python", `redis+socket://${socket}`],
    ["durability", `${durability}: ${DURABILITY[durability]}`],
    ["memory", `at most ${Math.round(maxMemoryBytes / 1024 / 1024)} MiB of data, then writes are refused`],
    ["loaded", `${broker.recoveredRecords} records`],
  ];
  if (broker.port !== undefined) {
    lines.splice(2, 0, ["tcp", `${host}:${broker.port}${password === undefined ? "" : ", with password"}`]);
  }
  if (idleMs > 0) lines.push(["leaves", `after ${Math.round(idleMs / 1000)} s without a client`]);
  const body = lines.map(([name, value]) => `  .> ${`${name}:`.padEnd(12)}${value}`);
  return [`three-classics broker (pid ${process.pid})`, ...body].join("\n");
}
