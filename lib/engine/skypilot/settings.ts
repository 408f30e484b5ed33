// What tasks ask SkyPilot for.
import { z } from "zod";

const word = z.string().regex(/^\S+$/, "expected a word without spaces");
const count = z.coerce.number({ error: "expected a whole number" }).int("expected a whole number");

/** Settings of `--engine skypilot`. */
export const skypilotSchema = z.strictObject({
  volume: word.describe(
    "SkyPilot volume with the runs, which several machines can mount; this or a bucket is required",
  ),
  bucket: z.string().regex(/^\w+:\/\/\S+$/, "expected an address such as s3://my-runs")
    .describe("bucket with the runs, mounted with a cache: only for one command at a time"),
  infra: word.describe("where to run: a cloud with region and zone, or k8s/context"),
  cpus: z.string().regex(/^\d+\+?$/, "expected a number such as 8, or 8+ for at least 8")
    .describe("processors; by default, at least those of --threads"),
  mem: z.string().regex(/^\d+(\.\d+)?\+?$/, "expected gigabytes such as 16, or 16+ for at least 16")
    .describe("gigabytes of memory; by default, at least the plan's"),
  accelerators: word.describe("GPUs, such as H100:1"),
  spot: z.enum(["true", "false"], { error: "expected true or false" }).transform((text) => text === "true")
    .describe("whether machines that may be taken away are used (false)"),
  image: word.describe("image of the machines"),
  retries: count.min(0, "expected 0 or more").describe("how often a cell that failed is tried again (2)"),
}).partial();

/** What the tasks of a group of cells ask for. */
export type SkypilotRequest = z.infer<typeof skypilotSchema>;
