/**
 * Names that a peer may give to files, as text. The receiver checks them again against its open folder: a name that reads
 * well may still meet a symbolic link.
 *
 * Refused is whatever leaves the target folder, or means something else to some system, terminal or human than it shows.
 * The list follows croc's `src/receivefs/path.go` and the CVEs of rsync and croc; Windows' rules hold everywhere, because
 * the file may travel on.
 *
 * Pure: no sockets, no files.
 * @module
 */
import { utf8 } from "../../base/bytes.ts";
import { UsageError } from "../../base/errors.ts";

const MAX_PART_BYTES = 255;
const MAX_NAME_BYTES = 4096;
const MAX_DEPTH = 64;

/** Control characters, and those that reorder or hide what follows them in a listing. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}\ufffe\uffff]/u;
const DEVICE = /^(con|prn|aux|nul|conin\$|conout\$|clock\$|(com|lpt)[0-9¹²³])\s*(\..*)?$/i;
/** What unfinished files are called; see `partialName`. */
const PARTIAL = /^\..*\.part$/;

/** Quotes a name for a message or a terminal: nothing in it can steer either. */
export function quoteName(name: string): string {
  const shown = name.length > 80 ? `${name.slice(0, 80)}…` : name;
  return `"${
    shown.replace(/["\\]/g, "\\$&").replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu, (char) =>
      `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`)
  }"`;
}

/**
 * Splits a peer's name into its parts, e.g. `photos/2024/a.jpg` into three.
 * @throws {UsageError} that says what is wrong with it.
 */
export function parseFileName(name: string): readonly string[] {
  const refuse = (why: string): never => {
    throw new UsageError(`Cannot use the name ${quoteName(name)}: ${why}`);
  };
  if (name === "") refuse("it is empty");
  if (utf8(name).length > MAX_NAME_BYTES) refuse(`it has more than ${MAX_NAME_BYTES} bytes`);
  if (name.startsWith("/")) refuse("it is absolute");
  const parts = name.split("/");
  if (parts.length > MAX_DEPTH) refuse(`it is more than ${MAX_DEPTH} folders deep`);
  for (const part of parts) {
    const why = objection(part);
    if (why !== undefined) refuse(why);
  }
  return parts;
}

/** Says what is wrong with one part of a name, or nothing. */
function objection(part: string): string | undefined {
  if (part === "") return "a part of it is empty";
  if (part === "." || part === "..") return `"${part}" leads out of where it stands`;
  if (INVISIBLE.test(part)) return "it contains characters that do not show";
  if (part.includes("\\")) return "it contains a backslash";
  if (part.includes(":")) return "it contains a colon";
  if (/^[\s~]|[\s.]$/u.test(part)) return "a part of it begins with a space or ~, or ends with a space or dot";
  if (DEVICE.test(part.normalize("NFKC"))) return "it is a device on some systems";
  if (/[\u2024\u2025\u2026\u2044\u2215\uff0e\uff0f\uff3c\u29f8\u2216]/u.test(part)) {
    return "it contains a character that looks like a dot or a slash";
  }
  if (PARTIAL.test(part)) return "unfinished files are called so";
  if (utf8(part).length > MAX_PART_BYTES) return `a part of it has more than ${MAX_PART_BYTES} bytes`;
  return undefined;
}

/** Two names with the same key are one file on some systems: case and Unicode composition are ignored. */
export function collisionKey(name: string): string {
  return name.normalize("NFC").toLowerCase().normalize("NFC");
}

/**
 * What the unfinished file is called beside its target: `.NAME.part`, so that a later attempt finds it.
 * @param digest stands for names that would become too long
 */
export function partialName(part: string, digest: (text: string) => string): string {
  const name = `.${part}.part`;
  return utf8(name).length <= MAX_PART_BYTES ? name : `.${digest(part)}.part`;
}
