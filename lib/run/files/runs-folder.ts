// The default runs folder: `$STITCHBOOK_RUNS`, or `runs`.

/** The default of `--runs`. */
export function defaultRunsFolder(): string {
  // Reading a variable without permission would prompt.
  const allowed = Deno.permissions.querySync({ name: "env", variable: "STITCHBOOK_RUNS" }).state === "granted";
  return (allowed ? Deno.env.get("STITCHBOOK_RUNS") : undefined) || "runs";
}
