// The devices of a run whose kinds of cells do not all compute on the same: `devices.json` in its folder. A cell's key has
// the arithmetic of its device, so every process of the run must know how the cells of the others compute.
import { join } from "node:path";
import { z } from "zod";
import { DEVICES } from "../device-names.ts";
import { absent, UserError } from "../errors.ts";
import { type CellRunner, writeTextAtomically } from "../run/mod.ts";
import { kindOf } from "./engine.ts";

const DEVICES_FILE = "devices.json";

const devicesSchema = z.strictObject({
  schemaVersion: z.literal(1),
  /** Arithmetic of the device that the run computes on, and all kinds of cells that are not below. */
  numerics: z.string(),
  /** By kind of cell (`expert` of `expert:code`), those that compute elsewhere. */
  kinds: z.record(
    z.string(),
    z.strictObject({
      device: z.enum(DEVICES),
      numerics: z.string(),
      /** What its jobs ask for: other nodes may have another device. */
      place: z.string(),
    }),
  ),
});

/** How the kinds of cells of a run compute. */
export type KindDevices = Readonly<Omit<z.infer<typeof devicesSchema>, "schemaVersion">>;

/**
 * The devices of a run; undefined: all cells compute on the same.
 *
 * @throws UserError `run.devices` when the file is damaged
 */
export async function readKindDevices(runFolder: string): Promise<KindDevices | undefined> {
  const path = join(runFolder, DEVICES_FILE);
  const text = await Deno.readTextFile(path).catch(absent);
  if (text === undefined) return undefined;
  try {
    const { schemaVersion: _, ...devices } = devicesSchema.parse(JSON.parse(text));
    return devices;
  } catch {
    throw new UserError("run.devices", `Cannot read ${path}`, "remove it: resuming the run asks the nodes again");
  }
}

/** Keeps the devices of a run; undefined: all cells compute on the same. */
export async function writeKindDevices(runFolder: string, devices: KindDevices | undefined): Promise<void> {
  const path = join(runFolder, DEVICES_FILE);
  if (devices === undefined) await Deno.remove(path).catch(absent);
  else await writeTextAtomically(path, JSON.stringify({ schemaVersion: 1, ...devices }, null, 2) + "\n");
}

/**
 * A runner whose cells compute on the devices of their kinds. Only what describes them changes: each is built by a process
 * that has its device.
 *
 * @param own the kind of the cell that this process builds, on its own device
 */
export function onKindDevices(runner: CellRunner, devices: KindDevices | undefined, own?: string): CellRunner {
  if (devices === undefined) return runner;
  return {
    cell(spec, body) {
      const { device } = spec;
      const kind = kindOf(spec.name);
      if (device === undefined || kind === own) return runner.cell(spec, body);
      const numerics = devices.kinds[kind]?.numerics ?? devices.numerics;
      return runner.cell({ ...spec, device: { ...device, numerics } }, body);
    },
  };
}
