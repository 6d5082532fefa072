/** Reads frames one by one from one connection, and prints how many a second. */
import { Framed, frames, listen } from "../../../lib/net/mod.ts";

const listener = await listen({ host: "127.0.0.1", port: 0 }, async (connection) => {
  let count = 0;
  const start = performance.now();
  for await (const frame of new Framed(connection, frames())) if (frame.length === 64) count++;
  console.log("rate", count / ((performance.now() - start) / 1000));
  await connection.close();
  void listener.close();
});
if ("port" in listener.address) console.log("port", listener.address.port);
