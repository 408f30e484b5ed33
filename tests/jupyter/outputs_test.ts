// What messages of a kernel make of the outputs of cells.
import assert from "node:assert/strict";
import { collectOutputs } from "../../lib/jupyter/kernel/mod.ts";

const display = (text: string, id?: string) => ({
  data: { "text/plain": text },
  metadata: {},
  transient: id === undefined ? {} : { display_id: id },
});
const shown = (text: string) => ({ output_type: "display_data", data: { "text/plain": text }, metadata: {} });
const stream = (name: string, text: string) => ({ type: "stream", content: { name, text } });

Deno.test("`collectOutputs()` joins text of one stream, and leaves out empty values", () => {
  const outputs = collectOutputs();
  for (const [name, text] of [["stdout", "a\n"], ["stdout", "b\n"], ["stderr", "e"], ["stdout", "c"]] as const) {
    outputs.add(0, stream(name, text));
  }
  assert.equal(
    outputs.add(0, { type: "execute_result", content: { data: {}, metadata: {}, execution_count: 1 } }),
    false,
  );
  assert.equal(outputs.add(0, { type: "execute_input", content: { code: "a" } }), false);
  assert.deepEqual(outputs.of(0).map((output) => output.output_type === "stream" && [output.name, output.text]), [
    ["stdout", "a\nb\n"],
    ["stderr", "e"],
    ["stdout", "c"],
  ]);
});

Deno.test("`collectOutputs()` replaces an output in place, in whichever cell it is", () => {
  const outputs = collectOutputs();
  outputs.add(0, { type: "display_data", content: display("one", "card") });
  outputs.add(0, { type: "display_data", content: display("other") });
  outputs.add(1, { type: "display_data", content: display("again", "card") });
  assert.equal(outputs.add(2, { type: "update_display_data", content: display("two", "card") }), true);
  assert.equal(outputs.add(2, { type: "update_display_data", content: display("x", "unknown") }), false);
  assert.deepEqual([outputs.of(0), outputs.of(1), outputs.of(2)], [[shown("two"), shown("other")], [shown("two")], []]);
});

Deno.test("`collectOutputs()` clears at once, or when the next output comes", () => {
  const outputs = collectOutputs();
  outputs.add(0, { type: "display_data", content: display("one") });
  outputs.add(0, { type: "clear_output", content: { wait: true } });
  assert.equal(outputs.of(0).length, 1);
  outputs.add(0, { type: "display_data", content: display("two") });
  assert.deepEqual(outputs.of(0), [shown("two")]);
  outputs.add(0, { type: "clear_output", content: { wait: false } });
  assert.deepEqual(outputs.of(0), []);
});
