// The formats in which a run can be exported, and what each writes.
import { reportHtml, reportMarkdown } from "../../report/mod.ts";
import { csvFiles } from "./csv.ts";
import type { ExportedRun, RunFile } from "./exported-run.ts";
import { tensorboardFiles } from "./tensorboard/files.ts";

/** What a format is: one file, or a folder of several. */
type RunFormat =
  & { readonly about: string }
  & (
    | {
      readonly kind: "file";
      readonly extension: string;
      readonly write: (run: ExportedRun) => string | Promise<string>;
    }
    | { readonly kind: "folder"; readonly write: (run: ExportedRun) => readonly RunFile[] }
  );

/** Every format by its name. */
export const RUN_FORMATS = {
  html: {
    kind: "file",
    extension: ".html",
    about: "one page with results, curves and provenance that loads nothing else",
    write: ({ view, ...about }: ExportedRun): string => reportHtml(view, about),
  },
  md: {
    kind: "file",
    extension: ".md",
    about: "the same as Markdown, without figures",
    write: ({ view, ...about }: ExportedRun): string => reportMarkdown(view, about),
  },
  ipynb: {
    kind: "file",
    extension: ".ipynb",
    about: "a notebook with results, figures, tables and settings, and the code that shows them",
    // What shows runs in notebooks takes a moment to load.
    write: async (run: ExportedRun): Promise<string> => (await import("./ipynb.ts")).runNotebook(run),
  },
  csv: { kind: "folder", about: "a folder with metrics, results, tables, cells and settings", write: csvFiles },
  tensorboard: { kind: "folder", about: "a log folder for TensorBoard", write: tensorboardFiles },
} as const satisfies Readonly<Record<string, RunFormat>>;

/** The name of a format. */
export type RunFormatName = keyof typeof RUN_FORMATS;

/** The format of a name. */
export const runFormat = (name: RunFormatName): RunFormat => RUN_FORMATS[name];
