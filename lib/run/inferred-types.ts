// Types of this room's schemas. `deno task build:types` writes this file; change the schemas instead.
import type { z } from "zod";

export interface UsageSampleSchema extends
  z.ZodObject<{
    time: z.ZodISODateTime;
    /** Seconds that the sample is about: those since the one before. */
    seconds: z.ZodNumber;
    /** Cores that the process kept busy in that time, on average; all its threads count. */
    cores: z.ZodNumber;
    /** Resident memory of the process, in bytes. */
    memory: z.ZodNumber;
  }, z.core.$strict> {}
export interface LabelSchema extends
  z.ZodDiscriminatedUnion<[
    z.ZodObject<{
      time: z.ZodISODateTime;
      kind: z.ZodLiteral<"name">;
      name: z.ZodNullable<z.ZodString>;
    }, z.core.$strict>,
    z.ZodObject<{
      time: z.ZodISODateTime;
      kind: z.ZodLiteral<"tags">;
      add: z.ZodArray<z.ZodString>;
      remove: z.ZodArray<z.ZodString>;
    }, z.core.$strict>,
    z.ZodObject<{
      time: z.ZodISODateTime;
      kind: z.ZodLiteral<"note">;
      text: z.ZodString;
    }, z.core.$strict>,
  ], "kind"> {}
export interface PromptSchema extends
  z.ZodObject<{
    prompt: z.ZodString;
    /** Whether it was put as a message, in the models' chat templates. */
    chat: z.ZodBoolean;
    temperature: z.ZodNumber;
    maxTokens: z.ZodInt;
    seed: z.ZodInt;
    answers: z.ZodArray<
      z.ZodObject<{
        model: z.ZodString;
        /** The expert that was switched off. */
        without: z.ZodNullable<z.ZodString>;
        /** The pieces of the text as they came, with the gates of their tokens by place and model. */
        pieces: z.ZodArray<
          z.ZodObject<{
            text: z.ZodString;
            gates: z.ZodNullable<z.ZodArray<z.ZodArray<z.ZodNumber>>>;
          }, z.core.$strict>
        >;
        gates: z.ZodNullable<
          z.ZodObject<{
            models: z.ZodArray<
              z.ZodObject<{
                name: z.ZodString;
                color: z.ZodString;
              }, z.core.$strict>
            >;
            places: z.ZodArray<
              z.ZodObject<{
                title: z.ZodString;
                models: z.ZodArray<z.ZodInt>;
                shares: z.ZodBoolean;
              }, z.core.$strict>
            >;
          }, z.core.$strict>
        >;
        /** Tokens and seconds that it took. */
        tokens: z.ZodInt;
        seconds: z.ZodNumber;
        finish: z.ZodEnum<{ cancelled: "cancelled"; length: "length"; stop: "stop" }>;
      }, z.core.$strict>
    >;
  }, z.core.$strict> {}
export interface KeptPromptSchema extends
  z.ZodObject<{
    prompt: z.ZodString;
    /** Whether it was put as a message, in the models' chat templates. */
    chat: z.ZodBoolean;
    temperature: z.ZodNumber;
    maxTokens: z.ZodInt;
    seed: z.ZodInt;
    answers: z.ZodArray<
      z.ZodObject<{
        model: z.ZodString;
        /** The expert that was switched off. */
        without: z.ZodNullable<z.ZodString>;
        /** The pieces of the text as they came, with the gates of their tokens by place and model. */
        pieces: z.ZodArray<
          z.ZodObject<{
            text: z.ZodString;
            gates: z.ZodNullable<z.ZodArray<z.ZodArray<z.ZodNumber>>>;
          }, z.core.$strict>
        >;
        gates: z.ZodNullable<
          z.ZodObject<{
            models: z.ZodArray<
              z.ZodObject<{
                name: z.ZodString;
                color: z.ZodString;
              }, z.core.$strict>
            >;
            places: z.ZodArray<
              z.ZodObject<{
                title: z.ZodString;
                models: z.ZodArray<z.ZodInt>;
                shares: z.ZodBoolean;
              }, z.core.$strict>
            >;
          }, z.core.$strict>
        >;
        /** Tokens and seconds that it took. */
        tokens: z.ZodInt;
        seconds: z.ZodNumber;
        finish: z.ZodEnum<{ cancelled: "cancelled"; length: "length"; stop: "stop" }>;
      }, z.core.$strict>
    >;
    time: z.ZodISODateTime;
  }, z.core.$strict> {}
export interface AboutSchema extends
  z.ZodObject<{
    title: z.ZodString;
    runs: z.ZodReadonly<z.ZodArray<z.ZodString>>;
  }, z.core.$strip> {}
export interface TableCellSchema extends
  z.ZodUnion<
    readonly [
      z.ZodString,
      z.ZodNumber,
      z.ZodNull,
      z.ZodObject<{
        mean: z.ZodNumber;
        halfWidth: z.ZodNullable<z.ZodNumber>;
        samples: z.ZodNumber;
      }, z.core.$strict>,
      z.ZodObject<{
        different: z.ZodNumber;
      }, z.core.$strict>,
    ]
  > {}
