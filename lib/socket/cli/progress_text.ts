/** Numbers of a transfer as people read them. */
export interface ProgressState {
  readonly name: string;
  readonly doneBytes: number;
  /** `undefined` where only the end will tell. */
  readonly totalBytes: number | undefined;
  readonly bytesPerSecond: number;
  readonly isVerifying: boolean;
}

const UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];
const BAR_CELLS = 24;

/** `1536` is `1.5 kB`: thousands, as disks and networks count. */
export function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

/** `65` is `01:05`, `3661` is `1:01:01`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return `${hours > 0 ? `${hours}:` : ""}${two(minutes)}:${two(whole % 60)}`;
}

/** `a.bin  42% [##########--------------] 420 MB of 1.0 GB, 210 MB/s, 00:03 left`, cut to `columns`. */
export function formatProgress(state: ProgressState, columns: number): string {
  const tail = amounts(state, (share) => {
    const cells = Math.floor(share * BAR_CELLS);
    return `${percent(share).padStart(4)} [${"#".repeat(cells)}${"-".repeat(BAR_CELLS - cells)}] `;
  });
  const room = Math.max(8, columns - tail.length - 2);
  const { name } = state;
  const shown = name.length > room ? `${name.slice(0, room - 1)}…` : name;
  return `${shown} ${tail}`.slice(0, Math.max(1, columns - 1));
}

/** `a.bin: 42%, 420 MB of 1.0 GB, 210 MB/s, 00:03 left`: for logs and pipes, where a bar is noise. */
export function formatProgressLine(state: ProgressState): string {
  return `${state.name}: ${amounts(state, (share) => `${percent(share)}, `)}`;
}

/** @param head what comes first where the share is known */
function amounts(state: ProgressState, head: (share: number) => string): string {
  const { doneBytes, totalBytes, bytesPerSecond, isVerifying } = state;
  const rate = `${formatBytes(bytesPerSecond)}/s`;
  if (totalBytes === undefined) return `${formatBytes(doneBytes)}, ${isVerifying ? "verifying…" : rate}`;
  const share = totalBytes === 0 ? 1 : Math.min(1, doneBytes / totalBytes);
  const left = bytesPerSecond > 0 && doneBytes < totalBytes
    ? `, ${formatDuration((totalBytes - doneBytes) / bytesPerSecond)} left`
    : "";
  const now = isVerifying ? "verifying…" : `${rate}${left}`;
  return `${head(share)}${formatBytes(doneBytes)} of ${formatBytes(totalBytes)}, ${now}`;
}

function percent(share: number): string {
  return `${Math.floor(share * 100)}%`;
}
