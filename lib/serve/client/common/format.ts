// Numbers, durations and dates for people. Pure.

/** `0.4 s`, `12 s`, `3 min 07 s`, `1 h 02 min`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "–";
  if (seconds < 0.0995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
}

/** Time left, `0:42`, `12:05`, `1:02:05`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

/** `950`, `4.2k`, `1.3M`, `2.7B`. */
export function compact(value: number): string {
  const units = [[1e9, "B"], [1e6, "M"], [1e3, "k"]] as const;
  for (const [size, unit] of units) {
    if (Math.abs(value) >= size) {
      const scaled = value / size;
      return `${scaled.toFixed(Math.abs(scaled) < 99.95 ? 1 : 0).replace(/\.0$/, "")}${unit}`;
    }
  }
  return value.toFixed(0);
}

/** A measured value: three or four significant digits, whatever its size. */
export function measured(value: number | null | undefined): string {
  if (value === null || value === undefined) return "not finite";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 100_000) return compact(value);
  if (size >= 1000) return Math.round(value).toLocaleString("en");
  if (size >= 100) return value.toFixed(1);
  if (size >= 0.1) return value.toFixed(3);
  if (size >= 0.001) return value.toPrecision(3).replace(/0+$/, "");
  return value.toExponential(1);
}

/** A value with this many decimals and grouped thousands: `−1,024.50`. */
export function fixed(value: number, digits: number): string {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return value.toLocaleString("en", options).replace("-", "−");
}

/** `1.2 kB`, `48.0 MB`. */
export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  const units = ["kB", "MB", "GB", "TB"];
  const power = Math.min(units.length, Math.floor(Math.log10(count) / 3));
  return `${(count / 1000 ** power).toFixed(1)} ${units[power - 1]}`;
}

/** A relative change in percent with its sign, `−13.1 %`. */
export function change(from: number, to: number): string {
  const percent = (to / from - 1) * 100;
  if (Math.abs(percent) < 0.05) return "0.0 %";
  return `${percent < 0 ? "−" : "+"}${Math.abs(percent).toFixed(1)} %`;
}

/** `today 14:03`, `yesterday 09:12`, `3 May 14:03`, with the year when it is another one. */
export function when(time: string, now: Date = new Date()): string {
  const date = new Date(time);
  const hours = `${pad(date.getHours())}:${pad(date.getMinutes())}`;
  const days = Math.round((startOfDay(now) - startOfDay(date)) / 86_400_000);
  if (days === 0) return `today ${hours}`;
  if (days === 1) return `yesterday ${hours}`;
  const day = date.toLocaleDateString("en-GB", {
    day: "numeric",
    month: "short",
    ...(date.getFullYear() === now.getFullYear() ? {} : { year: "numeric" }),
  });
  return `${day} ${hours}`;
}

/** Metric names in words: `tokensPerSecond` becomes `tokens per second`. */
export function words(name: string): string {
  return name.replace(/([a-z\d])([A-Z])/g, (_, before, after) => `${before} ${after.toLowerCase()}`);
}

function startOfDay(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
