// The table of jobs that a person sees before anything is handed in.
import { type Table, textColumn } from "../../run/mod.ts";
import { kindOf } from "../engine.ts";
import type { PlannedJob } from "./submit.ts";

/** Jobs with what each asks for. */
export function jobsTable(jobs: readonly PlannedJob[]): Table {
  const jobOf = new Map(jobs.flatMap(({ name, cells }) => cells.map(({ cell }) => [cell, name] as const)));
  return {
    name: "jobs",
    title: "Jobs",
    columns: [
      textColumn("job", "job"),
      textColumn("cells", "cells"),
      textColumn("after", "after"),
      textColumn("partition", "partition"),
      textColumn("device", "device"),
      textColumn("cpus", "processors"),
      textColumn("gres", "resources"),
      textColumn("mem", "memory"),
      textColumn("time", "time limit"),
    ],
    rows: jobs.map(({ name, cells, request }) => ({
      job: name,
      cells: cells.length === 1 ? cells[0]!.cell : `${cells.length} × ${kindOf(cells[0]!.cell)}`,
      after: [...new Set(cells[0]!.needs.flatMap((cell) => jobOf.get(cell) ?? []))].join(", "),
      partition: request.partition ?? "default",
      device: request.device ?? "",
      cpus: String(request.cpus ?? "default"),
      gres: request.gres ?? "",
      mem: request.mem ?? "default",
      time: request.time === undefined ? "default" : timeText(request.time),
    })),
  };
}

/** Slurm reads a number alone as minutes. */
function timeText(time: string): string {
  return /^\d+$/.test(time) ? `${time} min` : time;
}
