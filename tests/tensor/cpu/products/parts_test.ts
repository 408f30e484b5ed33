// How products are cut into parts.
import assert from "node:assert/strict";
import { evenRuns, partsOfEach } from "../../../../lib/tensor/cpu/products/parts.ts";

Deno.test("equal parts keep all threads busy", () => {
  for (let batch = 1; batch <= 5; batch++) {
    for (let most = 0; most <= 40; most++) {
      for (let threads = 1; threads <= 20; threads++) {
        const parts = partsOfEach(batch, most, threads);
        const what = `${batch} × ${most} parts for ${threads} threads: ${parts}`;
        if (parts === undefined) assert.ok(threads > 1 || batch * most < 2, what);
        else {
          assert.ok(parts <= most, what);
          const rounds = Math.ceil(batch * parts / threads);
          assert.ok(rounds >= 2 && rounds * threads <= 1.125 * batch * parts, what);
        }
      }
    }
  }
  assert.equal(partsOfEach(1, 5, 2), 4);
  assert.equal(partsOfEach(1, 3, 2), undefined);
});

Deno.test("even runs cover all items once, in nearly equal lengths", () => {
  for (const [total, count] of [[18, 4], [7, 7], [43, 10], [5, 1]] as const) {
    const runs = evenRuns(total, count);
    let end = 0;
    for (const [begin, length] of runs) {
      assert.equal(begin, end);
      assert.ok(length === Math.floor(total / count) || length === Math.ceil(total / count));
      end += length;
    }
    assert.equal(end, total);
  }
});
