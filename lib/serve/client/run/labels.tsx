// What people say about a run: its name, tags and notes, which can be changed if the server has permission.
import { useState } from "hono/jsx";
import type { LabelRequest, LabelsResponse } from "../../schemas.ts";
import { when } from "../common/format.ts";
import { change } from "../common/session.ts";

/** Labels of a run. */
export interface LabelsProps {
  readonly address: string;
  readonly labels: LabelsResponse;
  /** Whether they can be changed. */
  readonly edit: boolean;
  /** Called after a change. */
  readonly onChange: (labels: LabelsResponse) => void;
}

/** Tags, notes, and fields that change them. */
export function Labels({ address, labels, edit, onChange }: LabelsProps) {
  const { tags, notes } = labels;
  const [fault, setFault] = useState("");
  /** Whether it was changed. */
  const send = async (label: LabelRequest): Promise<boolean> => {
    try {
      onChange(await change<LabelsResponse>(`${address}/labels`, label));
      setFault("");
      return true;
    } catch (error) {
      setFault((error as Error).message);
      return false;
    }
  };
  if (!edit && tags.length === 0 && notes.length === 0) return null;
  return (
    <section class="labels" aria-label="Tags and notes">
      {tags.length > 0 && (
        <ul class="tags">
          {tags.map((tag) => (
            <li key={tag} class="tag">
              {tag}
              {edit && (
                <button
                  type="button"
                  title={`Remove the tag ${tag}`}
                  aria-label={`Remove ${tag}`}
                  onClick={() => send({ kind: "tags", add: [], remove: [tag] })}
                >
                  ×
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {notes.length > 0 && (
        <ul class="notes">
          {notes.map(({ time, text }, i) => (
            <li key={i}>
              <small class="muted">{`${when(time)} `}</small>
              {text}
            </li>
          ))}
        </ul>
      )}
      {edit && <Fields labels={labels} send={send} />}
      {fault !== "" && <p class="field-error" role="alert">{fault}</p>}
    </section>
  );
}

function Fields(
  { labels, send }: { readonly labels: LabelsResponse; readonly send: (label: LabelRequest) => Promise<boolean> },
) {
  return (
    <details class="edit">
      <summary>Name, tags, notes</summary>
      <div class="field">
        <Field
          name="Name"
          hint="name of the run"
          value={labels.name ?? ""}
          send={(text) => send({ kind: "name", name: text === "" ? null : text })}
        />
        <Field
          name="New tags"
          hint="tags, Enter adds them"
          send={(text) => send({ kind: "tags", add: text.split(/[\s,]+/).filter((tag) => tag !== ""), remove: [] })}
        />
        <Field name="New note" hint="a note, Enter adds it" send={(text) => send({ kind: "note", text })} />
      </div>
    </details>
  );
}

interface FieldProps {
  readonly name: string;
  readonly hint: string;
  /** What it shows; a field without it is emptied after it was sent. */
  readonly value?: string;
  readonly send: (text: string) => Promise<boolean>;
}

function Field({ name, hint, value, send }: FieldProps) {
  const enter = async (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.isComposing) return;
    const input = event.currentTarget as HTMLInputElement;
    if (await send(input.value.trim()) && value === undefined) input.value = "";
    input.focus();
  };
  return (
    <input
      type="text"
      aria-label={name}
      placeholder={hint}
      autocomplete="off"
      maxlength={10_000}
      {...(value === undefined ? {} : { value })}
      onKeyDown={enter}
    />
  );
}
