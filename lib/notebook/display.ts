// Objects that a Jupyter front end displays, and updates of one output in place. Whoever makes an object escapes it.

/** The form in which Deno's kernel takes a rich output. */
export type MediaBundle = Readonly<Record<string, string>>;

/** An object that shows itself when it is the value of a notebook's cell. */
export interface Displayable {
  readonly [key: symbol]: () => MediaBundle;
}

/** What Deno's kernel calls on the value of a cell. */
export const DISPLAY: unique symbol = Symbol.for("Jupyter.display");

/** A displayable from its media types; `text/plain` is what the terminal and front ends without HTML show. */
export function displayable(bundle: MediaBundle): Displayable {
  return { [DISPLAY]: () => bundle };
}

/** Shows a bundle, or replaces what was shown under the same `displayId`. */
export type Show = (
  bundle: MediaBundle,
  options: { readonly displayId: string; readonly update: boolean },
) => Promise<void>;

/**
 * A pause after each output. The kernel (Deno 2.9.6) passes outputs on through a queue, but reports the end of a cell
 * past it: an output sent right before the end can arrive after it, and front ends then drop it.
 */
const SETTLE_MS = 150;

/** Shows through the kernel; outside a kernel it prints the plain text of the first and of every changed update. */
export function kernelShow(): Show {
  const jupyter = (Deno as { jupyter?: typeof Deno.jupyter }).jupyter;
  if (jupyter !== undefined) {
    return async (bundle, { displayId, update }) => {
      await jupyter.broadcast(update ? "update_display_data" : "display_data", {
        data: bundle,
        metadata: {},
        transient: { display_id: displayId },
      });
      await new Promise((wake) => setTimeout(wake, SETTLE_MS));
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