export interface TableColumnSchema extends
  z.ZodObject<{
    key: z.ZodString;
    title: z.ZodString;
    kind: z.ZodEnum<
      {
        bytes: "bytes";
        duration: "duration";
        number: "number";
        progress: "progress";
        status: "status";
        text: "text";
        time: "time";
      }
    >;
    better: z.ZodOptional<z.ZodEnum<{ higher: "higher"; lower: "lower" }>>;
  }, z.core.$strict> {}
export interface TableRowSchema extends
  z.ZodDiscriminatedUnion<[
    z.ZodObject<{
      kind: z.ZodLiteral<"run">;
      id: z.ZodString;
      title: z.ZodString;
      status: RunStatusSchema;
      cells: z.ZodObject<{
        ended: z.ZodNumber;
        total: z.ZodNumber;
        current: z.ZodNullable<z.ZodString>;
      }, z.core.$strict>;
      startedAt: z.ZodString;
      tags: z.ZodArray<z.ZodString>;
      error: z.ZodNullable<z.ZodString>;
      /** Whether it stands below the row of its group. */
      inGroup: z.ZodBoolean;
      /** One for each column. */
      values: z.ZodArray<TableCellSchema>;
    }, z.core.$strict>,
    z.ZodObject<{
      kind: z.ZodLiteral<"group">;
      key: z.ZodString;
      label: z.ZodString;
      open: z.ZodBoolean;
      /** Ids of its runs. */
      runs: z.ZodArray<z.ZodString>;
      values: z.ZodArray<TableCellSchema>;
    }, z.core.$strict>,
  ], "kind"> {}
export interface TableWindowSchema extends
  z.ZodObject<{
    /** Runs in the folder, runs that satisfy the filter, and how many of these are under way. */
    total: z.ZodNumber;
    matching: z.ZodNumber;
    running: z.ZodNumber;
    /** Rows of the whole view, and the first one of this window. */
    rowCount: z.ZodNumber;
    offset: z.ZodNumber;
    columns: z.ZodArray<TableColumnSchema>;
    /** Settings that differ, too, but are not shown unless they are chosen. */
    moreColumns: z.ZodNumber;
    rows: z.ZodArray<TableRowSchema>;
    /** What was wrong with the view, in words. */
    problems: z.ZodArray<z.ZodString>;
    /** Why the rows may be old, in words; null where they are not. */
    stale: z.ZodNullable<z.ZodString>;
  }, z.core.$strict> {}
export interface StoredFileSchema extends
  z.ZodObject<{
    path: z.ZodString;
    bytes: z.ZodInt;
    sha256: z.ZodString;
  }, z.core.$strict> {}
export interface ManifestSchema extends
  z.ZodObject<{
    schemaVersion: z.ZodLiteral<1>;
    key: z.ZodString;
    inputs: z.ZodJSONSchema;
    code: z.ZodString;
    output: z.ZodJSONSchema;
    summary: z.ZodString;
    seconds: z.ZodNumber;
    /** The run that built it; absent in cells of older versions. */
    run: z.ZodOptional<z.ZodString>;
    files: z.ZodArray<StoredFileSchema>;
  }, z.core.$strict> {}
export interface EvaluationSchema extends
  z.ZodObject<{
    time: z.ZodISODateTime;
    /** The model, by its name in the run's results: `seed`, `expert:code`, `bts`. */
    method: z.ZodString;
    /** What measured it: `deno task eval`. */
    source: z.ZodString;
    /** What the values depend on besides the number of samples, so that a later evaluation can say what differs. */
    settings: z.ZodOptional<z.ZodRecord<z.ZodString, z.ZodJSONSchema>>;
    /** The measures, in the order of the tables. */
    measures: z.ZodArray<MeasureSchema>;
    measurements: MethodResultSchema;
  }, z.core.$strict> {}
export interface JsonSchema extends z.ZodJSONSchema {}
export interface WorkSchema extends
  z.ZodObject<{
    /** Tokens that it trains on. */
    tokens: z.ZodNumber;
    /** Floating-point operations. */
    flops: z.ZodNumber;
    /** Passes of a batch through a layer. */
    layers: z.ZodNumber;
  }, z.core.$strict> {}
export interface SpeedSchema extends
  z.ZodObject<{
    /** Operations per second in products of large matrices. */
    flopsPerSecond: z.ZodNumber;
    /** Seconds that a batch takes through a layer in addition to its operations. */
    secondsPerLayer: z.ZodNumber;
  }, z.core.$strict> {}
export interface PlannedSchema extends
  z.ZodObject<{
    cell: z.ZodString;
    title: z.ZodString;
    /** The planned cells that it builds on, by name. */
    needs: z.ZodOptional<z.ZodArray<z.ZodString>>;
    work: z.ZodOptional<WorkSchema>;
  }, z.core.$strict> {}
export interface ColumnSchema extends
  z.ZodObject<{
    key: z.ZodString;
    title: z.ZodString;
    kind: z.ZodDefault<z.ZodEnum<{ number: "number"; text: "text" }>>;
    /** Digits after the decimal point, for numbers. */
    digits: z.ZodOptional<z.ZodInt>;
    /** Which direction is better; the best value is then marked. */
    better: z.ZodOptional<z.ZodEnum<{ higher: "higher"; lower: "lower" }>>;
  }, z.core.$strict> {}
