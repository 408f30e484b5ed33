// Processes that end with the one that started them.
import assert from "node:assert/strict";
import { endWithParent, PARENT_VARIABLE } from "../../../lib/run/process/parent.ts";

Deno.test("a process that ends with its parent does not hand that on to what it starts", () => {
  Deno.env.set(PARENT_VARIABLE, String(Deno.ppid));
  try {
    const end = endWithParent();
    end();
    assert.equal(Deno.env.get(PARENT_VARIABLE), undefined);
  } finally {
    Deno.env.delete(PARENT_VARIABLE);
  }
});
