// What people say about a run: its name, tags and notes, which can be changed if the server has permission.
import type { LabelRequest, LabelsResponse } from "../../schemas.ts";
import { h } from "../common/dom.ts";
import { when } from "../common/format.ts";
import { change } from "../common/session.ts";

/** Labels on the page. */
export interface LabelsElement {
  readonly element: HTMLElement;
  /** Shows labels; with `edit` they can be changed. */
  show(labels: LabelsResponse, edit: boolean): void;
}

/** Labels of the run at this URL; `onChange` is called after a change. */
export function createLabels(address: string, onChange: (labels: LabelsResponse) => void): LabelsElement {
  const element = h("section", { class: "labels", "aria-label": "Tags and notes", hidden: true });
  const fault = h("p", { class: "field-error", role: "alert", hidden: true });

  const send = async (label: LabelRequest, again?: HTMLInputElement) => {
    try {
      const labels = await change<LabelsResponse>(`${address}/labels`, label);
      fault.hidden = true;
      show(labels, true);
      onChange(labels);
    } catch (error) {
      fault.textContent = (error as Error).message;
      fault.hidden = false;
      again?.focus();
    }
  };

  const field = (name: string, hint: string, value: string, body: (text: string) => LabelRequest) => {
    const input = h("input", {
      type: "text",
      "aria-label": name,
      placeholder: hint,
      autocomplete: "off",
      maxlength: 10_000,
    });
    input.value = value;
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      send(body(input.value.trim()), input);
    });
    return input;
  };

  const tagElement = (tag: string, edit: boolean) => {
    const remove = edit &&
      h("button", { type: "button", title: `Remove the tag ${tag}`, "aria-label": `Remove ${tag}` }, "×");
    if (remove) remove.addEventListener("click", () => send({ kind: "tags", add: [], remove: [tag] }));
    return h("li", { class: "tag" }, tag, remove);
  };

  const show = ({ name, tags, notes }: LabelsResponse, edit: boolean) => {
    element.hidden = !edit && tags.length === 0 && notes.length === 0;
    const tagList = h("ul", { class: "tags" }, tags.map((tag) => tagElement(tag, edit)));
    const noteItem = ({ time, text }: LabelsResponse["notes"][number]) =>
      h("li", {}, h("small", { class: "muted" }, `${when(time)} `), text);
    const noteList = h("ul", { class: "notes" }, notes.map(noteItem));
    const fields = edit && h(
      "details",
      { class: "edit" },
      h("summary", {}, "Name, tags, notes"),
      h(
        "div",
        { class: "field" },
        field("Name", "name of the run", name ?? "", (text) => ({ kind: "name", name: text === "" ? null : text })),
        field("New tags", "tags, Enter adds them", "", (text) => ({
          kind: "tags",
          add: text.split(/[\s,]+/).filter((tag) => tag !== ""),
          remove: [],
        })),
        field("New note", "a note, Enter adds it", "", (text) => ({ kind: "note", text })),
      ),
      fault,
    );
    if (fields) (fields as HTMLDetailsElement).open = element.querySelector("details")?.open ?? false;
    element.replaceChildren(
      ...[tags.length > 0 && tagList, notes.length > 0 && noteList, fields].filter((child) => child !== false),
    );
  };
  return { element, show };
}
