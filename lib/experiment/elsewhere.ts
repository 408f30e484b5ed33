// What stands in a device's place when another machine computes, such as one behind an endpoint.
import type { DeviceName } from "../device-names.ts";
import { UserError } from "../errors.ts";
import type { CellDevice } from "../run/mod.ts";
import type { Device } from "../tensor/mod.ts";

/** Where a run computes: on an open device of this machine, or elsewhere. */
export interface Place
  extends
    CellDevice,
    Pick<Device, "onFirstCompile" | "failure" | "memoryLimit" | "close">,
    Partial<
      Pick<Device, "warning">
    > {
  /** Name of the device, or `elsewhere`. */
  readonly name: Device["name"] | "elsewhere";
  /** Undefined elsewhere. */
  readonly threads: number | undefined;
}

/**
 * A place that is not this machine.
 *
 * @param description in words
 * @param device that was asked for
 * @throws UserError `command.conflict` for a device of this machine
 */
export function elsewhere(description: string, device: DeviceName): Place {
  if (device !== "auto") {
    throw new UserError(
      "command.conflict",
      `Cannot use --device ${device}: this machine computes nothing, but ${description}`,
      "leave the option out",
    );
  }
  return {
    name: "elsewhere",
    description,
    numerics: description,
    code: import.meta,
    threads: undefined,
    memoryLimit: undefined,
    onFirstCompile: () => {},
    failure: new Promise(() => {}),
    close: () => Promise.resolve(),
  };
}
