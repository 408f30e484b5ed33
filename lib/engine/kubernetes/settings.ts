// What jobs ask Kubernetes for.
import { z } from "zod";

const name = z.string().regex(
  /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/,
  "expected a name of lower-case letters, digits, - and .",
)
  .max(63, "expected at most 63 characters");
const count = z.coerce.number({ error: "expected a whole number" }).int("expected a whole number");
const path = z.string().regex(/^\/\S+$/, "expected an absolute path without spaces");

/** Settings of `--engine kubernetes`; which of them depend on the kind of a cell is the user's choice. */
export const kubernetesSchema = z.strictObject({
  claim: name.describe("PersistentVolumeClaim with the checkout and the runs, which many nodes can mount; required"),
  mount: path.describe("where it is mounted, the same path as here; by default, the folder that has checkout and runs"),
  queue: name.describe("LocalQueue of Kueue; without it, Kubernetes starts jobs at once"),
  priority: name.describe("WorkloadPriorityClass of Kueue"),
  namespace: name.describe("namespace; by default, that of kubectl"),
  image: z.string().regex(/^\S+$/, "expected an image without spaces")
    .describe("container image with deno; by default, denoland/deno of this version"),
  cpus: count.min(1, "expected 1 or more").describe("processors; by default, all that --threads says, or 1"),
  mem: z.string().regex(/^\d+(\.\d+)?([kMGTP]|[KMGTP]i)?$/, "expected a quantity such as 8Gi")
    .describe("memory; by default, the plan's"),
  gpus: count.min(1, "expected 1 or more").describe("GPUs"),
  gpuResource: z.string().regex(/^[a-z0-9.-]+\/[\w.-]+$/, "expected a resource such as nvidia.com/gpu")
    .describe("what the cluster calls a GPU; by default, nvidia.com/gpu"),
  nodeSelector: z.array(z.string().regex(/^[^=\s]+=[^=\s]*$/, "expected label=value"))
    .describe("label=value that nodes must have; may be repeated"),
  retries: count.min(0, "expected 0 or more").describe("how often a cell that failed is tried again (2)"),
  notice: count.min(1, "expected 1 or more").describe("seconds that a pod has for its checkpoint (90)"),
}).partial();

/** What the job of a group of cells asks for. */
export type KubernetesRequest = z.infer<typeof kubernetesSchema>;
