// Which job builds which cell, over all runs of a folder. A run that lacks a cell which a job of another run builds waits
// for that job, so that none of its own occupies a node and waits there.
//
// A claim is a file that is made only if it is not there (`O_EXCL`), before its job is handed in.
import { join } from "node:path";
import { z } from "zod";
import { absent, attempt } from "../../errors.ts";
import { writeTextAtomically } from "../../run/mod.ts";
import type { Clock } from "../clock.ts";

/** Folder of the claims in the runs folder, one file a cell, named by its key. */
const CLAIMS_FOLDER = ".jobs";
/** How long a run that has claimed a cell may take to hand its job in. */
const HAND_IN_MS = 60_000;
/** Between two looks at a claim without a job. */
const LOOK_MS = 500;

const claimSchema = z.object({
  run: z.string(),
  /** Tells the claims of one run apart. */
  token: z.string(),
  /** Null: it is about to be handed in. */
  job: z.string().nullable(),
  task: z.int().nullable(),
});

type Claim = z.infer<typeof claimSchema>;

/** A job that builds a cell for another run. */
export interface SharedJob {
  readonly job: string;
  readonly task: number | null;
  /** The run that handed it in. */
  readonly of: string;
}

/** The claims of one run. */
export interface Claims {
  /**
   * Claims a cell, or finds the job of another run that builds it.
   *
   * @param lives whether a job waits or runs
   */
  take(key: string, lives: (job: Pick<SharedJob, "job" | "task">) => Promise<boolean>): Promise<SharedJob | undefined>;
  /** Says which job builds a cell that was claimed. */
  handedIn(key: string, job: Pick<SharedJob, "job" | "task">): Promise<void>;
  /** Gives up claims, because their cells are built, or will not be. */
  release(keys: Iterable<string>): Promise<void>;
}

/** The claims of a run in a runs folder. */
export function claimsOf(runsFolder: string, run: string, clock: Clock): Claims {
  const token = crypto.randomUUID();
  const folder = join(runsFolder, CLAIMS_FOLDER);
  const pathOf = (key: string) => join(folder, `${key}.json`);
  const read = async (key: string): Promise<Claim | undefined> => {
    const text = await Deno.readTextFile(pathOf(key)).catch(absent);
    return text === undefined ? undefined : attempt(() => claimSchema.parse(JSON.parse(text)));
  };
  const make = async (key: string): Promise<boolean> => {
    const text = JSON.stringify({ run, token, job: null, task: null }) + "\n";
    try {
      await Deno.writeTextFile(pathOf(key), text, { createNew: true });
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) return false;
      throw error;
    }
  };
  return {
    async take(key, lives) {
      await Deno.mkdir(folder, { recursive: true });
      for (const until = clock.now() + HAND_IN_MS;;) {
        if (await make(key)) return undefined;
        const claim = await read(key);
        if (claim?.token === token) return undefined;
        if (claim !== undefined && claim.job !== null && claim.run !== run) {
          const { job, task, run: of } = claim;
          if (await lives({ job, task })) return { job, task, of };
        } else if (claim?.run !== run && clock.now() < until) {
          await clock.sleep(LOOK_MS);
          continue;
        }
        // Its job is over, or its run has ended before it handed one in.
        await Deno.remove(pathOf(key)).catch(absent);
      }
    },
    async handedIn(key, { job, task }) {
      await writeTextAtomically(pathOf(key), JSON.stringify({ run, token, job, task }) + "\n");
    },
    async release(keys) {
      for (const key of keys) {
        if ((await read(key))?.token === token) await Deno.remove(pathOf(key)).catch(absent);
      }
    },
  };
}
