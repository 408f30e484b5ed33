// The checkpoints of one cell while it is being built: the one it resumes from, and saving more.
import { join } from "node:path";
import { UserError } from "../../errors.ts";
import type { CellCheckpoints } from "./cell.ts";
import { type CellEvent, parseCellEvents } from "./cell-log.ts";
import {
  checkpointFolder,
  checkpointsOf,
  checkpointSteps,
  latestCheckpoint,
  pruneCheckpoints,
  verifyCheckpoint,
  writeCheckpoint,
} from "./checkpoint-store.ts";
import { removeIfThere } from "../files/files.ts";
import { FENCED } from "./lease.ts";

/** The cell's own account up to a checkpoint. */
const EVENTS_FILE = "events.jsonl";

/** What a cell's checkpoints need to know. */
export interface CheckpointHost {
  readonly runsFolder: string;
  readonly cellKey: string;
  readonly configHash: string;
  /** A checkpoint of another cell that this one resumes from when it has none of its own. */
  readonly continues?: { readonly cellKey: string; readonly step: number } | undefined;
  /** Whether what is there is to be thrown away. */
  readonly fresh: boolean;
  warn(text: string): void;
  /** Seconds spent on the cell so far. */
  seconds(): number;
  /** The cell's account so far. */
  lines(): string;
  /** Forces the run's log onto the disk, so that it is never behind a checkpoint. */
  sync(): void;
  /** Called before each write; throws when a newer copy of the cell has begun. */
  renew(): Promise<void>;
}

/** Open checkpoints of a cell. */
export interface OpenCheckpoints {
  readonly context: CellCheckpoints;
  /** What the cell had logged up to the checkpoint that it resumes from. */
  readonly events: readonly CellEvent[];
  /** Seconds spent on it up to there. */
  readonly seconds: number;
}

/** Finds the checkpoint that a cell resumes from, and prepares to save others. */
export async function openCheckpoints(host: CheckpointHost): Promise<OpenCheckpoints> {
  const { runsFolder, cellKey, configHash, fresh, warn } = host;
  const store = checkpointsOf(runsFolder, cellKey);
  const verified: Parameters<typeof pruneCheckpoints>[3] = new Map();
  if (fresh) await removeIfThere(store);
  let last = await latestCheckpoint(store, cellKey, ({ folder, reason }) => warn(damageText(folder, reason)));
  if (last !== undefined) verified.set(last.step, last.manifest);
  if (last === undefined && host.continues !== undefined) {
    const { cellKey: other, step } = host.continues;
    const found = await verifyCheckpoint(checkpointFolder(checkpointsOf(runsFolder, other), step), step, other);
    if (found.kind === "damaged") throw new Error(damageText(found.folder, found.reason));
    last = found;
  }
  const events = last === undefined ? [] : await eventsOf(last.folder);
  return {
    events,
    seconds: last?.manifest.seconds ?? 0,
    context: {
      ...(last === undefined ? {} : { last: { folder: last.folder, step: last.step } }),
      async all() {
        const whole: { readonly folder: string; readonly step: number }[] = [];
        for (const { folder, step } of (await checkpointSteps(store)).reverse()) {
          if (!verified.has(step)) {
            const entry = await verifyCheckpoint(folder, step, cellKey);
            if (entry.kind === "damaged") {
              warn(damageText(folder, entry.reason));
              continue;
            }
            verified.set(step, entry.manifest);
          }
          whole.push({ folder, step });
        }
        return whole;
      },
      async clear() {
        await host.renew();
        await removeIfThere(store);
        verified.clear();
      },
      async save({ step, score, bytes, keep }, write) {
        try {
          await host.renew();
          await Deno.mkdir(store, { recursive: true });
          host.sync();
          const point = { cellKey, configHash, step, score, seconds: host.seconds() };
          const { manifest } = await writeCheckpoint(store, point, async (folder) => {
            await write(folder);
            await Deno.writeTextFile(join(folder, EVENTS_FILE), host.lines());
            // Writing may have taken long: what a newer copy does not expect is not put in place.
            await host.renew();
          });
          verified.set(step, manifest);
          await host.renew();
          await pruneCheckpoints(store, cellKey, keep, verified);
        } catch (error) {
          if (error instanceof UserError && error.code === FENCED) throw error;
          const reason = error instanceof Error ? error.message : String(error);
          throw new UserError(
            "checkpoint.write",
            `Cannot keep the checkpoint of step ${step}, which needs about ${bytes} bytes, in ${store}: ${reason}`,
            "make room on the disk, then give the same command again: it resumes from the checkpoint before",
          );
        }
      },
    },
  };
}

function damageText(folder: string, reason: string): string {
  return `The checkpoint ${folder} is damaged and passed over: ${reason}`;
}

async function eventsOf(folder: string): Promise<readonly CellEvent[]> {
  const events = parseCellEvents(await Deno.readTextFile(join(folder, EVENTS_FILE)));
  if (events === undefined) throw new Error(`The events of the checkpoint ${folder} do not fit the schema`);
  return events;
}
