import { asError, LibError, ProtocolError, UsageError } from "../base/errors.ts";
import type { FailureCode } from "./wire/message.ts";

/** A file, or a request, that did not go through, and why; the connection is still good. */
export class TransferError extends LibError {
  override readonly name: string = "TransferError";
  /** One of the protocol's codes; the command line turns it into an exit code. */
  readonly code: FailureCode;

  constructor(message: string, code: FailureCode, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const WORDS: Readonly<Record<string, readonly [FailureCode, string]>> = {
  ENOSPC: ["space", "the disk is full"],
  EDQUOT: ["space", "the disk quota is used up"],
  EFBIG: ["space", "the file would be too large for this disk"],
  EACCES: ["permission", "permission denied"],
  EPERM: ["permission", "permission denied"],
  EROFS: ["permission", "the disk is read-only"],
  ENOENT: ["missing", "there is no such file or folder"],
  ELOOP: ["name", "a part of the name is a symbolic link"],
  ENOTDIR: ["name", "a part of the name is no folder"],
  EISDIR: ["exists", "a folder of that name is there"],
  EEXIST: ["exists", "it is there already"],
  ENOTEMPTY: ["exists", "a folder of that name is there"],
  ENAMETOOLONG: ["name", "the name is too long"],
  EMFILE: ["disk", "too many files are open"],
};

/**
 * Says what the file system meant: "Cannot store "a": the disk is full (ENOSPC)". Errors that say so themselves pass.
 * @param what completes "Cannot …"
 */
export function fileError(what: string, error: unknown): Error {
  if (error instanceof UsageError) return new TransferError(error.message, "name", { cause: error }); // of parseFileName
  if (!(error instanceof Error) || error instanceof LibError) return asError(error);
  const code = "code" in error ? String(error.code) : "";
  const [failure, why] = WORDS[code] ?? ["disk", error.message];
  return new TransferError(`Cannot ${what}: ${why}${code === "" ? "" : ` (${code})`}`, failure, { cause: error });
}

/** True for a system error with one of these codes. */
export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
}

/** What to tell the peer of a failure. */
export function failureOf(error: unknown): { code: FailureCode; reason: string } {
  if (error instanceof TransferError) return { code: error.code, reason: error.message };
  const code = error instanceof ProtocolError ? "refused" : "disk";
  return { code, reason: error instanceof Error ? error.message : String(error) };
}
