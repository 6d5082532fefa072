/** The client of the RabbitMQ matrix, as in test/python/celery/matrix.py. */
import { add } from "./matrix.ts";

const names = ["python-classic", "python-quorum", "ours-classic", "ours-quorum"];
const sent = names.map((name) => ({ name, result: add.applyAsync([5, 5], { queue: name }) }));
for (const { name, result } of sent) console.log(name, await result.get({ timeout: 60 }));
