// What can be done with the selected runs, and undone.
import { useState } from "hono/jsx";
import { MOST_COMPARED } from "../../../run/view/mod.ts";
import type { TrashResponse } from "../../schemas.ts";
import { useEffect } from "../common/effect.ts";
import { when } from "../common/format.ts";
import { change, getJson } from "../common/session.ts";

/** The bar below the table while runs are selected. */
export function SelectionBar({ selected, mayEdit, clear, changed }: {
  readonly selected: ReadonlySet<string>;
  readonly mayEdit: boolean;
  clear(): void;
  changed(): Promise<void>;
}) {
  const [tag, setTag] = useState("");
  const [fault, setFault] = useState("");
  const [sure, setSure] = useState(false);
  const runs = [...selected];
  if (runs.length === 0) return null;

  const act = async (address: string, body: unknown) => {
    try {
      await change(address, body);
      setFault("");
      await changed();
      return true;
    } catch (error) {
      setFault((error as Error).message);
      return false;
    }
  };
  const label = async (add: boolean) => {
    const tags = tag.trim().split(/\s+/).filter((text) => text !== "");
    if (tags.length === 0) return setFault("Enter a tag first");
    if (await act("/api/tags", { runs, add: add ? tags : [], remove: add ? [] : tags })) setTag("");
  };
  const remove = async () => {
    if (!sure) return setSure(true);
    setSure(false);
    if (await act("/api/remove", { runs })) clear();
  };
  const query = new URLSearchParams(runs.map((id) => ["run", id])).toString();
  const comparable = runs.length >= 2 && runs.length <= MOST_COMPARED;
  return (
    <div class="selection card" role="region" aria-label="Selected runs">
      <strong role="status">{`${runs.length} selected`}</strong>
      {comparable
        ? <a class="button" href={`/compare?${query}`}>Compare</a>
        : <span class="muted">{`Select 2 to ${MOST_COMPARED} runs to compare them`}</span>}
      {mayEdit && (
        <>
          <input
            type="text"
            aria-label="Tag"
            placeholder="tag"
            maxlength={64}
            value={tag}
            onInput={(event: InputEvent) => setTag((event.target as HTMLInputElement).value)}
            onKeyDown={(event: KeyboardEvent) => event.key === "Enter" && label(true)}
          />
          <button type="button" class="button quiet" onClick={() => label(true)}>Add tag</button>
          <button type="button" class="button quiet" onClick={() => label(false)}>Remove tag</button>
          <button type="button" class={sure ? "button quiet sure" : "button quiet"} onClick={remove}>
            {sure ? `Remove ${runs.length} ${runs.length === 1 ? "run" : "runs"}?` : "Remove"}
          </button>
        </>
      )}
      <button type="button" class="button quiet" onClick={clear}>Clear</button>
      {fault !== "" && <p class="field-error" role="alert">{fault}</p>}
    </div>
  );
}

/** Offers to undo the last removal, for as long as there is one. */
export function Undo({ round, changed }: { readonly round: number; changed(): Promise<void> }) {
  const [last, setLast] = useState<TrashResponse["last"]>(null);
  const [fault, setFault] = useState("");
  useEffect(() => {
    getJson<TrashResponse>("/api/trash").then((answer) => setLast(answer.last), () => {});
  }, [round]);
  if (last === null) return null;
  const undo = () => change("/api/undo").then(changed, (error) => setFault(error.message));
  const [first, ...others] = last.runs;
  return (
    <p class="notice undo" role="status">
      {`Removed ${when(last.time)}: `}
      <code>{first}</code>
      {others.length === 0 ? ". " : ` and ${others.length} more. `}
      <button type="button" class="button quiet" onClick={undo}>Undo</button> <a href="/trash">Trash</a>
      {fault === "" ? "" : ` ${fault}`}
    </p>
  );
}
