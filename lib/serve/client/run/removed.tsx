// That the run was removed while its page is open, and how to restore it.
import { useState } from "hono/jsx";
import type { RemovalsResponse } from "../../schemas.ts";
import { undoCommand } from "../common/command.ts";
import { useEffect } from "../common/effect.ts";
import { change, getJson } from "../common/session.ts";
import { TwiceButton } from "../common/twice-button.tsx";
import type { RunState } from "./store.ts";

type Removals = RemovalsResponse["removals"];

/** The notice. A run may be in the trash, or its folder was deleted by other means. */
export function Removed({ state: { run, runsFolder, able, served } }: { readonly state: RunState }) {
  const [removals, setRemovals] = useState<Removals | undefined>(undefined);
  useEffect(() => {
    getJson<RemovalsResponse>("/api/removals").then(({ removals }) => setRemovals(removals), () => {});
  }, []);
  const at = removals?.findIndex(({ runs }) => runs.includes(run.id));
  if (removals === undefined || at === undefined) return <p class="notice" role="status">This run was removed.</p>;
  if (at < 0) {
    return (
      <p class="notice" role="status">
        This run’s folder was deleted, and the run is not in the trash: it cannot be restored here.
      </p>
    );
  }
  const { removal, runs } = removals[at]!;
  const others = runs.length - 1;
  return (
    <div class="notice" role="status">
      This run is in the <a href="/trash">trash</a>
      {others > 0 && `, with ${others} more ${others === 1 ? "run" : "runs"} that were removed together with it`}.{" "}
      {at === 0 && (
        <>
          <code>{undoCommand(runsFolder)}</code> restores it.{" "}
        </>
      )}
      {able.edit && served && <TwiceButton text="Restore" act={() => change("/api/restore", { removal })} />}
    </div>
  );
}