export interface TableSchema extends
  z.ZodObject<{
    name: z.ZodString;
    title: z.ZodString;
    columns: z.ZodArray<ColumnSchema>;
    rows: z.ZodArray<z.ZodRecord<z.ZodString, z.ZodUnion<readonly [z.ZodString, z.ZodNumber, z.ZodNull]>>>;
  }, z.core.$strict> {}
export interface AlertSchema extends
  z.ZodObject<{
    /** What found it: `spike`, `instability`, `notFinite`, `stall`, `disk`. */
    detector: z.ZodString;
    /** What is done about it: `alert` (nothing else), `skip`, `rewind`, `clip`, `epsilon`, `stop`. */
    action: z.ZodString;
    /** The training step, if there is one. */
    step: z.ZodOptional<z.ZodInt>;
    /** The numbers behind it. */
    values: z.ZodRecord<z.ZodString, z.ZodNumber>;
  }, z.core.$strict> {}
export interface JobPlaceSchema extends
  z.ZodObject<{
    /** As the cluster names it: `12`, or `12_0` for a task of an array. */
    job: z.ZodString;
    /** As the cluster says it, in lower case: `pending`, `running`, `completed`, `node fail`, … */
    state: z.ZodString;
    /** Empty while it waits. */
    node: z.ZodString;
    /** Why it waits, or how it failed; empty if there is nothing to say. */
    reason: z.ZodString;
  }, z.core.$strict> {}
export interface NoteLevelSchema extends z.ZodEnum<{ error: "error"; info: "info"; warning: "warning" }> {}
export interface ArtifactSchema extends
  z.ZodObject<{
    name: z.ZodString;
    /** Relative to the runs folder. */
    path: z.ZodString;
    bytes: z.ZodInt;
    sha256: z.ZodString;
  }, z.core.$strict> {}
