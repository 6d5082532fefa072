/**
 * Graphs in the language of Graphviz, drawn as Celery draws them.
 *
 * Source: celery 5.6 celery/utils/graph.py `GraphFormatter`
 * @module
 */

export type Attributes = Readonly<Record<string, string | number>>;

const SCHEME = { shape: "box", arrowhead: "vee", style: "filled", fontname: "HelveticaNeue" };
/** Of a node that depends on others. */
const NODE = { fillcolor: "palegreen3", color: "palegreen4" };
/** Of one that depends on none. */
const TERMINAL = { fillcolor: "palegreen1", color: "palegreen2" };
const EDGE = { color: "darkseagreen4", arrowcolor: "black", arrowsize: 0.7 };

/** One node, the labels of those it depends on, and what is drawn otherwise than usual. */
export interface DotNode {
  readonly label: string;
  readonly attributes?: Attributes;
  readonly needs?: readonly string[];
  /** Of the arrows to what it needs. */
  readonly arrow?: Attributes;
}

/** The text of a graph; of nodes with one label the first is drawn. */
export function dotGraph(nodes: readonly DotNode[]): string {
  const seen = new Set<string>();
  const lines = ["digraph dependencies {", `    graph [${attributes({ bgcolor: "mintcream", root: "None" })}]`];
  for (const { label, attributes: own = {}, needs = [], arrow = {} } of nodes) {
    const standard = needs.length === 0 ? TERMINAL : NODE;
    if (!seen.has(label)) lines.push(`    ${quoted(label)} [${attributes({ ...standard, ...own })}]`);
    seen.add(label);
    for (const need of needs) {
      lines.push(`    ${quoted(label)} -> ${quoted(need)} [${attributes({ ...EDGE, ...arrow })}]`);
    }
  }
  return [...lines, "}"].join("\n");
}

function attributes(own: Attributes): string {
  return Object.entries({ ...SCHEME, ...own }).map(([name, value]) => `${name}=${quoted(String(value))}`).join(", ");
}

/** Celery writes quotes into quotes, which Graphviz cannot read. */
function quoted(text: string): string {
  return `"${text.replaceAll('"', '\\"')}"`;
}
