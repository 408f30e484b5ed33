// Packed weights as float32 (../../../packed-format.ts describes panels): units of a panel, or single rows.
import { Format, PACKED_BLOCK, PACKED_LANES, PACKED_ROW_BYTES, PackedRowsArguments, unitBytes, unitScales, unitSteps } from "./generated/layout";
import { widen } from "./half";
import { endOf } from "./rows";

/** Unpacks units of a panel: for each k, the lanes' numbers. */
export function unpackUnits(format: i32, from: usize, units: i32, to: usize): void {
  if (format == Format.Q8_0) unpackQ8(from, units, to);
  else if (format == Format.Q4) unpackQ4(from, units, to);
  else if (format == Format.F16) unpackHalves(from, units, to, false);
  else if (format == Format.BF16) unpackHalves(from, units, to, true);
  else memory.copy(to, from, <usize> units * PACKED_ROW_BYTES);
}

@inline function unpackHalves(from: usize, units: i32, to: usize, bfloat16: bool): void {
  const end = from + <usize> units * (PACKED_ROW_BYTES / 2);
  for (; from < end; from += 16) {
    const halves = v128.load(from);
    const low = i32x4.extend_low_i16x8_u(halves), high = i32x4.extend_high_i16x8_u(halves);
    v128.store(to, bfloat16 ? i32x4.shl(low, 16) : widen(low));
    v128.store(to, bfloat16 ? i32x4.shl(high, 16) : widen(high), 16);
    to += 32;
  }
}

function unpackQ8(from: usize, units: i32, to: usize): void {
  const bytes = unitBytes(Format.Q8_0), scales = unitScales(Format.Q8_0);
  for (let unit = 0; unit < units; unit++) {
    for (let lane: usize = 0; lane < <usize> PACKED_LANES; lane += 8) {
      const halves = v128.load(from + 2 * lane);
      const s0 = widen(i32x4.extend_low_i16x8_u(halves)), s1 = widen(i32x4.extend_high_i16x8_u(halves));
      let q = from + scales + lane, y = to + 4 * lane;
      for (let k = 0; k < PACKED_BLOCK; k++) {
        const words = i16x8.extend_low_i8x16_s(v128.load64_zero(q));
        v128.store(y, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(words)), s0));
        v128.store(y, f32x4.mul(f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(words)), s1), 16);
        q += PACKED_LANES;
        y += PACKED_ROW_BYTES;
      }
    }
    from += bytes;
    to += <usize> PACKED_BLOCK * PACKED_ROW_BYTES;
  }
}

function unpackQ4(from: usize, units: i32, to: usize): void {
  const bytes = unitBytes(Format.Q4), scales = unitScales(Format.Q4);
  const digit = i32x4.splat(15);
  for (let unit = 0; unit < units; unit++) {
    for (let lane: usize = 0; lane < <usize> PACKED_LANES; lane += 4) {
      const scale = widen(i32x4.extend_low_i16x8_u(v128.load64_zero(from + 2 * lane)));
      const minimum = widen(i32x4.extend_low_i16x8_u(v128.load64_zero(from + 2 * lane + 2 * PACKED_LANES)));
      let q = from + scales + 4 * lane, y = to + 4 * lane;
      for (let k = 0; k < PACKED_BLOCK; k += 8) {
        const word = v128.load(q);
        for (let i = 0; i < 8; i++) {
          const digits = f32x4.convert_i32x4_s(v128.and(i32x4.shr_u(word, 4 * i), digit));
          v128.store(y, f32x4.add(f32x4.mul(digits, scale), minimum)); // the product is exact: fused or not
          y += PACKED_ROW_BYTES;
        }
        q += 4 * PACKED_LANES;
      }
    }
    from += bytes;
    to += <usize> PACKED_BLOCK * PACKED_ROW_BYTES;
  }
}

/** Job: rows of packed weights. */
export function packedRowsTask(args: PackedRowsArguments, task: i32): void {
  const end = endOf(args, task);
  const bytes = <usize> args.d << 2;
  for (let row = task * args.perTask; row < end; row++) {
    const id = args.ids == 0 ? row : load<i32>(args.ids + (<usize> row << 2));
    const panel = args.panels + <usize> (id / PACKED_LANES) * args.panelBytes;
    unpackLane(args.format, panel, id % PACKED_LANES, args.d, args.y + <usize> row * bytes);
  }
}

/** One lane of a panel: a row of the matrix. */
function unpackLane(format: i32, panel: usize, lane: usize, K: i32, y: usize): void {
  const steps = unitSteps(format), bytes = unitBytes(format);
  const end = y + (<usize> K << 2);
  for (let unit = panel; y < end; unit += bytes) {
    if (steps == 1) {
      store<f32>(y, format == Format.F32 ? load<f32>(unit + 4 * lane) : toFloat(load<u16>(unit + 2 * lane), format));
      y += 4;
      continue;
    }
    const scale = toFloat(load<u16>(unit + 2 * lane), Format.F16);
    if (format == Format.Q8_0) {
      let q = unit + unitScales(Format.Q8_0) + lane;
      for (let k = 0; k < PACKED_BLOCK; k++) {
        store<f32>(y, <f32> load<i8>(q) * scale);
        q += PACKED_LANES;
        y += 4;
      }
    } else {
      const minimum = toFloat(load<u16>(unit + 2 * (lane + PACKED_LANES)), Format.F16);
      const q = unit + unitScales(Format.Q4) + 4 * lane;
      for (let k = 0; k < PACKED_BLOCK; k++) {
        const word = load<u32>(q + <usize> (k >> 3) * (4 * PACKED_LANES));
        store<f32>(y, <f32> ((word >> (4 * (k & 7))) & 15) * scale + minimum);
        y += 4;
      }
    }
  }
}

@inline function toFloat(half: u16, format: i32): f32 {
  if (format == Format.BF16) return reinterpret<f32>(<u32> half << 16);
  return f32x4.extract_lane(widen(i32x4.splat(half)), 0);
}