export interface EventSchema extends
  z.ZodDiscriminatedUnion<[
    z.ZodObject<{
      schemaVersion: z.ZodLiteral<1 | 2 | 3>;
      title: z.ZodString;
      device: z.ZodString;
      /** `cpu`, `webgpu` or `reference`, or `elsewhere` if the device is not this machine's; absent in logs of version 1. */
      backend: z.ZodOptional<z.ZodString>;
      config: JsonSchema;
      /** The planned cells, in order. */
      plan: z.ZodArray<PlannedSchema>;
      /** Of the device; absent if the run was too short to measure it. */
      speed: z.ZodOptional<SpeedSchema>;
      command: z.ZodArray<z.ZodString>;
      versions: z.ZodRecord<z.ZodString, z.ZodString>;
      pid: z.ZodInt;
      kind: z.ZodLiteral<"run.start">;
      run: z.ZodString;
      experiment: z.ZodString;
      preset: z.ZodString;
      seed: z.ZodInt;
      /** Position in the log, counted from 0 without gaps. Also the `id:` of the server-sent event. */
      seq: z.ZodInt;
      /** When it was written, ISO 8601 in UTC. */
      time: z.ZodISODateTime;
    }, z.core.$strict>,
    z.ZodObject<{
      schemaVersion: z.ZodLiteral<1 | 2 | 3>;
      title: z.ZodString;
      device: z.ZodString;
      /** `cpu`, `webgpu` or `reference`, or `elsewhere` if the device is not this machine's; absent in logs of version 1. */
      backend: z.ZodOptional<z.ZodString>;
      config: JsonSchema;
      /** The planned cells, in order. */
      plan: z.ZodArray<PlannedSchema>;
      /** Of the device; absent if the run was too short to measure it. */
      speed: z.ZodOptional<SpeedSchema>;
      command: z.ZodArray<z.ZodString>;
      versions: z.ZodRecord<z.ZodString, z.ZodString>;
      pid: z.ZodInt;
      kind: z.ZodLiteral<"run.resume">;
      /** Position in the log, counted from 0 without gaps. Also the `id:` of the server-sent event. */
      seq: z.ZodInt;
      /** When it was written, ISO 8601 in UTC. */
      time: z.ZodISODateTime;
    }, z.core.$strict>,
    z.ZodObject<{
      kind: z.ZodLiteral<"cell.start">;
      cell: z.ZodString;
      title: z.ZodString;
      description: z.ZodString;
      /** Content address: hash of configuration, code version, data fingerprint and the keys of its inputs. */
      cellKey: z.ZodString;
      /** Equal for cells that differ only in settings that may change while a cell is built, such as the number of steps. */
      family: z.ZodOptional<z.ZodString>;
      /** The checkpoint of another cell of the family that this one continues from. */
      continues: z.ZodOptional<
        z.ZodObject<{
          cellKey: z.ZodString;
          step: z.ZodInt;
        }, z.core.$strict>
      >;
      /** Position in the log, counted from 0 without gaps. Also the `id:` of the server-sent event. */
      seq: z.ZodInt;
      /** When it was written, ISO 8601 in UTC. */
      time: z.ZodISODateTime;
    }, z.core.$strict>,
    z.ZodObject<{
      kind: z.ZodLiteral<"cell.resume">;
      cell: z.ZodString;
      step: z.ZodInt;
      /** Position in the log, counted from 0 without gaps. Also the `id:` of the server-sent event. */
      seq: z.ZodInt;
      /** When it was written, ISO 8601 in UTC. */
      time: z.ZodISODateTime;
    }, z.core.$strict>,
    z.ZodObject<{
      kind: z.ZodLiteral<"cell.rewind">;
      cell: z.ZodString;
      step: z.ZodInt;
      /** Position in the log, counted from 0 without gaps. Also the `id:` of the server-sent event. */
      seq: z.ZodInt;
      /** When it was written, ISO 8601 in UTC. */
      time: z.ZodISODateTime;
    }, z.core.$strict>,
    z.ZodObject<{
      /** As the cluster names it: `12`, or `12_0` for a task of an array. */
      job: z.ZodString;
      /** As the cluster says it, in lower case: `pending`, `running`, `completed`, `node fail`, … */
      state: z.ZodString;
      /** Empty while it waits. */
      node: z.ZodString;
      /** Why it waits, or how it failed; empty if there is nothing to say. */
      reason: z.ZodString;
      kind: z.ZodLiteral<"cell.job">;
      cell: z.ZodString;
      /** Position in the log, counted from 0 without gaps. Also the `id:` of the server-sent event. */
      seq: z.ZodInt;
      /** When it was written, ISO 8601 in UTC. */
      time: z.ZodISODateTime;
    }, z.core.$strict>,
    z.ZodObject<{
      kind: z.ZodLiteral<"metrics">;
      cell: z.ZodString;
      step: z.ZodInt;
      /** How many steps there will be. */
      steps: z.ZodInt;
      /** Values by name (`loss`, `validation`, `lr`, `tokensPerSecond`, …); null is NaN or infinity. */
      values: z.ZodRecord<z.ZodString, z.ZodUnion<readonly [z.ZodNumber, z.ZodNull]>>;
      /** Position in the log, counted from 0 without gaps. Also the `id:` of the server-sent event. */
      seq: z.ZodInt;
      /** When it was written, ISO 8601 in UTC. */
      time: z.ZodISODateTime;
    }, z.core.$strict>,
    z.ZodObject<{
      kind: z.ZodLiteral<"note">;
      cell: z.ZodOptional<z.ZodString>;
      level: NoteLevelSchema;
      text: z.ZodString;
      alert: z.ZodOptional<AlertSchema>;
      /** Position in the log, counted from 0 without gaps. Also the `id:` of the server-sent event. */
      seq: z.ZodInt;
      /** When it was written, ISO 8601 in UTC. */
      time: z.ZodISODateTime;
    }, z.core.$strict>,
    z.ZodObject<{
      kind: z.ZodLiteral<"table">;
      cell: z.ZodString;
      table: TableSchema;
      /** Position in the log, counted from 0 without gaps. Also the `id:` of the server-sent event. */
      seq: z.ZodInt;
      /** When it was written, ISO 8601 in UTC. */
      time: z.ZodISODateTime;
    }, z.core.$strict>,
    z.ZodObject<{
      name: z.ZodString;
      /** Relative to the runs folder. */
      path: z.ZodString;
      bytes: z.ZodInt;
      sha256: z.ZodString;
      kind: z.ZodLiteral<"artifact">;
      cell: z.ZodString;
      /** Position in the log, counted from 0 without gaps. Also the `id:` of the server-sent event. */
      seq: z.ZodInt;
      /** When it was written, ISO 8601 in UTC. */
      time: z.ZodISODateTime;
    }, z.core.$strict>,
    z.ZodObject<{
      kind: z.ZodLiteral<"cell.end">;
      cell: z.ZodString;
      status: z.ZodEnum<{ cached: "cached"; done: "done"; failed: "failed"; stopped: "stopped" }>;
      seconds: z.ZodNumber;
      /** The outcome in one line. */
      summary: z.ZodString;
      /** Of a cached cell: the run that built it, if that is known. */
      builtBy: z.ZodOptional<z.ZodString>;
      /** Position in the log, counted from 0 without gaps. Also the `id:` of the server-sent event. */
      seq: z.ZodInt;
      /** When it was written, ISO 8601 in UTC. */
      time: z.ZodISODateTime;
    }, z.core.$strict>,
    z.ZodObject<{
      kind: z.ZodLiteral<"run.end">;
      status: z.ZodEnum<{ done: "done"; failed: "failed"; stopped: "stopped" }>;
      seconds: z.ZodNumber;
      results: z.ZodOptional<RunResultsSchema>;
      error: z.ZodOptional<z.ZodString>;
      /** Position in the log, counted from 0 without gaps. Also the `id:` of the server-sent event. */
      seq: z.ZodInt;
      /** When it was written, ISO 8601 in UTC. */
      time: z.ZodISODateTime;
    }, z.core.$strict>,
  ], "kind"> {}
export interface SettingSourceSchema
  extends z.ZodEnum<{ checkpoint: "checkpoint"; file: "file"; preset: "preset"; set: "set" }> {}
