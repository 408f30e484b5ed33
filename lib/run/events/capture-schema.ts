// What is kept of how a run was made: `captured/<n>.json` in its folder, one for each process that worked on it.
import { z } from "zod";

/** Which layer a setting's value came from; what none of them sets is the schema's default. */
export const settingSourceSchema = z.enum(["preset", "file", "set"]);
export type SettingSource = z.infer<typeof settingSourceSchema>;

export const capturedSchema = z.strictObject({
  schemaVersion: z.literal(1),
  time: z.iso.datetime(),
  /** Settings that are not the schema's defaults, by key path. */
  sources: z.record(z.string(), settingSourceSchema),
  /** The `--config` file, as it was named. */
  configFile: z.string().nullable(),
  /** The process's whole command line, its script and the folder it was started in. */
  process: z.strictObject({ script: z.string(), arguments: z.array(z.string()), folder: z.string() }),
  /** Of the repository that the code lies in; null without git. */
  git: z.strictObject({
    commit: z.string(),
    branch: z.string().nullable(),
    /** Files that differ from the commit, as `git status` marks them: ` M lib/x.ts`, `?? new.ts`; the first ones. */
    changes: z.array(z.string()),
    /** How many there are. */
    changed: z.int().nonnegative(),
    /** The difference of tracked files. */
    diff: z.strictObject({
      /** In this folder; null when it is empty or too large to be kept. */
      file: z.string().nullable(),
      bytes: z.int().nonnegative(),
      sha256: z.string(),
    }),
    /** Files that git neither knows nor ignores; left out by runs that were made before they were kept. */
    untracked: z.strictObject({
      /** A patch that makes them, in this folder; null when there are none. */
      file: z.string().nullable(),
      sha256: z.string(),
      /** Those in the patch. */
      files: z.array(z.string()),
      /** Those that are not, and why; the first ones. */
      left: z.array(z.strictObject({ path: z.string(), why: z.string() })),
      /** How many are not. */
      leftOut: z.int().nonnegative(),
    }).optional(),
  }).nullable(),
  /** The script itself, when no commit has it as it is. */
  scriptFile: z.string().nullable(),
  /** `deno.lock`: which packages there were; its copy is kept when no commit has it as it is. */
  lock: z.strictObject({ sha256: z.string(), bytes: z.int(), file: z.string().nullable() }).nullable(),
  environment: z.strictObject({
    deno: z.string(),
    v8: z.string(),
    typescript: z.string(),
    system: z.string(),
    host: z.string(),
    processor: z.string(),
    cores: z.int(),
    /** Bytes. */
    memory: z.number(),
    device: z.strictObject({
      name: z.string(),
      description: z.string(),
      /** What decides the last bits of results: backend, vector instructions, BLAS. */
      numerics: z.string(),
      threads: z.int(),
    }).nullable(),
    /** Environment variables of a fixed list that were set. */
    variables: z.record(z.string(), z.string()),
  }),
});

/** What was kept of one process that worked on a run. */
export type Captured = z.infer<typeof capturedSchema>;
