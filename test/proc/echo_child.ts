/** A pool child for tests: echoes frames and does as some of them say. */
import process from "node:process";
import { meetParent } from "../../lib/proc/mod.ts";

const { channel, note } = await meetParent((payload) => {
  const text = payload.toString();
  if (text.startsWith("exit ")) process.exit(Number(text.slice(5)));
  if (text.startsWith("note ")) note.write(Number(text.slice(5)));
  if (text === "print") console.log("first line\nsecond line");
  if (text === "spin") { while (true); }
  channel.send(payload);
});
channel.send(Buffer.from(`here ${process.env.POOL_PARENT_TOKEN ?? "no token left"}`));
