// One device for all models of a process: opened for the first run that needs it, and closed after the last.
import { UserError } from "../errors.ts";
import { type Device, type DeviceName, openDevice, openedDevice } from "../tensor/mod.ts";

let users = 0;
/** The device that was opened here; undefined if the caller opened one. */
let ours: Device | undefined;
let opening: Promise<void> | undefined;

/**
 * Takes part in the process's device. A device that the caller opened is used as it is and stays open; otherwise one is
 * opened, and closed when everyone who takes part in it has disposed of it.
 *
 * @param name the device to open. @default "auto"
 * @param threads of the `cpu` device, if it is opened here. @default `STITCHBOOK_THREADS`, else one per core
 * @throws UserError `device.other` when another device than the named one is open, and as `openDevice()` does
 */
export async function shareDevice(name: DeviceName = "auto", threads?: number): Promise<Disposable> {
  await (opening ??= openUnlessOpen(name, threads).finally(() => opening = undefined));
  const open = openedDevice()!;
  if (name !== "auto" && open.name !== name) {
    throw new UserError(
      "device.other",
      `Cannot open the device ${name}: this process computes on ${open.name}, and there can be only one device`,
      "dispose of the runs that use it first, or leave out device",
    );
  }
  users++;
  let shares = true;
  return {
    [Symbol.dispose]() {
      if (shares && --users === 0) closeOurs();
      shares = false;
    },
  };
}

async function openUnlessOpen(name: DeviceName, threads: number | undefined): Promise<void> {
  if (openedDevice() === undefined) ours = await openDevice(name, threads === undefined ? {} : { threads });
}

function closeOurs(): void {
  const device = ours;
  ours = undefined;
  // The caller may have opened another one since, which closed ours.
  if (device !== undefined && openedDevice() === device) void device.close();
}
