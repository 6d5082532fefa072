/** Sends one file to a running server and prints how long it took until it was stored, and this process's peak memory. */
import { readFileSync } from "node:fs";
import { SocketClient, SourceList } from "../../../lib/socket/mod.ts";

const [port, path = "", mode] = process.argv.slice(2);
const list = await SourceList.ofPaths([path]);
const start = performance.now();
const client = await SocketClient.connect({ host: "127.0.0.1", port: Number(port) });
const { files } = await client.send(list, { digest: mode !== "bare" });
console.log("ms", performance.now() - start);
if (files[0]?.outcome !== "stored") throw new Error(files[0]?.reason ?? "It was not stored");
await client.close();
await list.close();
// Not resourceUsage().maxRSS: that begins with the peak of whoever started this process.
console.log("rss", /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))?.[1]);
