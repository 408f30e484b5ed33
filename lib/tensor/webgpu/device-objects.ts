// Device objects that launches share: pipelines by program, uniform buffers by content.
import type { Features } from "./features.ts";
import type { Program } from "./program.ts";

/** A program built for the device. */
export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

/** Builds each program once. */
export interface Pipelines {
  /** Number built so far. */
  readonly count: number;
  get(program: Program): Pipeline;
}

export function createPipelines(device: GPUDevice, features: Features): Pipelines {
  const pipelines = new Map<string, Pipeline>();
  const layouts = new Map<string, GPUBindGroupLayout>();

  function layoutOf({ reads, writes }: Program): GPUBindGroupLayout {
    const key = `${reads},${writes}`;
    const entries = () =>
      Array.from({ length: reads + writes + 1 }, (_, binding): GPUBindGroupLayoutEntry => {
        const type = binding < reads ? "read-only-storage" : binding < reads + writes ? "storage" : "uniform";
        return { binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } };
      });
    const layout = layouts.get(key) ?? device.createBindGroupLayout({ entries: entries() });
    layouts.set(key, layout);
    return layout;
  }

  return {
    get count() {
      return pipelines.size;
    },
    get(program) {
      const found = pipelines.get(program.key);
      if (found !== undefined) return found;
      const layout = layoutOf(program);
      const module = device.createShaderModule({ code: program.text(features), label: program.key });
      const pipeline = device.createComputePipeline({
        label: program.key,
        layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
        compute: { module, entryPoint: "main" },
      });
      const made = { pipeline, layout };
      pipelines.set(program.key, made);
      return made;
    },
  };
}

/** Immutable uniform buffers: all launches with the same numbers share one. */
export interface UniformBuffers {
  get(words: Uint32Array<ArrayBuffer>): GPUBuffer;
  /** Destroys all; work that uses them must have been submitted. */
  clear(): void;
}

/** Most buffers kept: more than a training step needs, so that the next step creates none. */
const MOST = 4096;

/** @param flush submits recorded work, before buffers that it uses are destroyed */
export function createUniformBuffers(device: GPUDevice, flush: () => void): UniformBuffers {
  const buffers = new Map<string, GPUBuffer>();

  function clear(): void {
    for (const buffer of buffers.values()) buffer.destroy();
    buffers.clear();
  }

  return {
    clear,
    get(words) {
      const key = String(words);
      const found = buffers.get(key);
      if (found !== undefined) return found;
      if (buffers.size >= MOST) {
        flush();
        clear();
      }
      const { byteLength: size } = words;
      const buffer = device.createBuffer({ size, usage: GPUBufferUsage.UNIFORM, mappedAtCreation: true });
      new Uint32Array(buffer.getMappedRange()).set(words);
      buffer.unmap();
      buffers.set(key, buffer);
      return buffer;
    },
  };
}
