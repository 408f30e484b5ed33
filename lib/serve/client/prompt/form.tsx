// The form: what is asked, of which models, and how tokens are drawn.
import { useRef } from "hono/jsx";
import { expertDomain, methodLabel } from "../../../methods.ts";
import type { Question } from "./ask.ts";
import { contextSwitch } from "./examples.ts";
import type { ServedModel } from "./models.ts";

/** What the form asks for. */
export interface Asked {
  readonly question: Question;
  readonly models: readonly ServedModel[];
  /** The name of the expert that is switched off in models that can do without it, beside the whole models. */
  readonly without: string | null;
}

interface FormProps {
  readonly models: readonly ServedModel[];
  readonly busy: boolean;
  readonly onAsk: (asked: Asked) => void;
  readonly onStop: () => void;
}

/** The longest answer where no model says how long its context is. */
const LONGEST = 100_000;
/** Models that are asked unless others are chosen. */
const FIRST = ["seed", "bts"];

export function PromptForm({ models, busy, onAsk, onStop }: FormProps) {
  const form = useRef<HTMLFormElement>(null);
  const experts = models.flatMap(({ name }) => expertDomain(name) ?? []);
  const longest = longestAnswer(models);
  const example = contextSwitch(experts, longest);
  const submit = (event: Event) => {
    event.preventDefault();
    const asked = readForm(form.current!, models);
    if (asked !== undefined) onAsk(asked);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.current!.requestSubmit();
  };
  const fill = () => {
    const { elements } = form.current!;
    const box = elements.namedItem("prompt") as HTMLTextAreaElement;
    box.value = example!.text;
    (elements.namedItem("maxTokens") as HTMLInputElement).value = String(example!.length);
    box.focus();
  };
  return (
    <form ref={form} onSubmit={submit}>
      <label class="wide">
        <span class="visually-hidden">Prompt</span>
        <textarea name="prompt" rows={3} required placeholder="Once upon a time" onKeyDown={keys}></textarea>
      </label>
      <fieldset class="models">
        <legend>Models</legend>
        {models.map(({ name }) => (
          <label key={name}>
            <input type="checkbox" name="model" value={name} checked={FIRST.includes(name)} />
            {methodLabel(name)}
          </label>
        ))}
      </fieldset>
      <div class="field">
        <label>
          Temperature <input type="number" name="temperature" min="0" max="2" step="0.1" value="0" />
        </label>
        <label>
          Length <input type="number" name="maxTokens" min="1" max={longest} step="1" value={Math.min(64, longest)} />
        </label>
        <label>
          Random seed <input type="number" name="seed" step="1" value="0" />
        </label>
        {experts.length > 0 && models.some(({ switchable }) => switchable) && (
          <label>
            Also without{" "}
            <select name="without">
              <option value="">–</option>
              {experts.map((domain) => <option key={domain} value={`expert:${domain}`}>{`${domain} expert`}</option>)}
            </select>
          </label>
        )}
        <label>
          <input type="checkbox" name="chat" value="yes" /> As a chat message
        </label>
      </div>
      <p class="row">
        {busy
          ? <button type="button" class="button" onClick={onStop}>Stop</button>
          : <button type="submit" class="button">Ask</button>}
        {example !== undefined && (
          <button type="button" class="button quiet" onClick={fill}>A text that changes its domain</button>
        )}
        <small class="muted">Press Ctrl+Enter to ask</small>
      </p>
    </form>
  );
}

/** Tokens that every model's context has room for, behind the one that opens the text and one of a prompt. */
function longestAnswer(models: readonly ServedModel[]): number {
  return Math.max(1, Math.min(...models.map(({ contextLength = LONGEST }) => contextLength)) - 2);
}

/** What the form says; undefined after telling the reader what is missing. */
function readForm(form: HTMLFormElement, models: readonly ServedModel[]): Asked | undefined {
  const data = new FormData(form);
  const chosen = data.getAll("model");
  const boxes = form.querySelectorAll<HTMLInputElement>('input[name="model"]');
  boxes[0]?.setCustomValidity(chosen.length === 0 ? "Choose at least one model" : "");
  if (!form.reportValidity()) return undefined;
  const number = (name: string) => Number(data.get(name));
  return {
    question: {
      prompt: String(data.get("prompt")),
      chat: data.get("chat") !== null,
      temperature: number("temperature"),
      maxTokens: number("maxTokens"),
      seed: number("seed"),
    },
    models: models.filter(({ name }) => chosen.includes(name)),
    without: String(data.get("without") ?? "") || null,
  };
}
