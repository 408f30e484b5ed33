// Where runs live when nobody says: in `$STITCHBOOK_RUNS`, or in `runs`.

/** The default of `--runs`. */
export function defaultRunsFolder(): string {
  // Asking for a variable without the permission to would prompt; the default serves then.
  const allowed = Deno.permissions.querySync({ name: "env", variable: "STITCHBOOK_RUNS" }).state === "granted";
  return (allowed ? Deno.env.get("STITCHBOOK_RUNS") : undefined) || "runs";
}
