// A group of cells as an Indexed Job (batch/v1), for Kueue if a queue is named. Reference: kubernetes.io/docs, Job, "Pod
// failure policy" and "Backoff limit per index"; Kueue's labels: kueue.sigs.k8s.io/docs, "Run A Kubernetes Job".
import { stringify } from "yaml";
import { shellLine } from "../../run/mod.ts";
import { FENCED_CODE, PREEMPTED_CODE } from "../place.ts";
import type { KubernetesRequest } from "./settings.ts";

/** What one job needs besides its settings. */
export interface IndexedJob {
  readonly name: string;
  /** The run's id. */
  readonly run: string;
  /** The words that each task adds to the command: `["--cell", "seed"]`. */
  readonly tasks: readonly (readonly string[])[];
  /** Starts deno with the script and its arguments. */
  readonly command: readonly string[];
  readonly cwd: string;
  /** A folder that must be there before the command runs. */
  readonly folder?: string;
  readonly env: Readonly<Record<string, string>>;
  /** Bytes of memory, if the settings name none. */
  readonly bytes: number;
  readonly image: string;
  readonly mount: string;
  readonly claim: string;
  readonly request: KubernetesRequest;
}

/** Times that a cell is tried again after a failure, if no setting says it. */
const RETRIES = 2;
/** Seconds for a checkpoint, if no setting says it. */
const NOTICE = 90;
/** Exit code of a mistake in settings, which is the same the next time. */
const MISTAKE_CODE = 2;
/** The only container, and the only volume. */
const CONTAINER = "cell", VOLUME = "shared";

/** The job as YAML. */
export function indexedJob(job: IndexedJob): string {
  const { name, run, tasks, request, mount, claim } = job;
  const { queue, priority, namespace, retries = RETRIES, notice = NOTICE } = request;
  const labels = {
    "app.kubernetes.io/name": "stitchbook",
    ...(queue === undefined ? {} : { "kueue.x-k8s.io/queue-name": queue }),
    ...(priority === undefined ? {} : { "kueue.x-k8s.io/priority-class": priority }),
  };
  return stringify({
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels,
      annotations: { "stitchbook/run": run },
    },
    spec: {
      // Kueue starts it when there is room.
      ...(queue === undefined ? {} : { suspend: true }),
      completionMode: "Indexed",
      completions: tasks.length,
      parallelism: tasks.length,
      backoffLimitPerIndex: retries,
      podFailurePolicy: {
        rules: [
          { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
          { action: "Ignore", onExitCodes: { containerName: CONTAINER, operator: "In", values: [PREEMPTED_CODE] } },
          {
            action: "FailIndex",
            onExitCodes: { containerName: CONTAINER, operator: "In", values: [MISTAKE_CODE, FENCED_CODE] },
          },
        ],
      },
      template: {
        metadata: { labels: { "app.kubernetes.io/name": "stitchbook" } },
        spec: {
          restartPolicy: "Never",
          terminationGracePeriodSeconds: notice,
          ...selector(request),
          containers: [container(job)],
          volumes: [{ name: VOLUME, persistentVolumeClaim: { claimName: claim } }],
        },
      },
    },
  }, { lineWidth: 0 });

  function container({ image, env, cwd, bytes }: IndexedJob) {
    const { cpus, mem = `${Math.ceil(bytes / 1e6)}M`, gpus, gpuResource = "nvidia.com/gpu" } = request;
    return {
      name: CONTAINER,
      image,
      workingDir: cwd,
      command: ["/bin/sh", "-ec", script(job)],
      env: [
        ...Object.entries(env).map(([name, value]) => ({ name, value })),
        { name: "STITCHBOOK_NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
      ],
      resources: {
        requests: { ...(cpus === undefined ? {} : { cpu: String(cpus) }), memory: mem },
        limits: { memory: mem, ...(gpus === undefined ? {} : { [gpuResource]: String(gpus) }) },
      },
      volumeMounts: [{ name: VOLUME, mountPath: mount }],
    };
  }
}

/** What a task runs. Deno takes the shell's place, so that it gets the signals. */
function script({ name, tasks, command, folder }: IndexedJob): string {
  return [
    ...(tasks.every((words) => words.length === 0) ? [] : [
      'case "$JOB_COMPLETION_INDEX" in',
      ...tasks.map((words, i) => `  ${i}) set -- ${shellLine(words)} ;;`),
      "esac",
    ]),
    `export STITCHBOOK_JOB="${name}-$JOB_COMPLETION_INDEX"`,
    ...(folder === undefined ? [] : [`mkdir -p ${shellLine([folder])}`]),
    `exec ${shellLine(command)} "$@"`,
    "",
  ].join("\n");
}

function selector({ nodeSelector = [] }: KubernetesRequest): { readonly nodeSelector?: Record<string, string> } {
  if (nodeSelector.length === 0) return {};
  return { nodeSelector: Object.fromEntries(nodeSelector.map((pair) => pair.split("=") as [string, string])) };
}
