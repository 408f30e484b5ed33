// A run's provenance as it is stored: `captured/<n>.json` in its folder, one file for each process that worked on it.
import { z } from "zod";
import type { ProvenanceSchema, SettingSourceSchema } from "../inferred-types.ts";

/**
 * The layer that set a setting's value; a setting that no layer sets has the schema's default. `checkpoint`: a model that the
 * settings name.
 */
const settingSourceSchema: SettingSourceSchema = z.enum(["preset", "file", "set", "checkpoint"]);
export type SettingSource = z.infer<typeof settingSourceSchema>;

export const provenanceSchema: ProvenanceSchema = z.strictObject({
  schemaVersion: z.literal(1),
  time: z.iso.datetime(),
  /** Settings that are not the schema's defaults, by key path. */
  sources: z.record(z.string(), settingSourceSchema),
  /** Path of the `--config` file, as given. */
  configFile: z.string().nullable(),
  /** Name of its copy in this folder; absent in runs from before copies were kept. */
  configCopy: z.string().nullable().optional(),
  /** The process's script, command line and working directory. */
  process: z.strictObject({ script: z.string(), arguments: z.array(z.string()), folder: z.string() }),
  /** State of the repository that holds the code; null without git. */
  git: z.strictObject({
    commit: z.string(),
    branch: z.string().nullable(),
    /** The first lines of `git status --porcelain`: ` M lib/x.ts`, `?? new.ts`. */
    changes: z.array(z.string()),
    /** How many lines there were. */
    changed: z.int().nonnegative(),
    /** Uncommitted changes of tracked files. */
    diff: z.strictObject({
      /** Name of the diff in this folder; null when it is empty or too large to keep. */
      file: z.string().nullable(),
      bytes: z.int().nonnegative(),
      sha256: z.string(),
    }),
    /** Files that git neither tracks nor ignores; absent in runs written before these were kept. */
    untracked: z.strictObject({
      /** A patch in this folder that recreates them; null when there are none. */
      file: z.string().nullable(),
      sha256: z.string(),
      /** The files in the patch. */
      files: z.array(z.string()),
      /** The first files that are not in the patch, and why. */
      left: z.array(z.strictObject({ path: z.string(), why: z.string() })),
      /** How many files are not in the patch. */
      leftOut: z.int().nonnegative(),
    }).optional(),
  }).nullable(),
  /** Copy of the script, when no commit contains it as it was. */
  scriptFile: z.string().nullable(),
  /** `deno.lock`, which pins the packages; it is copied when no commit contains it as it was. */
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
      /** What determines the last bits of results: backend, vector instructions, BLAS. */
      numerics: z.string(),
      threads: z.int(),
    }).nullable(),
    /** Those of a fixed list of environment variables that were set. */
    variables: z.record(z.string(), z.string()),
  }),
});

/** Provenance of one process that worked on a run. */
export type Provenance = z.infer<typeof provenanceSchema>;
