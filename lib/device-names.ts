// What `--device` and `--threads` take. Apart from the devices themselves, so that reading a command line loads no tensors.

/** The devices: `auto` is `webgpu` on a machine with a real GPU, and `cpu` on any other. */
export const DEVICES = ["auto", "webgpu", "cpu", "reference"] as const;
export type DeviceName = (typeof DEVICES)[number];

/** Most threads of the `cpu` device. */
export const MOST_THREADS = 256;
