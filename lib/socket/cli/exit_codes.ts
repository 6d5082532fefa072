import { ConnectionError, LimitError, ProtocolError, TimeoutError, UsageError } from "../../base/errors.ts";
import { TransferError } from "../errors.ts";
import type { TransferReport } from "../transfer.ts";
import type { FailureCode } from "../wire/message.ts";

/** How the programs end; `--help` lists it. */
export const EXIT_CODES = [
  [0, "everything was done"],
  [1, "something unexpected"],
  [2, "wrong command line"],
  [3, "cannot connect, or cannot listen"],
  [4, "a file of that name is there already"],
  [5, "a name was refused: it leads elsewhere, or is no good name"],
  [6, "the disk: full, no permission, or broken"],
  [7, "no such file"],
  [8, "the file changed while it was sent"],
  [9, "what arrived is not what was sent (SHA-256)"],
  [10, "the connection was lost or too slow; the same command goes on where it stopped"],
  [11, "the shared secret is wrong or missing"],
  [12, "the other side refused, or broke the protocol"],
  [130, "interrupted; the same command goes on where it stopped"],
] as const;

const BY_CODE: Readonly<Record<FailureCode, number>> = {
  exists: 4,
  name: 5,
  space: 6,
  permission: 6,
  disk: 6,
  missing: 7,
  changed: 8,
  digest: 9,
  secret: 11,
  busy: 12,
  refused: 12,
  reply: 12,
};

/** Thrown where the user broke off. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return 130;
  if (error instanceof TransferError) return BY_CODE[error.code];
  if (error instanceof UsageError) return 2;
  if (error instanceof LimitError || error instanceof ProtocolError) return 12;
  if (error instanceof ConnectionError) return error.code === "ERR_CONNECT" || error.code === "ERR_LISTEN" ? 3 : 10;
  if (error instanceof TimeoutError) return 10;
  return 1;
}

/** The code of the first file that failed; 0 if none did. */
export function exitCodeOfReport({ files }: TransferReport): number {
  const failed = files.find(({ outcome }) => outcome === "failed");
  return failed === undefined ? 0 : BY_CODE[failed.code ?? "refused"];
}

export function exitCodesText(): string {
  return EXIT_CODES.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`).join("\n");
}
