import type { Command, CommandEntry } from "./command.ts";
import { type OptionSpec, type OptionTable, variableOf } from "./options.ts";

const INDENT = 2;
const COLUMN = 34;

/** Help of one command: examples first. */
export function commandHelp(command: Command, program: string): string {
  const examples = command.examples.map(([line, does]) => [`${program} ${line}`, does] as const);
  const width = Math.max(...examples.map(([line]) => line.length)) + 2;
  return [
    `Usage: ${program} ${command.name}${command.usage === "" ? "" : ` ${command.usage}`}`,
    "",
    `  ${command.summary}`,
    "",
    "Examples:",
    ...examples.map(([line, does]) => `  ${line.padEnd(width)}${does}`),
    "",
    ...optionLines(command.options, prefixOf(command)),
    ...(command.notes === undefined ? [] : [command.notes, ""]),
  ].join("\n");
}

function prefixOf({ name, ignoresEnvironment }: Command): string | undefined {
  return ignoresEnvironment === true ? undefined : `CELERY_${name.toUpperCase()}`;
}

/** Help of the program itself. */
export function programHelp(commands: readonly CommandEntry[], globals: OptionTable, program: string): string {
  return [
    `Usage: ${program} [OPTIONS] COMMAND [ARGS]...`,
    "",
    "Examples:",
    `  ${program} worker -l INFO        start a worker`,
    `  ${program} call NAME -a '[1, 2]' send a task`,
    `  ${program} inspect active        see what workers do`,
    "",
    ...optionLines(globals, undefined),
    "Commands:",
    ...commands.map((command) => `  ${command.name.padEnd(12)}${command.summary}`),
    "",
    `More of each: ${program} COMMAND --help`,
  ].join("\n");
}

function optionLines(table: OptionTable, prefix: string | undefined): string[] {
  const groups = new Map<string, OptionSpec[]>();
  for (const spec of Object.values(table)) {
    const group = spec.group ?? "Options";
    groups.set(group, [...groups.get(group) ?? [], spec]);
  }
  const lines: string[] = [];
  for (const [group, specs] of groups) {
    lines.push(`${group}:`);
    for (const spec of specs) {
      const shown = `${" ".repeat(INDENT)}${spec.flags.join(", ")}${spec.value === undefined ? "" : ` ${spec.value}`}`;
      const variable = variableOf(spec, prefix);
      const text = variable === undefined ? spec.help : `${spec.help} [env: ${variable}]`;
      if (shown.length >= COLUMN) lines.push(shown, `${" ".repeat(COLUMN)}${text}`);
      else lines.push(`${shown.padEnd(COLUMN)}${text}`);
    }
    lines.push("");
  }
  return lines;
}
