const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Replaces ids by the order in which they are met, so that two runs of the same thing are equal; everything else stays. */
export function withNumberedIds(value: unknown): unknown {
  const seen = new Map<string, string>();
  const walk = (part: unknown): unknown => {
    if (typeof part === "string" && UUID.test(part)) {
      if (!seen.has(part)) seen.set(part, `id ${seen.size + 1}`);
      return seen.get(part);
    }
    if (Array.isArray(part)) return part.map(walk);
    if (typeof part !== "object" || part === null) return part;
    const sorted = Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(sorted.map(([key, item]) => [key, walk(item)]));
  };
  return walk(value);
}