export interface ProvenanceSchema extends
  z.ZodObject<{
    schemaVersion: z.ZodLiteral<1>;
    time: z.ZodISODateTime;
    /** Settings that are not the schema's defaults, by key path. */
    sources: z.ZodRecord<z.ZodString, SettingSourceSchema>;
    /** Path of the `--config` file, as given. */
    configFile: z.ZodNullable<z.ZodString>;
    /** Name of its copy in this folder; absent in runs from before copies were kept. */
    configCopy: z.ZodOptional<z.ZodNullable<z.ZodString>>;
    /** The process's script, command line and working directory. */
    process: z.ZodObject<{
      script: z.ZodString;
      arguments: z.ZodArray<z.ZodString>;
      folder: z.ZodString;
    }, z.core.$strict>;
    /** State of the repository that holds the code; null without git. */
    git: z.ZodNullable<
      z.ZodObject<{
        commit: z.ZodString;
        branch: z.ZodNullable<z.ZodString>;
        /** The first lines of `git status --porcelain`: ` M lib/x.ts`, `?? new.ts`. */
        changes: z.ZodArray<z.ZodString>;
        /** How many lines there were. */
        changed: z.ZodInt;
        /** Uncommitted changes of tracked files. */
        diff: z.ZodObject<{
          /** Name of the diff in this folder; null when it is empty or too large to keep. */
          file: z.ZodNullable<z.ZodString>;
          bytes: z.ZodInt;
          sha256: z.ZodString;
        }, z.core.$strict>;
        /** Files that git neither tracks nor ignores; absent in runs written before these were kept. */
        untracked: z.ZodOptional<
          z.ZodObject<{
            /** A patch in this folder that recreates them; null when there are none. */
            file: z.ZodNullable<z.ZodString>;
            sha256: z.ZodString;
            /** The files in the patch. */
            files: z.ZodArray<z.ZodString>;
            /** The first files that are not in the patch, and why. */
            left: z.ZodArray<
              z.ZodObject<{
                path: z.ZodString;
                why: z.ZodString;
              }, z.core.$strict>
            >;
            /** How many files are not in the patch. */
            leftOut: z.ZodInt;
          }, z.core.$strict>
        >;
      }, z.core.$strict>
    >;
    /** Copy of the script, when no commit contains it as it was. */
    scriptFile: z.ZodNullable<z.ZodString>;
    /** `deno.lock`, which pins the packages; it is copied when no commit contains it as it was. */
    lock: z.ZodNullable<
      z.ZodObject<{
        sha256: z.ZodString;
        bytes: z.ZodInt;
        file: z.ZodNullable<z.ZodString>;
      }, z.core.$strict>
    >;
    environment: z.ZodObject<{
      deno: z.ZodString;
      v8: z.ZodString;
      typescript: z.ZodString;
      system: z.ZodString;
      host: z.ZodString;
      processor: z.ZodString;
      cores: z.ZodInt;
      /** Bytes. */
      memory: z.ZodNumber;
      device: z.ZodNullable<
        z.ZodObject<{
          name: z.ZodString;
          description: z.ZodString;
          /** What determines the last bits of results: backend, vector instructions, BLAS. */
          numerics: z.ZodString;
          threads: z.ZodInt;
        }, z.core.$strict>
      >;
      /** Those of a fixed list of environment variables that were set. */
      variables: z.ZodRecord<z.ZodString, z.ZodString>;
    }, z.core.$strict>;
  }, z.core.$strict> {}
export interface MeasureSchema extends
  z.ZodObject<{
    /** As in metric names: `bpb`, `arithmetic`, `decoding-latency`. */
    name: z.ZodString;
    /** The heading of a column that has no group: `arithmetic`, `ms per token`. */
    title: z.ZodString;
    /** The title of the table that it appears in; measures with the same one share a table. */
    table: z.ZodString;
    /**
     * `proportion`: the share of `samples` that are right, shown in percent; `percent`: any other fraction, shown in
     * percent; `count`: shown as 12.3k or 264M.
     */
    format: z.ZodEnum<{ count: "count"; number: "number"; percent: "percent"; proportion: "proportion" }>;
    /** Digits after the decimal point, as shown. */
    digits: z.ZodInt;
    /** Whether it belongs to how well a method predicts, or to what it costs. */
    section: z.ZodEnum<{ cost: "cost"; scores: "scores" }>;
    /** The expected value of guessing; null if it is unknown or there is none. */
    chance: z.ZodNullable<z.ZodNumber>;
    /** Whether the value depends on the machine and its load, so that runs with equal results may differ in it. */
    machineDependent: z.ZodBoolean;
  }, z.core.$strict> {}
export interface MeasurementSchema extends
  z.ZodObject<{
    /** The measure. */
    name: z.ZodString;
    /** What it was measured on: a domain, `mean` over the domains, or a part such as `trained`; empty if there is only one. */
    group: z.ZodString;
    value: z.ZodNumber;
    /** Ends of the 95 % interval; null if there is none. */
    interval: z.ZodNullable<z.ZodTuple<[z.ZodNumber, z.ZodNumber], null>>;
    /** How many documents, questions or tokens it is computed from; null if it is not an average. */
    samples: z.ZodNullable<z.ZodInt>;
    /** Which direction is better; null if neither. */
    better: z.ZodNullable<z.ZodEnum<{ higher: "higher"; lower: "lower" }>>;
    /** The device that it was measured on, if it depends on the machine. */
    device: z.ZodOptional<z.ZodString>;
  }, z.core.$strict> {}
