// The faults that a run must survive, by number, and the tests that try each.

/** One fault and how it is tried. */
export interface Fault {
  /** As the tests' titles count them. */
  readonly number: number;
  readonly fault: string;
  /** The test files and which of their tests, by title. */
  readonly tried: readonly (readonly [file: string, titles: RegExp])[];
}

const FAULTS = "tests/faults";
const PROCESS = `${FAULTS}/process_test.ts`;
const CHECKPOINT = `${FAULTS}/checkpoint_test.ts`;
const DEVICE = `${FAULTS}/device_test.ts`;
const FORMAT = "tests/run/log/parse-log_test.ts";
const INDEX = "tests/run/catalog/runs-index_test.ts";
const LOG = "tests/run/log/log_test.ts";
const LOOP = "tests/train/loop_test.ts";

export const CATALOGUE: readonly Fault[] = [
  {
    number: 1,
    fault: "a checkpoint left half written, too few or too many of them",
    tried: [[CHECKPOINT, /^Checkpoints/]],
  },
  {
    number: 4,
    fault: "weights that only we could read",
    tried: [["tests/train/resume_test.ts", /^A training checkpoint/]],
  },
  {
    number: 6,
    fault: "SIGTERM, Ctrl-C, Ctrl-C twice, between steps and within a step",
    tried: [
      [PROCESS, /^Fault 6/],
      ["tests/run/command-line/main-function_test.ts", /^A second Ctrl-C/],
      ["tests/run/process/stop_test.ts", /^a busy thread learns of SIGTERM|^a second Ctrl-C ends/],
      ["tests/train/resume_test.ts", /stopped in the middle of a step/],
    ],
  },
  {
    number: 7,
    fault: "a checkpoint's file cut, changed by a bit, emptied, deleted",
    tried: [[CHECKPOINT, /^Fault 7/]],
  },
  {
    number: 8,
    fault: "disk full in a checkpoint, in a line of the log",
    tried: [
      [PROCESS, /^Fault 8/],
      [CHECKPOINT, /^Fault 8/],
    ],
  },
  {
    number: 9,
    fault: "run folder that cannot be written, is missing, vanishes",
    tried: [
      [PROCESS, /^Fault 9/],
      ["tests/run/process/lock_test.ts", /^Fault 9/],
      ["tests/run/cells/run_test.ts", /runs folder that is a file/],
    ],
  },
  {
    number: 10,
    fault: "two processes on one run, a dead one's lock, a reused pid",
    tried: [
      [PROCESS, /^Fault 10/],
      ["tests/run/process/lock_test.ts", /^Fault 10|^When many processes|^`takeLock/],
    ],
  },
  {
    number: 12,
    fault: "index deleted, corrupt, of another version, killed",
    tried: [
      [INDEX, /[Ii]ndex/],
    ],
  },
  {
    number: 13,
    fault: "a log half written at its end, damaged in its middle",
    tried: [
      [FORMAT, /^Fault 13|flipped bit/],
      [LOG, /damaged lines|cut off anywhere/],
    ],
  },
  {
    number: 14,
    fault: "the clock jumps back; processes fall silent or die",
    tried: [
      [FORMAT, /^Fault 14/],
      [LOG, /process was killed|fell silent/],
    ],
  },
  {
    number: 15,
    fault: "WebGPU lost, failing, or not there",
    tried: [
      [DEVICE, /^Fault 15/],
      ["tests/tensor/webgpu-device_test.ts", /lost|nobody caught|without an adapter/],
    ],
  },
  {
    number: 16,
    fault: "a worker thread dies",
    tried: [
      [DEVICE, /^Fault 16/],
      ["tests/tensor/cpu/backend_test.ts", /thread that dies/],
    ],
  },
  {
    number: 17,
    fault: "NaN or infinity in loss or gradients",
    tried: [
      [DEVICE, /^Fault 17/],
      [LOOP, /TrainingError/],
    ],
  },
  {
    number: 18,
    fault: "weights that depend on how often one looks",
    tried: [[LOOP, /however often|same bytes for the same/]],
  },
  { number: 19, fault: "resuming under other settings", tried: [[`${FAULTS}/settings_test.ts`, /./]] },
  {
    number: 20,
    fault: "frozen weights that change",
    tried: [["tests/stitch/training_test.ts", /nothing that is frozen/]],
  },
  {
    number: 21,
    fault: "tensors or bytes that pile up over 300 steps",
    tried: [["tests/train/resume_test.ts", /300 steps/]],
  },
];
