import { bodyOf, fromData, headerGroupOf, headerOf, kindOf, type Node, tasksOf, valuesOf } from "./node.ts";

/** Stamps by name; they travel in the headers of every message. */
export type Stamps = Readonly<Record<string, unknown>>;

/**
 * Decides over stamps part by part; each method returns stamps to add.
 *
 * Spec: celery 5.6 celery/canvas.py `StampingVisitor`
 */
export interface StampingVisitor {
  onSignature?(signature: Node, stamps: Stamps): Stamps;
  onGroupStart?(group: Node, stamps: Stamps): Stamps;
  onGroupEnd?(group: Node, stamps: Stamps): void;
  onChainStart?(chain: Node, stamps: Stamps): Stamps;
  onChainEnd?(chain: Node, stamps: Stamps): void;
  onChordHeaderStart?(chord: Node, stamps: Stamps): Stamps;
  onChordHeaderEnd?(chord: Node, stamps: Stamps): void;
  onChordBody?(chord: Node, stamps: Stamps): Stamps;
  onCallback?(callback: Node, stamps: Stamps): Stamps;
  onErrback?(errback: Node, stamps: Stamps): Stamps;
}

export interface StampOptions {
  readonly visitor?: StampingVisitor;
  /** Stamps of one name become a list, instead of the last one winning. */
  readonly append?: boolean;
}

/**
 * Stamps a signature, its parts, and what is linked to them.
 *
 * Spec: celery 5.6 celery/canvas.py `stamp`, `stamp_links`, `_stamp_headers`, `_merge_dictionaries`
 */
export function stamp(node: Node, stamps: Stamps, options: StampOptions = {}): void {
  const { visitor } = options;
  switch (kindOf(node)) {
    case "task": {
      stampLinks(node, stamps, options);
      const added = collected(stamps, visitor?.onSignature?.(node, stamps), node, options);
      Object.assign(node.options, added);
      return;
    }
    case "chain": {
      const all = collected(stamps, visitor?.onChainStart?.(node, stamps), node, options);
      stampLinks(node, all, options);
      for (const task of tasksOf(node)) stamp(task, all, options);
      visitor?.onChainEnd?.(node, all);
      return;
    }
    case "group": {
      const all = collected(stamps, visitor?.onGroupStart?.(node, stamps), node, options);
      stampLinks(node, all, options);
      for (const task of tasksOf(node)) stamp(task, all, options);
      visitor?.onGroupEnd?.(node, all);
      return;
    }
    case "chord":
      stampChord(node, stamps, options);
  }
}

function stampChord(chord: Node, stamps: Stamps, options: StampOptions): void {
  const { visitor } = options;
  if (visitor !== undefined) headerGroupOf(chord); // visitors see a group
  const started = visitor?.onChordHeaderStart?.(chord, stamps) ?? visitor?.onGroupStart?.(chord, stamps);
  const all = collected(stamps, started, chord, options);
  stampLinks(chord, all, options);
  for (const task of headerOf(chord)) stamp(task, all, options);
  visitor?.onChordHeaderEnd?.(chord, all);
  const body = bodyOf(chord);
  if (body !== null && visitor !== undefined) {
    stamp(body, collected(all, visitor.onChordBody?.(chord, all), chord, options), options);
  }
}

function stampLinks(node: Node, stamps: Stamps, options: StampOptions): void {
  const { visitor } = options;
  stampEach(node, "link", stamps, options, (callback, each) => visitor?.onCallback?.(callback, each));
  stampEach(node, "link_error", stamps, options, (errback, each) => visitor?.onErrback?.(errback, each));
}

function stampEach(
  node: Node,
  option: "link" | "link_error",
  stamps: Stamps,
  options: StampOptions,
  visit: (linked: Node, stamps: Stamps) => Stamps | undefined,
): void {
  const links = valuesOf(node.options[option]);
  if (links.length === 0) return;
  node.options[option] = links.map((data) => {
    const linked = fromData(data, option);
    stamp(linked, collected(stamps, visit(linked, stamps), undefined, options), options);
    return linked;
  });
}

/** The stamps given, those of a visitor and those that the node has, with their names. */
function collected(
  given: Stamps,
  visited: Stamps | undefined,
  node: Node | undefined,
  { append = false }: StampOptions,
): Stamps {
  const { stamped_headers: names = Object.keys(given), ...stamps } = given;
  const all = new Set<unknown>(valuesOf(names));
  const merged: Record<string, unknown> = { ...stamps };
  const { stamped_headers: visitedNames = Object.keys(visited ?? {}), ...visitedStamps } = visited ?? {};
  for (const name of valuesOf(visitedNames)) all.add(name);
  mergeInto(merged, visitedStamps, append, true);
  if (node !== undefined) {
    const own = valuesOf(node.options.stamped_headers);
    for (const name of own) all.add(name);
    mergeInto(merged, Object.fromEntries(own.map((name) => [name, node.options[String(name)]])), append, false);
  }
  return { ...merged, stamped_headers: [...all] };
}

/** @param wins the added stamp stands where both have one; else the one that is there */
function mergeInto(stamps: Record<string, unknown>, added: Stamps, append: boolean, wins: boolean): void {
  for (const [name, value] of Object.entries(added)) {
    if (!Object.hasOwn(stamps, name)) stamps[name] = value;
    else if (append) stamps[name] = [...valuesOf(stamps[name]), ...valuesOf(value)];
    else if (wins) stamps[name] = value;
  }
}
