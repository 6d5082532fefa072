import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { eventually } from "./eventually.ts";
import { tempDir } from "./temp_dir.ts";

export interface TerminalOptions {
  readonly columns: number;
  readonly rows: number;
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** A real terminal with a program in it, of a tmux server of its own. */
export class Terminal {
  readonly #socket: string;
  readonly #folder = tempDir();

  /** @param words a program and its arguments; it stays on the screen after its end */
  constructor(words: readonly string[], { columns, rows, cwd, env }: TerminalOptions) {
    this.#socket = join(this.#folder.path, "tmux");
    const size = ["-x", String(columns), "-y", String(rows)];
    const folder = cwd === undefined ? [] : ["-c", cwd];
    this.#tmux(["new-session", "-d", ...size, ...folder, ...words], {
      ...process.env,
      TERM: "xterm-256color",
      LC_ALL: "C.UTF-8",
      ...env,
    });
  }

  /** What stands on it, without blanks at the ends of rows. */
  rows(): string[] {
    return this.#tmux(["capture-pane", "-p"]).split("\n").slice(0, -1).map((row) => row.trimEnd());
  }

  /** As tmux names keys: `j`, `Down`, `C-c`, `Escape`. */
  press(...keys: string[]): void {
    for (const key of keys) this.#tmux(["send-keys", key]);
  }

  type(text: string): void {
    this.#tmux(["send-keys", "-l", text]);
  }

  resize(columns: number, rows: number): void {
    this.#tmux(["resize-window", "-x", String(columns), "-y", String(rows)]);
  }

  /** Waits until what stands on it matches. @returns all of it */
  async shows(pattern: RegExp, timeoutMs = 30_000): Promise<string> {
    return await eventually(`the terminal shows ${pattern}`, () => {
      const text = this.rows().join("\n");
      if (!pattern.test(text)) throw new Error(text);
      return text;
    }, { timeoutMs, everyMs: 50 });
  }

  /** What a program on it has changed: `{ alternate: false, cursor: true, wraps: true }` for nothing. */
  modes(): { readonly alternate: boolean; readonly cursor: boolean; readonly wraps: boolean } {
    const flags = this.#tmux(["display-message", "-p", "#{alternate_on}#{cursor_flag}#{wrap_flag}"]).trim();
    return { alternate: flags[0] === "1", cursor: flags[1] === "1", wraps: flags[2] === "1" };
  }

  /** Path by which others write on it. */
  get device(): string {
    return this.#tmux(["display-message", "-p", "#{pane_tty}"]).trim();
  }

  stop(): void {
    this.#tmux(["kill-server"]);
    this.#folder.remove();
  }

  #tmux(words: readonly string[], env: NodeJS.ProcessEnv = process.env): string {
    const { status, stdout, stderr } = spawnSync("tmux", ["-S", this.#socket, "-f", "/dev/null", ...words], {
      env,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`tmux ${words.join(" ")} has failed: ${stderr}`);
    return stdout;
  }
}