export interface MethodResultSchema extends z.ZodArray<MeasurementSchema> {}
export interface RunResultsSchema extends
  z.ZodObject<{
    domains: z.ZodArray<z.ZodString>;
    /** The measures, in the order of the tables. */
    measures: z.ZodArray<MeasureSchema>;
    methods: z.ZodRecord<z.ZodString, MethodResultSchema>;
  }, z.core.$strict> {}
export interface AxisSchema extends z.ZodEnum<{ flops: "flops"; step: "step"; time: "time"; tokens: "tokens" }> {}
export interface SeriesSchema extends
  z.ZodObject<{
    metric: z.ZodString;
    /** How many there are before thinning, in the part of the axis that was asked for. */
    points: z.ZodNumber;
    /** How many of them are not finite, and how many are 0 or below: a logarithmic axis shows neither. */
    notFinite: z.ZodNumber;
    notPositive: z.ZodNumber;
    /** Width of the buckets in steps; 0 if nothing was left out. */
    width: z.ZodNumber;
    /** Replace the points from this step on by these; 0: all. */
    replaces: z.ZodNumber;
    step: z.ZodArray<z.ZodNumber>;
    /** Places on the axis; absent on the axis of steps. Null if nothing was logged that says. */
    x: z.ZodOptional<z.ZodArray<z.ZodNullable<z.ZodNumber>>>;
    /** Six significant digits; null where it is not finite. */
    value: z.ZodArray<z.ZodNullable<z.ZodNumber>>;
    /** Its moving average over all points before thinning, if it was asked for. */
    smooth: z.ZodOptional<z.ZodArray<z.ZodNullable<z.ZodNumber>>>;
  }, z.core.$strict> {}
export interface CellSeriesSchema extends
  z.ZodObject<{
    cell: z.ZodString;
    title: z.ZodString;
    /** How many steps there will be; null while nothing was counted. */
    steps: z.ZodNullable<z.ZodNumber>;
    /** Whether points that were sent before are void: forget all of the cell's. */
    reset: z.ZodBoolean;
    series: z.ZodArray<SeriesSchema>;
  }, z.core.$strict> {}
export interface SeriesNamesSchema extends
  z.ZodObject<{
    cell: z.ZodString;
    title: z.ZodString;
    steps: z.ZodNullable<z.ZodNumber>;
    metrics: z.ZodArray<
      z.ZodObject<{
        name: z.ZodString;
        points: z.ZodNumber;
        /** The last step that has a point, and its value; null if it is not finite. */
        step: z.ZodNumber;
        last: z.ZodNullable<z.ZodNumber>;
      }, z.core.$strict>
    >;
  }, z.core.$strict> {}
export interface RunStatusSchema extends
  z.ZodEnum<
    {
      damaged: "damaged";
      done: "done";
      failed: "failed";
      lost: "lost";
      running: "running";
      stalled: "stalled";
      stopped: "stopped";
      unreadable: "unreadable";
    }
  > {}
export interface CellStatusSchema extends
  z.ZodEnum<
    { cached: "cached"; done: "done"; failed: "failed"; planned: "planned"; running: "running"; stopped: "stopped" }
  > {}
export interface MetricPointSchema extends
  z.ZodObject<{
    step: z.ZodNumber;
    time: z.ZodString;
    values: z.ZodRecord<z.ZodString, z.ZodNullable<z.ZodNumber>>;
  }, z.core.$strict> {}
export interface CellViewSchema extends
  z.ZodObject<{
    name: z.ZodString;
    title: z.ZodString;
    description: z.ZodString;
    status: CellStatusSchema;
    cellKey: z.ZodString;
    /** The planned cells that it builds on; empty if the log does not say. */
    needs: z.ZodArray<z.ZodString>;
    /** What it was planned to take; null if the log does not say. */
    work: z.ZodNullable<WorkSchema>;
    /** Of a cached cell: the run that built it; null if it is not known. */
    builtBy: z.ZodNullable<z.ZodString>;
    /** Where its job is, or was last; null if it has none on a cluster. */
    job: z.ZodNullable<JobPlaceSchema>;
    startedAt: z.ZodNullable<z.ZodString>;
    seconds: z.ZodNullable<z.ZodNumber>;
    /** How many steps there will be; null while nothing was counted. */
    steps: z.ZodNullable<z.ZodNumber>;
    metrics: z.ZodArray<MetricPointSchema>;
    tables: z.ZodArray<TableSchema>;
    notes: z.ZodArray<
      z.ZodObject<{
        level: NoteLevelSchema;
        text: z.ZodString;
        time: z.ZodString;
      }, z.core.$strict>
    >;
    artifacts: z.ZodArray<ArtifactSchema>;
    summary: z.ZodString;
  }, z.core.$strict> {}
