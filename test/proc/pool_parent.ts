/** A parent for tests to kill: prints its children's process ids and keeps one of them in an endless loop. */
import { ChildPool } from "../../lib/proc/mod.ts";

const pool = await ChildPool.start({
  module: new URL("./echo_child.ts", import.meta.url),
  size: 2,
  onConnected: (child) => {
    if (child.index === 1) child.send(Buffer.from("spin"));
    if ([...pool.children].every((each) => each.pid > 0)) {
      console.log(`children ${[...pool.children].map((each) => each.pid).join(" ")}`);
    }
  },
  onFrame: () => {},
});
