/**
 * One end of the call benches: our daemon, and a bare TCP echo that answers each request of ours with as many bytes as the
 * daemon would. Prints READY, the object's uri and the echo's port; on a line of input prints its resident memory in bytes.
 * @module
 */
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { Daemon, expose } from "../../../lib/pyro/mod.ts";

class Calls {
  add(a: number, b: number): number {
    return a + b;
  }

  echo(value: unknown): unknown {
    return value;
  }
}

const daemon = await Daemon.start({ host: "127.0.0.1" });
const uri = daemon.register(expose(Calls), "bench.calls");

const ANSWER = Buffer.alloc(Number(process.argv[2] ?? 73));
const echo = createServer({ noDelay: true }, (socket) => {
  socket.on("data", () => socket.write(ANSWER));
  socket.on("error", () => {}); // the client ends as it likes
});
echo.listen(0, "127.0.0.1", () => {
  const address = echo.address();
  console.log(`READY ${uri} ${typeof address === "object" && address !== null ? address.port : 0}`);
});

createInterface({ input: process.stdin }).on("line", () => {
  globalThis.gc?.();
  console.log(`RSS ${process.memoryUsage().rss}`);
}).on("close", () => process.exit());
