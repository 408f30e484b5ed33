// Text that follows from the list of methods: their names in lib/methods.ts, which pages import and which therefore cannot
// import the methods, and their table in docs/methods.md.
import { BASELINES } from "./registry.ts";

/** A generated part of a file, between two marker lines. */
export interface GeneratedPart {
  /** From the repository's root. */
  readonly path: string;
  readonly begin: string;
  readonly end: string;
  readonly lines: readonly string[];
}

/** Everything that is generated from the list of methods. */
export function generatedParts(): GeneratedPart[] {
  return [
    {
      path: "lib/methods.ts",
      begin: "// <built methods> `deno task build:methods` writes these lines from lib/baselines.",
      end: "// </built methods>",
      lines: [
        ...record("BUILT_LABELS", BASELINES.map(({ name, label }) => [name, JSON.stringify(label)])),
        ...record(
          "BUILT_PHRASES",
          BASELINES.flatMap(({ name, phrase }) => phrase === undefined ? [] : [[name, JSON.stringify(phrase)]]),
        ),
        ...record(
          "BUILT_COLORS",
          BASELINES.flatMap(({ name, color }) => color === undefined ? [] : [[name, `PALETTE.${color}`]]),
        ),
      ],
    },
    {
      path: "docs/methods.md",
      begin: "<!-- built methods: `deno task build:methods` writes this table from lib/baselines -->",
      end: "<!-- /built methods -->",
      lines: [
        "",
        ...markdownTable([
          ["method", "`baselines.methods`", "source", "trained", "what it is"],
          ...BASELINES.map(({ name, label, source, trains, summary }) => [
            label,
            `\`${name}\``,
            source,
            trains,
            summary,
          ]),
        ]),
        "",
      ],
    },
  ];
}

/**
 * A file's text with a generated part up to date.
 *
 * @throws Error if the text does not have the part's markers, once and in order
 */
export function withPart(text: string, { path, begin, end, lines }: GeneratedPart): string {
  const [before, inside, ...more] = text.split(`${begin}\n`);
  const at = inside?.indexOf(end) ?? -1;
  if (at < 0 || more.length > 0) throw new Error(`${path} needs "${begin}" once, and "${end}" after it`);
  return `${before}${begin}\n${lines.map((line) => `${line}\n`).join("")}${inside!.slice(at)}`;
}

function record(name: string, entries: readonly (readonly string[])[]): string[] {
  const type = "Readonly<Record<string, string>>";
  if (entries.length === 0) return [`const ${name}: ${type} = {};`];
  return [`const ${name}: ${type} = {`, ...entries.map(([key, value]) => `  "${key}": ${value},`), "};"];
}

function markdownTable(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  return [line(rows[0]!), line(widths.map((width) => "-".repeat(width))), ...rows.slice(1).map(line)];
}
