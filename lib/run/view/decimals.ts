// Numbers with a fixed number of decimals, the same in terminal, report and page. Pure: the browser loads this file.

/**
 * How many decimals a value gets in a column with `digits` decimals: more than that where the value is so small that
 * fewer than two significant digits would be left (one where `digits` is 1), so that 0.0004 does not read as 0.000.
 * Whole numbers stay whole.
 */
export function decimalsFor(value: number, digits: number): number {
  if (digits === 0 || value === 0 || !Number.isFinite(value)) return digits;
  const leading = Math.ceil(-Math.log10(Math.abs(value)) - 1e-9); // place of the first digit that is not 0
  return Math.min(8, Math.max(digits, leading + Math.min(digits, 2) - 1));
}
