/** A pool child that is for ever about to start. */
setInterval(() => {}, 60_000);
