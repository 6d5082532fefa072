import { createHash } from "node:crypto";

/** A Lua script that is sent by its hash. */
export class RedisScript {
  /** For errors. */
  readonly name: string;
  readonly text: string;
  /** What EVALSHA calls it by. */
  readonly sha: string;

  constructor(name: string, text: string) {
    this.name = name;
    this.text = text;
    this.sha = createHash("sha1").update(text).digest("hex");
  }
}
