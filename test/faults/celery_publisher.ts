/** Publishes until it is killed, and prints each id once the broker has confirmed it. */
import { app, square } from "./celery_app.ts";

for (let n = 0; n < Number(process.argv[2]); n += 50) {
  const sent = Array.from({ length: 50 }, (_, i) => square.delay(n + i));
  await Promise.all(sent.map((result) => result.published));
  console.log(sent.map((result) => result.id).join("\n"));
}
await app.close();
