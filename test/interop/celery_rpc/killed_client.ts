/** Sends a task and waits for nothing: it is killed. */
import { add } from "../celery_amqp/matrix.ts";

await add.applyAsync([5, 5], { queue: "ours-classic" }).published;
console.log("sent");
setInterval(() => {}, 1000);
