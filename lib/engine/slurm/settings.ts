// What jobs ask Slurm for: settings for all cells and for each kind of cell, from the command line over a site's file.
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { DEVICES } from "../../device-names.ts";
import { absent, didYouMean, UserError } from "../../errors.ts";
import { homeFolder } from "../../run/mod.ts";
import { kindOf } from "../engine.ts";

/** Environment variable with the path of the site's file. */
export const SITE_VARIABLE = "STITCHBOOK_SLURM";

const text = z.string().regex(/^[^\s'"\\]+$/, "expected a word without spaces and quotes");
const count = z.coerce.number().int().min(1);

/** What a job may ask for. */
const resources = {
  partition: text.describe("partition"),
  account: text.describe("account"),
  qos: text.describe("quality of service"),
  time: z.string().regex(/^(\d+|(\d+-)?\d+(:\d+){0,2})$/, "expected minutes, h:mm:ss or d-hh:mm:ss").describe(
    "time limit",
  ),
  gres: text.describe("generic resources, such as gpu:1"),
  constraint: text.describe("features that the node must have"),
  device: z.enum(DEVICES).exclude(["auto"]).describe(
    "what the cell computes on: webgpu, cpu or reference; by default, webgpu if gres asks for a GPU and --device is not " +
      "given, or else the device of the command",
  ),
  cpus: count.describe("processors; by default, all that --threads says, or 1"),
  mem: z.string().regex(/^\d+[KMGT]?$/i, "expected a size such as 8G").describe("memory; by default, the plan's"),
  exclude: text.describe("nodes that are not used"),
  prelude: z.union([z.string().transform((line) => [line]), z.array(z.string())]).describe("lines of shell before it"),
  container: z.string().describe("a command that runs another in a container, such as apptainer exec image.sif"),
  probe: z.coerce.number().int().min(0).describe(
    "seconds to wait for free nodes, which are checked before anything is handed in; 0: they are not",
  ),
  retries: z.coerce.number().int().min(0).describe("how often a cell that failed is tried again"),
  notice: count.describe("seconds before its time limit that a job is told to leave a checkpoint"),
};

const requestSchema = z.strictObject(resources).partial();

/** What the jobs of some cells ask for. */
export type SlurmRequest = z.infer<typeof requestSchema>;

/** Settings of all cells, and by kind (`expert` of `expert:code`) those that differ. */
export interface SlurmSettings {
  readonly all: SlurmRequest;
  readonly kinds: Readonly<Record<string, SlurmRequest>>;
}

/** Names of settings as people write them, where that differs. */
const WRITTEN: Readonly<Record<string, string>> = { "nodes.exclude": "exclude" };

/** Names of all settings, as people write them. */
const NAMES = Object.keys(resources).map((name) => name === "exclude" ? "nodes.exclude" : name);

/** The settings and what each means, for `--help slurm`. */
export function slurmHelp(): string {
  const width = Math.max(...NAMES.map((name) => name.length));
  const lines = NAMES.map((name) => {
    const { description = "" } = resources[(WRITTEN[name] ?? name) as keyof typeof resources];
    return `  --slurm.${name.padEnd(width)}  ${description}`;
  });
  return `Settings of --engine slurm:\n${lines.join("\n")}\n\n` +
    "The kind of a cell before the name makes a setting one of that kind: --slurm.expert.gres gpu:1. Settings of a site\n" +
    `are in the file that ${SITE_VARIABLE} names, or in ~/.config/stitchbook/slurm.yaml (docs/cluster.md).`;
}

/**
 * Settings from the command line over those of the site's file.
 *
 * @param given names as after `--slurm.`, with their values; `prelude` may be given several times
 * @throws UserError `slurm.setting` naming the nearest setting
 */
export function slurmSettings(
  given: readonly (readonly [name: string, value: string])[],
  kinds: readonly string[],
  site: SlurmSettings = { all: {}, kinds: {} },
): SlurmSettings {
  const all: Record<string, unknown> = {};
  const own: Record<string, Record<string, unknown>> = {};
  for (const [name, value] of given) {
    const dot = name.indexOf(".");
    const whole = WRITTEN[name] ?? name;
    if (whole in resources) put(all, whole, value);
    else {
      const kind = name.slice(0, Math.max(0, dot));
      const rest = WRITTEN[name.slice(dot + 1)] ?? name.slice(dot + 1);
      if (!kinds.includes(kind) || !(rest in resources)) throw unknownSetting(name, kinds);
      put(own[kind] ??= {}, rest, value);
    }
  }
  const read = (values: unknown, where: string) => readRequest(values, where);
  const merged = Object.fromEntries(
    [...new Set([...Object.keys(site.kinds), ...Object.keys(own)])].map((kind) => [kind, {
      ...site.kinds[kind],
      ...read(own[kind] ?? {}, `--slurm.${kind}`),
    }]),
  );
  return { all: { ...site.all, ...read(all, "--slurm") }, kinds: merged };
}

function put(into: Record<string, unknown>, name: string, value: string): void {
  into[name] = name === "prelude" ? [...into[name] as string[] ?? [], value] : value;
}

function readRequest(values: unknown, where: string): SlurmRequest {
  const parsed = requestSchema.safeParse(values);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = issue!.path.join(".") || (issue as { keys?: readonly string[] }).keys?.[0] || "";
  const message = issue!.message.charAt(0).toLowerCase() + issue!.message.slice(1);
  throw new UserError("slurm.setting", `Cannot use ${where}${name === "" ? "" : `.${name}`}: ${message}`);
}

function unknownSetting(name: string, kinds: readonly string[]): UserError {
  const all = [...NAMES, ...kinds.flatMap((kind) => NAMES.map((name) => `${kind}.${name}`))];
  return new UserError(
    "slurm.setting",
    `There is no setting --slurm.${name}: expected one of ${NAMES.join(", ")}, alone or after a kind of cell (${
      kinds.join(", ")
    }) and a dot`,
    didYouMean(name, all, "--slurm."),
  );
}

/**
 * The site's file, YAML or JSON: settings, and under the name of a kind of cell those of that kind. It is what
 * `STITCHBOOK_SLURM` names, or `~/.config/stitchbook/slurm.yaml` if that is there.
 *
 * @throws UserError `slurm.site` when it cannot be read, `slurm.setting` for what it may not say
 */
export async function siteSettings(
  variable: (name: string) => string | undefined = Deno.env.get,
): Promise<SlurmSettings> {
  const named = variable(SITE_VARIABLE);
  const path = named ?? join(homeFolder(), ".config", "stitchbook", "slurm.yaml");
  const text = await Deno.readTextFile(path).catch((error) => named === undefined ? absent(error) : undefined);
  if (text === undefined && named === undefined) return { all: {}, kinds: {} };
  let values: unknown;
  try {
    if (text === undefined) throw new Error("it cannot be read");
    values = parse(text) ?? {};
    if (typeof values !== "object" || Array.isArray(values)) throw new Error("expected settings by name");
  } catch (error) {
    throw new UserError("slurm.site", `Cannot use ${path}: ${(error as Error).message.split("\n")[0]}`);
  }
  const { nodes, ...entries } = values as Record<string, unknown>;
  const flat = { ...entries, ...(nodes === undefined ? {} : nodes as object) };
  const own = Object.entries(flat).filter(([name]) => name in resources);
  const kinds = Object.entries(flat).filter(([name]) => !(name in resources));
  return {
    all: readRequest(Object.fromEntries(own), path),
    kinds: Object.fromEntries(kinds.map(([kind, request]) => [kind, readRequest(request, `${path}: ${kind}`)])),
  };
}

/** Where the command computes. */
export interface CommandDevice {
  /** Undefined: it computes nothing itself. */
  readonly name: NonNullable<SlurmRequest["device"]> | undefined;
  /** Whether a person chose it. */
  readonly chosen: boolean;
}

/** What the cells of a request compute on, if on anything: what it says; else a GPU that it asks for; else what the command computes on. */
export function deviceFor({ device, gres }: SlurmRequest, command: CommandDevice): SlurmRequest["device"] {
  if (command.name === undefined) return undefined;
  if (device !== undefined) return device;
  return !command.chosen && /(^|[,/])gpu\b/.test(gres ?? "") ? "webgpu" : command.name;
}

/** What the job of a cell asks for. */
export function requestOf({ all, kinds }: SlurmSettings, cell: string): SlurmRequest {
  return { ...all, ...kinds[kindOf(cell)] };
}