export interface RunViewSchema extends
  z.ZodObject<{
    id: z.ZodString;
    experiment: z.ZodString;
    title: z.ZodString;
    preset: z.ZodString;
    seed: z.ZodNullable<z.ZodNumber>;
    device: z.ZodString;
    status: RunStatusSchema;
    config: JsonSchema;
    /** How it was started, which says what differs from the preset. */
    command: z.ZodArray<z.ZodString>;
    versions: z.ZodRecord<z.ZodString, z.ZodString>;
    /** The device's, as measured before the run; null if it was not. */
    speed: z.ZodNullable<SpeedSchema>;
    pid: z.ZodNullable<z.ZodNumber>;
    startedAt: z.ZodString;
    updatedAt: z.ZodString;
    /** Wall time, once the run has ended. */
    seconds: z.ZodNullable<z.ZodNumber>;
    cells: z.ZodArray<CellViewSchema>;
    notes: z.ZodArray<
      z.ZodObject<{
        level: NoteLevelSchema;
        text: z.ZodString;
        time: z.ZodString;
      }, z.core.$strict>
    >;
    results: z.ZodNullable<RunResultsSchema>;
    error: z.ZodNullable<z.ZodString>;
    lastSeq: z.ZodNumber;
  }, z.core.$strict> {}
export interface RunSummarySchema extends
  z.ZodObject<{
    error: z.ZodNullable<z.ZodString>;
    id: z.ZodString;
    title: z.ZodString;
    seed: z.ZodNullable<z.ZodNumber>;
    /** Wall time, once the run has ended. */
    seconds: z.ZodNullable<z.ZodNumber>;
    status: RunStatusSchema;
    startedAt: z.ZodString;
    experiment: z.ZodString;
    preset: z.ZodString;
    device: z.ZodString;
    /** How it was started, which says what differs from the preset. */
    command: z.ZodArray<z.ZodString>;
    updatedAt: z.ZodString;
    /** `ended`: done, or taken from the cache (`cached`). */
    cells: z.ZodObject<{
      ended: z.ZodNumber;
      total: z.ZodNumber;
      cached: z.ZodNumber;
    }, z.core.$strict>;
    /** Name of the cell that is running. */
    current: z.ZodNullable<z.ZodString>;
    /** Mean held-out bits per byte by method; empty until the run is done. */
    meanBpb: z.ZodRecord<z.ZodString, z.ZodNumber>;
    /** How many lines of the log could not be read. */
    damagedLines: z.ZodNumber;
  }, z.core.$strict> {}
export interface ListedRunSchema extends
  z.ZodObject<{
    name: z.ZodNullable<z.ZodString>;
    tags: z.ZodArray<z.ZodString>;
    error: z.ZodNullable<z.ZodString>;
    id: z.ZodString;
    title: z.ZodString;
    seed: z.ZodNullable<z.ZodNumber>;
    /** Wall time, once the run has ended. */
    seconds: z.ZodNullable<z.ZodNumber>;
    status: RunStatusSchema;
    startedAt: z.ZodString;
    experiment: z.ZodString;
    preset: z.ZodString;
    device: z.ZodString;
    /** How it was started, which says what differs from the preset. */
    command: z.ZodArray<z.ZodString>;
    updatedAt: z.ZodString;
    /** `ended`: done, or taken from the cache (`cached`). */
    cells: z.ZodObject<{
      ended: z.ZodNumber;
      total: z.ZodNumber;
      cached: z.ZodNumber;
    }, z.core.$strict>;
    /** Name of the cell that is running. */
    current: z.ZodNullable<z.ZodString>;
    /** Mean held-out bits per byte by method; empty until the run is done. */
    meanBpb: z.ZodRecord<z.ZodString, z.ZodNumber>;
    /** How many lines of the log could not be read. */
    damagedLines: z.ZodNumber;
  }, z.core.$strict> {}
export interface LabelsSchema extends
  z.ZodObject<{
    name: z.ZodNullable<z.ZodString>;
    tags: z.ZodArray<z.ZodString>;
    notes: z.ZodArray<
      z.ZodObject<{
        time: z.ZodString;
        text: z.ZodString;
      }, z.core.$strict>
    >;
    /** Lines that could not be read and were left out. */
    damaged: z.ZodNumber;
  }, z.core.$strict> {}
export interface LogDamageSchema extends
  z.ZodObject<{
    /** Line number, from 1. */
    line: z.ZodNumber;
    reason: z.ZodString;
  }, z.core.$strict> {}
export interface MeasuredOnSchema extends
  z.ZodObject<{
    documents: z.ZodRecord<z.ZodString, z.ZodString>;
    questions: z.ZodRecord<z.ZodString, z.ZodString>;
  }, z.core.$strict> {}
export interface DeclaredMetricsSchema extends
  z.ZodObject<{
    /**
     * Results and which direction is better: `<method>/<measure>/<domain>`, `<method>/<measure>` for measures without
     * domains, and the measure alone for the experiment's own method or the best one.
     */
    results: z.ZodRecord<z.ZodString, z.ZodEnum<{ higher: "higher"; lower: "lower" }>>;
    /** Values that cells log: `<cell>/<metric>`. */
    curves: z.ZodArray<z.ZodString>;
  }, z.core.$strict> {}
