// What a kernel's messages make of the outputs of cells.
// https://jupyter-client.readthedocs.io/en/stable/messaging.html#messages-on-the-iopub-pub-sub-channel
import type { Metadata, MimeBundle, Output } from "../format/mod.ts";

/** A message about outputs, as kernels publish them. */
export interface OutputMessage {
  readonly type: string;
  readonly content: Readonly<Record<string, unknown>>;
}

/** The outputs of all cells of a notebook, as they come. */
export interface Outputs {
  /** Takes a message of a cell's, and says whether it changed anything. */
  add(cell: number, message: OutputMessage): boolean;
  /** The outputs of a cell. */
  of(cell: number): readonly Output[];
}

/**
 * Collects outputs. Output under a display id is replaced in place, wherever it is; text of one stream that comes in pieces
 * is one output; the empty value that a value which shows itself leaves behind is none.
 */
export function collectOutputs(): Outputs {
  const cells = new Map<number, Output[]>();
  /** Cells whose outputs are cleared when the next output comes. */
  const clearing = new Set<number>();
  const displays = new Map<string, { outputs: Output[]; at: number }[]>();
  const of = (cell: number) => cells.get(cell) ?? cells.set(cell, []).get(cell)!;
  const clear = (cell: number) => {
    clearing.delete(cell);
    cells.set(cell, []);
  };
  return {
    of,
    add(cell, { type, content }) {
      if (type === "clear_output") {
        if (content["wait"] === true) clearing.add(cell);
        else clear(cell);
        return true;
      }
      const display = (content["transient"] as Metadata | undefined)?.["display_id"];
      if (type === "update_display_data") {
        const shown = displays.get(String(display)) ?? [];
        for (const { outputs, at } of shown) {
          outputs[at] = { ...outputs[at], ...bundle(content) } as Output;
        }
        return shown.length > 0;
      }
      const output = outputOf(type, content);
      if (output === undefined) return false;
      if (clearing.has(cell)) clear(cell);
      const outputs = of(cell);
      const last = outputs.at(-1);
      if (output.output_type === "stream" && last?.output_type === "stream" && last.name === output.name) {
        outputs[outputs.length - 1] = { ...last, text: last.text + output.text };
        return true;
      }
      if (display !== undefined) {
        displays.set(String(display), [...displays.get(String(display)) ?? [], { outputs, at: outputs.length }]);
      }
      outputs.push(output);
      return true;
    },
  };
}

function outputOf(type: string, content: OutputMessage["content"]): Output | undefined {
  if (type === "stream") {
    return { output_type: "stream", name: String(content["name"]), text: String(content["text"]) };
  }
  if (type === "display_data") return { output_type: "display_data", ...bundle(content) };
  if (type === "execute_result") {
    const { data, metadata } = bundle(content);
    if (Object.keys(data).length === 0) return undefined;
    return { output_type: "execute_result", data, metadata, execution_count: Number(content["execution_count"]) };
  }
  return type === "error" ? errorOutput(content) : undefined;
}

/** The output of an error, as a kernel reports it. */
export function errorOutput(content: OutputMessage["content"]): Output & { readonly output_type: "error" } {
  const { ename, evalue, traceback } = content;
  return {
    output_type: "error",
    ename: String(ename ?? "Error"),
    evalue: String(evalue ?? ""),
    traceback: Array.isArray(traceback) ? traceback.map(String) : [],
  };
}

function bundle(content: OutputMessage["content"]): { data: MimeBundle; metadata: Metadata } {
  return { data: content["data"] as MimeBundle ?? {}, metadata: content["metadata"] as Metadata ?? {} };
}
