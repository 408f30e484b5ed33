// The kernels by number; lib/tensor/cpu/machine/machine.ts names the same numbers.
import { amxTask, splitTask } from "./amx";
import { attentionGradTask, attentionTask } from "./attention";
import { attentionBlasGradTask, attentionBlasTask } from "./attention-blas";
import { blasTask } from "./blas";
import * as e from "./elementwise";
import { gemmTask, innerTask, packTask } from "./gemm";
import { unpackHalfTask } from "./half";
import { packPanelsTask, tilesTask } from "./native";
import * as r from "./rows";

export function dispatch(kernel: i32, task: i32): void {
  switch (kernel) {
    case 0: return packTask(task);
    case 1: return gemmTask(task);
    case 2: return attentionTask(task);
    case 3: return attentionGradTask(task);
    case 4: return e.addTask(task);
    case 5: return e.subTask(task);
    case 6: return e.mulTask(task);
    case 7: return e.scaleTask(task);
    case 8: return e.fillTask(task);
    case 9: return e.swigluTask(task);
    case 10: return e.swigluGradTask(task);
    case 11: return e.dropoutTask(task);
    case 12: return e.hubIntoExpertTask(task);
    case 13: return e.hubIntoExpertGradTask(task);
    case 14: return e.addNTask(task);
    case 15: return e.sumTask(task);
    case 16: return e.squaresTask(task);
    case 17: return e.adamWTask(task);
    case 18: return r.rmsNormTask(task);
    case 19: return r.rmsNormGradTask(task);
    case 20: return r.sumRowsTask(task);
    case 21: return r.ropeTask(task);
    case 22: return r.embeddingTask(task);
    case 23: return r.embeddingGradTask(task);
    case 24: return r.crossEntropyTask(task);
    case 25: return r.crossEntropyGradTask(task);
    case 26: return r.expertsIntoHubTask(task);
    case 27: return r.expertsIntoHubGradTask(task);
    case 28: return r.copyRowsTask(task);
    case 29: return innerTask(task);
    case 30: return blasTask(task);
    case 31: return attentionBlasTask(task);
    case 32: return attentionBlasGradTask(task);
    case 33: return unpackHalfTask(task);
    case 34: return packPanelsTask(task);
    case 35: return tilesTask(task);
    case 36: return splitTask(task);
    case 37: return amxTask(task);
    default: unreachable();
  }
}
