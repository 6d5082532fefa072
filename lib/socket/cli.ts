/**
 * The machinery of the three programs in `socket/`: command lines, progress, exit codes.
 * @module
 */
export { runAddition } from "./cli/addition.ts";
export { runClient } from "./cli/client.ts";
export { runServer } from "./cli/server.ts";
