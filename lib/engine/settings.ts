// Settings of jobs for engines that files are written for: those of all cells, and of each kind of cell.
import type { z } from "zod";
import { didYouMean, UserError } from "../errors.ts";
import type { EngineSetting } from "../run/mod.ts";
import { kindOf } from "./engine.ts";

/** Settings of all cells, and by kind (`expert` of `expert:code`) those that differ. */
export interface JobSettings<Request> {
  readonly all: Request;
  readonly kinds: Readonly<Record<string, Request>>;
}

/**
 * Reads settings from the command line.
 *
 * @param engine whose they are: `kubernetes` of `--kubernetes.queue`
 * @param schema a strict object; a value that is a list may be given several times
 * @param given names as after `--kubernetes.`, with their values
 * @param kinds of the cells of the run
 * @throws UserError `<engine>.setting` naming the nearest setting, or what was expected of a value
 */
export function readJobSettings<Shape extends z.ZodRawShape>(
  engine: string,
  schema: z.ZodObject<Shape>,
  given: readonly EngineSetting[],
  kinds: readonly string[],
): JobSettings<z.output<z.ZodObject<Shape>>> {
  const names = Object.keys(schema.shape);
  const own = new Map<string, Record<string, string[]>>();
  for (const [name, value] of given) {
    const dot = name.indexOf(".");
    const [kind, setting] = dot < 0 ? ["", name] : [name.slice(0, dot), name.slice(dot + 1)];
    if (!names.includes(setting) || (dot >= 0 && !kinds.includes(kind))) throw unknown(engine, name, names, kinds);
    const values = own.get(kind) ?? {};
    own.set(kind, { ...values, [setting]: [...values[setting] ?? [], value] });
  }
  const read = (kind: string) => {
    const where = kind === "" ? `--${engine}` : `--${engine}.${kind}`;
    const values = Object.entries(own.get(kind) ?? {}).map((
      [name, all],
    ) => [name, inner(schema.shape[name] as z.ZodType).type === "array" ? all : all.at(-1)]);
    const parsed = schema.safeParse(Object.fromEntries(values));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const message = issue!.message.charAt(0).toLowerCase() + issue!.message.slice(1);
    throw new UserError(`${engine}.setting`, `Cannot use ${where}.${issue!.path[0] as string}: ${message}`);
  };
  return {
    all: read(""),
    kinds: Object.fromEntries([...own.keys()].filter((kind) => kind !== "").map((kind) => [kind, read(kind)])),
  };
}

/** What the job of a cell asks for. */
export function requestFor<Request>({ all, kinds }: JobSettings<Request>, cell: string): Request {
  return { ...all, ...kinds[kindOf(cell)] };
}

/** The settings and what each means, for `--help <engine>`. */
export function settingsHelpOf<Shape extends z.ZodRawShape>(engine: string, schema: z.ZodObject<Shape>): string {
  const width = Math.max(...Object.keys(schema.shape).map((name) => name.length));
  const lines = Object.entries(schema.shape).map(([name, one]) =>
    `  --${engine}.${name.padEnd(width)}  ${inner(one as z.ZodType).description ?? ""}`
  );
  return `Settings of --engine ${engine}, with --dry-run:\n${lines.join("\n")}\n\n` +
    `The kind of a cell before the name makes a setting one of that kind: --${engine}.expert.cpus 8.`;
}

/** What may be left out, when it is given. */
function inner(type: z.ZodType): z.ZodType {
  return type.type === "optional" ? (type as z.ZodOptional<z.ZodType>).unwrap() : type;
}

function unknown(engine: string, name: string, names: readonly string[], kinds: readonly string[]): UserError {
  const all = [...names, ...kinds.flatMap((kind) => names.map((one) => `${kind}.${one}`))];
  return new UserError(
    `${engine}.setting`,
    `There is no setting --${engine}.${name}: expected one of ${names.join(", ")}, alone or after a kind of cell (${
      kinds.join(", ")
    }) and a dot`,
    didYouMean(name, all, `--${engine}.`),
  );
}
