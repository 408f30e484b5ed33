// Objects that a Jupyter front end displays, and updates of one output in place. Whoever makes an object escapes it.

import { attempt } from "../errors.ts";

/** A rich output by media type; `text/plain` is what the terminal and front ends without HTML show. */
export type MediaBundle = Readonly<Record<string, string>>;

/** What Deno's kernel calls on the value of a cell. */
export const DISPLAY: unique symbol = Symbol.for("Jupyter.display");
/** What `console.log` calls. */
const INSPECT = Symbol.for("Deno.customInspect");

/** An object that shows itself when it is the value of a notebook's cell. */
export interface Displayable {
  readonly [DISPLAY]: () => Promise<MediaBundle>;
}

/** A promise of an object, which shows the object when it is itself the value of a cell: `await` is optional there. */
export type Shown<T> = Promise<T> & Displayable;

/**
 * Adds to an object how it shows itself. Nothing is computed before it is shown, and the object stays as it is otherwise.
 *
 * Deno's kernel (2.9.6) sometimes reports a cell as done before it sends the cell's value, and front ends then drop the
 * value. In the kernel an object therefore sends itself, waits until that has arrived, and leaves an empty value.
 */
export function displaying<T extends object>(
  value: T,
  bundle: () => MediaBundle | Promise<MediaBundle>,
): T & Displayable {
  const show = async () => {
    const made = await bundle();
    if (!inKernel()) return made;
    await kernelShow()(made, { displayId: newDisplayId(), update: false });
    return {};
  };
  return Object.defineProperty(value, DISPLAY, { value: show, configurable: true }) as T & Displayable;
}

/** The same for what is known at once; `console.log` then writes the plain text. */
export function displayingNow<T extends object>(value: T, bundle: () => MediaBundle): T & Displayable {
  const text = () => bundle()["text/plain"] ?? "";
  Object.defineProperty(value, INSPECT, { value: text, configurable: true });
  return displaying(value, bundle);
}

/** Lets a promise show what it is of. */
export function shown<T extends Displayable>(made: Promise<T>): Shown<T> {
  const show = async () => await (await made)[DISPLAY]();
  return Object.defineProperty(made, DISPLAY, { value: show }) as Shown<T>;
}

/** An id under which an output can be replaced. */
export function newDisplayId(): string {
  return `stitchbook-${crypto.randomUUID()}`;
}

/** Shows a bundle, or replaces what was shown under the same `displayId`. */
export type Show = (
  bundle: MediaBundle,
  options: {
    readonly displayId: string;
    readonly update: boolean;
    /** Whether to wait until it has arrived, as the last output of a cell must. @default true */
    readonly settle?: boolean;
  },
) => Promise<void>;

/** A pause after each output, in which the kernel's queue passes it on before the kernel reports the end of the cell. */
const SETTLE_MS = 150;

/** Shows through the kernel; outside a kernel it prints the plain text of the first and of every changed update. */
export function kernelShow(): Show {
  const jupyter = kernel();
  if (jupyter !== undefined) {
    return async (bundle, { displayId, update, settle = true }) => {
      await jupyter.broadcast(update ? "update_display_data" : "display_data", {
        data: bundle,
        metadata: {},
        transient: { display_id: displayId },
      });
      if (settle) await new Promise((wake) => setTimeout(wake, SETTLE_MS));
    };
  }
  let before = "";
  return (bundle) => {
    const text = bundle["text/plain"] ?? "";
    if (text !== before) console.log(text);
    before = text;
    return Promise.resolve();
  };
}

/** Whether this process is a kernel. */
export function inKernel(): boolean {
  return kernel() !== undefined;
}

/** The kernel's own functions; undefined in any other process. */
function kernel(): typeof Deno.jupyter | undefined {
  return attempt(() => Deno.jupyter); // reading it fails in other processes
}