export interface SweepEventSchema extends
  z.ZodDiscriminatedUnion<[
    z.ZodObject<{
      kind: z.ZodLiteral<"sweep.start">;
      schemaVersion: z.ZodLiteral<1>;
      sweep: z.ZodString;
      name: z.ZodString;
      /** The experiment's name and its script, relative to the repository if it is inside. */
      experiment: z.ZodString;
      script: z.ZodString;
      /** Arguments that all trials share. */
      shared: z.ZodArray<z.ZodString>;
      /** Name of the copy of the `--config` file in the sweep's folder. */
      configFile: z.ZodNullable<z.ZodString>;
      /** What trials are compared by. */
      metric: z.ZodString;
      /** Results for which larger is better; left out when the experiment did not declare them. */
      higher: z.ZodOptional<z.ZodArray<z.ZodString>>;
      /** The varied settings, in order. */
      keys: z.ZodArray<z.ZodString>;
      /** How points were drawn; null: the full grid. */
      random: z.ZodNullable<
        z.ZodObject<{
          draws: z.ZodInt;
          seed: z.ZodInt;
          ranges: z.ZodArray<
            z.ZodObject<{
              key: z.ZodString;
              scale: z.ZodEnum<{ int: "int"; lin: "lin"; log: "log"; "log-int": "log-int" }>;
              low: z.ZodNumber;
              high: z.ZodNumber;
            }, z.core.$strict>
          >;
        }, z.core.$strict>
      >;
      trials: z.ZodArray<
        z.ZodObject<{
          settings: z.ZodRecord<z.ZodString, z.ZodString>;
          seed: z.ZodInt;
        }, z.core.$strict>
      >;
      command: z.ZodArray<z.ZodString>;
      time: z.ZodISODateTime;
    }, z.core.$strict>,
    z.ZodObject<{
      kind: z.ZodLiteral<"sweep.open">;
      process: z.ZodObject<{
        host: z.ZodString;
        pid: z.ZodInt;
        started: z.ZodNullable<z.ZodString>;
      }, z.core.$strict>;
      parallel: z.ZodInt;
      time: z.ZodISODateTime;
    }, z.core.$strict>,
    z.ZodObject<{
      kind: z.ZodLiteral<"trial.start">;
      trial: z.ZodInt;
      run: z.ZodString;
      time: z.ZodISODateTime;
    }, z.core.$strict>,
    z.ZodObject<{
      kind: z.ZodLiteral<"trial.process">;
      trial: z.ZodInt;
      run: z.ZodString;
      process: z.ZodObject<{
        host: z.ZodString;
        pid: z.ZodInt;
        started: z.ZodNullable<z.ZodString>;
      }, z.core.$strict>;
      time: z.ZodISODateTime;
    }, z.core.$strict>,
    z.ZodObject<{
      kind: z.ZodLiteral<"trial.end">;
      trial: z.ZodInt;
      run: z.ZodString;
      status: z.ZodEnum<{ done: "done"; failed: "failed"; lost: "lost"; stopped: "stopped" }>;
      seconds: z.ZodNullable<z.ZodNumber>;
      error: z.ZodNullable<z.ZodString>;
      /** Number of cells in the run, and how many of them came from the cache. */
      cells: z.ZodNullable<
        z.ZodObject<{
          total: z.ZodInt;
          cached: z.ZodInt;
        }, z.core.$strict>
      >;
      /** Every result, and the last, smallest and largest value of every metric; see `valuesOf`. */
      values: z.ZodRecord<z.ZodString, z.ZodNumber>;
      /** The results for which larger is better; left out by earlier versions. */
      higher: z.ZodOptional<z.ZodArray<z.ZodString>>;
      time: z.ZodISODateTime;
    }, z.core.$strict>,
    z.ZodObject<{
      kind: z.ZodLiteral<"sweep.close">;
      status: z.ZodEnum<{ done: "done"; failed: "failed"; stopped: "stopped" }>;
      time: z.ZodISODateTime;
    }, z.core.$strict>,
  ], "kind"> {}
export interface RankedTrialSchema extends
  z.ZodObject<{
    /** From 1. */
    trial: z.ZodNumber;
    settings: z.ZodRecord<z.ZodString, z.ZodString>;
    seed: z.ZodNumber;
    status: z.ZodEnum<
      { done: "done"; failed: "failed"; lost: "lost"; pending: "pending"; running: "running"; stopped: "stopped" }
    >;
    /** The run of its last attempt. */
    run: z.ZodNullable<z.ZodString>;
    /** Number of times it was started. */
    attempts: z.ZodNumber;
    startedAt: z.ZodNullable<z.ZodString>;
    seconds: z.ZodNullable<z.ZodNumber>;
    error: z.ZodNullable<z.ZodString>;
    cells: z.ZodNullable<
      z.ZodObject<{
        total: z.ZodNumber;
        cached: z.ZodNumber;
      }, z.core.$strict>
    >;
    /** Of a running trial: the number of finished cells, of all cells, and the running one. */
    progress: z.ZodNullable<
      z.ZodObject<{
        ended: z.ZodNumber;
        total: z.ZodNumber;
        current: z.ZodNullable<z.ZodString>;
      }, z.core.$strict>
    >;
    value: z.ZodNullable<z.ZodNumber>;
  }, z.core.$strict> {}
