// Simulates other machines' adapters with this machine's own.

/** What an adapter pretends. */
export interface Pretence {
  readonly description?: string;
  readonly limits?: Readonly<Partial<Record<keyof GPUSupportedLimits, number>>>;
  /** All features that it has; requesting another one fails and consumes the adapter. */
  readonly features?: readonly string[];
  /** Changes programs before the adapter's devices compile them. */
  readonly compile?: (code: string) => string;
}

/** For {@linkcode Pretence.compile}: makes every conversion of half-precision numbers inexact. */
export const flushHalves = (code: string) =>
  code.replace(
    /(fn unpack\(word: i32\) -> vec2<f32> \{) return (.*(?:f16|x16float).*); \}/,
    "$1 let h = $2; return select(h, vec2<f32>(0.0), abs(h) < vec2<f32>(6.1035e-5)); }",
  );

/** `adapter` with another name, lower limits or fewer features; its devices are real. */
export function pretend(adapter: GPUAdapter, { description, limits = {}, features, compile }: Pretence): GPUAdapter {
  const info = description === undefined ? {} : { description, isFallbackAdapter: false };
  return withProperties(adapter, {
    info: withProperties(adapter.info, info),
    limits: withProperties(adapter.limits, limits),
    ...(features === undefined && compile === undefined
      ? {}
      : strict(adapter, new Set(features ?? [...adapter.features, "subgroups"]), compile)),
  });
}

function strict(adapter: GPUAdapter, features: ReadonlySet<string>, compile = (code: string) => code) {
  let used = false;
  return {
    features,
    async requestDevice(descriptor: GPUDeviceDescriptor): Promise<GPUDevice> {
      if (used) throw new Error("The adapter was already used");
      used = true;
      const refused = [...descriptor.requiredFeatures ?? []].filter((name) => !features.has(name));
      if (refused.length > 0) throw new TypeError(`Unsupported features: ${refused}`);
      const device = await adapter.requestDevice(descriptor);
      return withProperties(device, {
        createShaderModule: (descriptor: GPUShaderModuleDescriptor) =>
          device.createShaderModule({ ...descriptor, code: compile(descriptor.code) }),
      });
    },
  };
}

/** `target` with some properties replaced; its methods still run on `target`. */
function withProperties<T extends object>(target: T, properties: object): T {
  return new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(properties, name)) return Reflect.get(properties, name);
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** WebGPU's guaranteed minimal limits, of those that our kernels read. */
export const LEAST_LIMITS = {
  maxStorageBuffersPerShaderStage: 8,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxStorageBufferBindingSize: 2 ** 27,
  maxBufferSize: 2 ** 28,
};
