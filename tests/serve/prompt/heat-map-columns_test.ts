// The columns of the heat map of gates: what is in sight, and what is numbered, for texts of any length.
import assert from "node:assert/strict";
import { columnsIn, inSight, numbered, scrolledTo } from "../../../lib/serve/client/prompt/heat-map-columns.ts";

const WIDTHS = [150, 237.5, 760];

Deno.test("columns fill the room, or are as wide as can be read and scroll", () => {
  for (const room of WIDTHS) {
    for (const count of [1, 2, 30, 64, 200, 5000]) {
      const columns = columnsIn(room, count);
      assert.ok(columns.size >= 3 && columns.size <= 16, `${room} ${count}`);
      assert.ok(columns.width <= room + 1e-9 || columns.size === 3, "scrolls though it would fit");
      assert.equal(columns.width, columns.size * count);
    }
  }
  assert.equal(columnsIn(237, 0).width, 0);
});

Deno.test("every column is in sight at some place of the scroll bar, and one that is scrolled to always", () => {
  for (const room of WIDTHS) {
    const columns = columnsIn(room, 200);
    const last = Math.max(0, columns.width - room);
    const seen = new Set<number>();
    for (let left = 0; left <= last; left += 3.7) {
      const [first, end] = inSight(columns, left, room);
      for (let i = first; i < end; i++) seen.add(i);
      for (const column of [0, 17, 100, 199]) {
        const there = scrolledTo(columns, column, left, room);
        assert.ok(there >= 0 && there <= last + 1e-9);
        const [begin, stop] = inSight(columns, there, room);
        assert.ok(begin <= column && column < stop);
        assert.ok(column * columns.size >= there - 1e-9, "cut off on the left");
        assert.ok((column + 1) * columns.size <= there + room + 1e-9, "cut off on the right");
        if (begin !== inSight(columns, left, room)[0]) continue;
        assert.equal(there, scrolledTo(columns, column, there, room), "it stays");
      }
    }
    for (let i = 0; i < 199; i++) assert.ok(seen.has(i), `column ${i} of ${room} pixels`);
  }
  assert.deepEqual(inSight(columnsIn(0, 0), 0, 0), [0, 0]);
});

Deno.test("numbers on the axis are round, are of columns that there are, and have room", () => {
  for (const room of WIDTHS) {
    for (const count of [1, 2, 3, 30, 64, 200, 5000]) {
      const columns = columnsIn(room, count);
      const found = numbered(columns);
      assert.ok(found.every((column) => column >= 0 && column < count), `${found}`);
      const gaps = found.slice(1).map((column, i) => column - found[i]!);
      const digits = 7 * String(count).length; // in pixels
      assert.ok(gaps.every((gap) => gap * columns.size >= digits + 4), `${count} in ${room}: ${found}`);
      assert.ok(count < 30 || found.length >= 2, `${count} in ${room}: ${found}`);
    }
  }
});
