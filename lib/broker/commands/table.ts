import { blockingListCommands } from "./blocking_lists.ts";
import { clientCommands } from "./client.ts";
import type { Command } from "./command.ts";
import { connectionCommands } from "./connection.ts";
import { expiryCommands } from "./expiry.ts";
import { hashCommands } from "./hashes.ts";
import { introspectionCommands } from "./introspection.ts";
import { keyCommands } from "./keys.ts";
import { listCommands } from "./lists.ts";
import { pubSubCommands } from "./pubsub.ts";
import { queueCommands } from "./queue.ts";
import { scanCommands } from "./scan.ts";
import { scriptingCommands } from "./scripting.ts";
import { serverCommands } from "./server.ts";
import { setCommands } from "./sets.ts";
import { sortedSetRangeCommands } from "./sorted_set_ranges.ts";
import { sortedSetCommands } from "./sorted_sets.ts";
import { stringCommands } from "./strings.ts";
import { transactionCommands } from "./transactions.ts";

const FAMILIES: readonly (readonly Command[])[] = [
  ...[stringCommands, keyCommands, expiryCommands, scanCommands],
  ...[listCommands, blockingListCommands, hashCommands, setCommands, sortedSetCommands, sortedSetRangeCommands],
  ...[pubSubCommands, transactionCommands, scriptingCommands, queueCommands],
  ...[connectionCommands, clientCommands, serverCommands, introspectionCommands],
];

/** Every command the broker has, by its name in upper case. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map(
  FAMILIES.flat().map((command) => [command.name, command]),
);
