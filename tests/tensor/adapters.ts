// Adapters as other machines have them, made from this machine's own.

/** What an adapter is to say of itself instead of the truth. */
export interface Pretence {
  readonly description?: string;
  readonly limits?: Readonly<Partial<Record<keyof GPUSupportedLimits, number>>>;
}

/** `adapter`, but with another name or lower limits; it makes real devices. */
export function pretend(adapter: GPUAdapter, { description, limits = {} }: Pretence): GPUAdapter {
  const info = description === undefined ? {} : { description, isFallbackAdapter: false };
  return withProperties(adapter, {
    info: withProperties(adapter.info, info),
    limits: withProperties(adapter.limits, limits),
  });
}

/** `target` with some properties replaced; its methods are still called on itself. */
function withProperties<T extends object>(target: T, properties: object): T {
  return new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(properties, name)) return Reflect.get(properties, name);
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** The least limits that WebGPU guarantees, of those that our kernels look at. */
export const LEAST_LIMITS = {
  maxStorageBuffersPerShaderStage: 8,
  maxComputeWorkgroupStorageSize: 16384,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxStorageBufferBindingSize: 2 ** 27,
  maxBufferSize: 2 ** 28,
};
