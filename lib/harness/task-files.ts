// Finding tasks and groups in files and folders.
import { join } from "node:path";
import { z } from "zod";
import { systemReason, UserError } from "../errors.ts";
import { fileName } from "./answer-files.ts";
import { readTaskConfig, type TaskConfig } from "./config.ts";
import { readYamlFile, type YamlFile } from "./yaml-file.ts";

/** A metric that a group sums its tasks up by. */
export interface GroupMetric {
  readonly metric: string;
  /** Names of filters; undefined for all that the tasks have. */
  readonly filters: readonly string[] | undefined;
  readonly weightBySize: boolean;
}

/** Tasks under a common name. */
export interface TaskGroup {
  readonly name: string;
  readonly alias: string;
  /** Names of all tasks in it, those of groups within it too. */
  readonly tasks: readonly string[];
  readonly metrics: readonly GroupMetric[];
}

/** What files name. */
export interface TaskSet {
  readonly tasks: readonly TaskConfig[];
  readonly groups: readonly TaskGroup[];
}

const names = z.union([z.string(), z.array(z.string())]).transform((value) => [value].flat());
const groupSchema = z.strictObject({
  group: z.string().min(1),
  group_alias: z.string().nullish(),
  task: names,
  aggregate_metric_list: z.union([z.array(z.unknown()), z.record(z.string(), z.unknown())]).nullish(),
  tag: z.unknown().optional(),
  metadata: z.unknown().optional(),
});
const metricSchema = z.strictObject({
  metric: z.string(),
  filter_list: names.nullish(),
  aggregation: z.literal("mean").default("mean"),
  weight_by_size: z.boolean().default(true),
});

/**
 * Reads the tasks and groups of files, or of all `.yaml` files below folders. In a folder, files without `task` and `group`
 * are for others to include.
 *
 * @throws UserError `harness.none`, `harness.twice`, and as reading them does
 */
export async function readTasks(
  paths: readonly string[],
  options: Parameters<typeof readTaskConfig>[1] = {},
): Promise<TaskSet> {
  const files: YamlFile[] = [];
  for (const path of paths) {
    if ((await kindOf(path)) === "file") files.push(await readYamlFile(path));
    else {
      const below = await yamlBelow(path);
      const found: YamlFile[] = [];
      for (const file of below) found.push(await readYamlFile(file));
      const own = found.filter(({ values }) => "task" in values || "group" in values);
      if (own.length === 0) {
        throw new UserError("harness.none", `${path} has no tasks`, "name a folder with .yaml files that have task:");
      }
      files.push(...own);
    }
  }
  const tasks = files.filter(({ values }) => !("group" in values)).map((file) => readTaskConfig(file, options));
  // Their answers would be in one file.
  const twice = tasks.find(({ name }, i) => tasks.findIndex((one) => fileName(one.name) === fileName(name)) !== i);
  if (twice !== undefined) {
    const { name } = tasks.find((one) => fileName(one.name) === fileName(twice.name))!;
    throw new UserError(
      "harness.twice",
      name === twice.name
        ? `${twice.file.path}: there is another task of the name "${name}"`
        : `${twice.file.path}: the file of answers of "${twice.name}" has the same name as that of the task "${name}"`,
      "rename one of them",
    );
  }
  const groups = files.filter(({ values }) => "group" in values);
  return { tasks, groups: readGroups(groups, tasks) };
}

async function kindOf(path: string): Promise<"file" | "folder"> {
  try {
    return (await Deno.stat(path)).isDirectory ? "folder" : "file";
  } catch (error) {
    const reason = systemReason(error);
    if (reason === undefined) throw error;
    throw new UserError("harness.missing", `Cannot read ${path}: ${reason}`, "--tasks names a YAML file or a folder");
  }
}

async function yamlBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await yamlBelow(join(folder, name)));
    else if (name.endsWith(".yaml")) found.push(join(folder, name));
  }
  return found.sort();
}

function readGroups(files: readonly YamlFile[], tasks: readonly TaskConfig[]): TaskGroup[] {
  const parsed = files.map((file) => {
    const group = groupSchema.safeParse(file.values);
    if (group.success) return { file, group: group.data };
    const [issue] = group.error.issues;
    const path = [...issue!.path, ...(issue!.code === "unrecognized_keys" ? [issue!.keys[0]!] : [])].map(String);
    throw new UserError("harness.value", `${file.place(...path)}: ${path.join(".")}: ${issue!.message}`);
  });
  const members = (name: string, file: YamlFile, within: readonly string[]): string[] => {
    if (tasks.some((task) => task.name === name)) return [name];
    const group = parsed.find((one) => one.group.group === name);
    if (group !== undefined && !within.includes(name)) {
      return group.group.task.flatMap((one) => members(one, group.file, [...within, name]));
    }
    const tagged = tasks.filter(({ tags }) => tags.includes(name)).map((task) => task.name);
    if (tagged.length > 0) return tagged;
    throw new UserError(
      "harness.value",
      `${file.place("task")}: there is no task, group or tag "${name}" in the given files`,
      `they have ${tasks.map((task) => task.name).join(", ") || "no tasks"}`,
    );
  };
  return parsed.map(({ file, group }) => ({
    name: group.group,
    alias: group.group_alias ?? group.group,
    tasks: [...new Set(group.task.flatMap((one) => members(one, file, [group.group])))],
    metrics: [group.aggregate_metric_list ?? []].flat().map((one, i): GroupMetric => {
      const metric = metricSchema.safeParse(one);
      if (metric.success) {
        const { filter_list, weight_by_size } = metric.data;
        return { metric: metric.data.metric, filters: filter_list ?? undefined, weightBySize: weight_by_size };
      }
      const [issue] = metric.error.issues;
      throw new UserError(
        "harness.value",
        `${file.place("aggregate_metric_list", i)}: ${issue!.path.join(".")}: ${issue!.message}`,
      );
    }),
  }));
}
