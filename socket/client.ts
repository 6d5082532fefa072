/**
 * Exchanges strings and files with `socket/server.ts`, or with `--raw` with any plain socket.
 *
 *     tsx socket/client.ts "hello"
 *     tsx socket/client.ts send photo.jpg
 *     tsx socket/client.ts get photo.jpg
 */
import { runClient } from "../lib/socket/mod.ts";

await runClient();
