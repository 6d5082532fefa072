/**
 * Answers strings, takes files and gives them; plain sockets that only read get the time.
 *
 *     tsx socket/server.ts
 *
 * Listens at 127.0.0.1:9999, as the classic Python time server does. `--help` lists what else it can.
 */
import { runServer } from "../lib/socket/mod.ts";

await runServer({
  reply: (text) => `Received: ${text}`,
});
