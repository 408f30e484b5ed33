// What a task's settings say of a document: fields, or templates of them.
import { UserError } from "../errors.ts";
import { JinjaLimitError } from "../jinja/mod.ts";
import type { Formatting, TaskConfig } from "./config.ts";
import type { TaskDocument } from "./documents.ts";
import { LiteralError, pythonLiteral } from "./python-literal.ts";
import { pythonText } from "./python-values.ts";
import { parseTemplate, type Renderer } from "./template.ts";

/** Reads what a task says of a document: fields, or templates of them. */
export function documentReader({ formatting: own, description, file, name }: TaskConfig, columns: ReadonlySet<string>) {
  const renderers = new Map<string, Renderer>();

  /** The field of this name, or else the text of this template. */
  function value(
    document: TaskDocument,
    key: string,
    template: string,
    place: string,
    isColumn = columns.has(template),
  ): unknown {
    if (isColumn) {
      if (Object.hasOwn(document.fields, template)) return document.fields[template];
      throw new UserError(
        "harness.field",
        `${document.place} has no field "${template}", which ${key} of ${name} names`,
        `it has ${Object.keys(document.fields).join(", ") || "none"}`,
      );
    }
    let render = renderers.get(template);
    if (render === undefined) renderers.set(template, render = parseTemplate(template, `${place}: ${key}`));
    try {
      return render(document.fields);
    } catch (error) {
      if (error instanceof JinjaLimitError) {
        throw new UserError(
          "harness.template",
          `${place}: the template of ${key} ${error.message} on ${document.place}`,
          "shorten its loops and texts",
        );
      }
      throw new UserError(
        "harness.field",
        `${document.place}: ${key} (${place}) cannot be rendered: ${(error as Error).message}`,
        `the document's fields are ${Object.keys(document.fields).join(", ") || "none"}; columns of dates are left out`,
      );
    }
  }

  function literal(document: TaskDocument, key: string, text: string): unknown {
    try {
      return pythonLiteral(text);
    } catch (error) {
      if (!(error instanceof LiteralError)) throw error;
      throw new UserError(
        "harness.field",
        `${document.place}: ${key} gives ${
          JSON.stringify(text)
        }, which is not a list as Python writes it: ${error.message}`,
        `name a field that is a list, or write the list: ["yes", "no"]`,
      );
    }
  }

  /** A text of digits is the number of a choice, if there are choices. */
  const numbered = (text: string) => own.choices !== undefined && /^(?:0+|[1-9]\d*)$/.test(text);

  return {
    text(document: TaskDocument, { text, place }: Formatting): unknown {
      if (text === undefined) {
        throw new UserError(
          "harness.value",
          `${file.path}: doc_to_text is missing`,
          'write doc_to_text: "" for no prompt',
        );
      }
      if (typeof text === "number") return text;
      const found = value(document, "doc_to_text", text, place("doc_to_text"));
      if (columns.has(text)) return typeof found === "boolean" ? Number(found) : found;
      return numbered(found as string) ? Number(found) : found;
    },
    target(document: TaskDocument, { target, place }: Formatting): unknown {
      if (typeof target !== "string") return target;
      const found = value(document, "doc_to_target", target, place("doc_to_target"));
      if (columns.has(target)) return found;
      const text = found as string;
      if (numbered(text)) return Number(text);
      if (text.length < 2 || !text.startsWith("[") || !text.endsWith("]")) return text;
      try {
        return pythonLiteral(text);
      } catch {
        return text;
      }
    },
    choices(document: TaskDocument, { choices, place }: Formatting): string[] {
      let found: unknown = choices;
      if (typeof choices === "string") {
        found = value(document, "doc_to_choice", choices, place("doc_to_choice"));
        if (!columns.has(choices)) found = literal(document, "doc_to_choice", found as string);
      }
      if (Array.isArray(found) && found.length > 0 && found.every((one) => typeof one === "string")) {
        const wrong = wrongChoices(found);
        if (wrong === undefined) return found;
        throw new UserError("harness.field", `${document.place}: doc_to_choice gives ${pythonText(found)}, ${wrong}`);
      }
      throw new UserError(
        "harness.field",
        `${document.place}: doc_to_choice gives ${pythonText(found)}, which is not a list of texts`,
      );
    },
    prefix: (document: TaskDocument, { genPrefix, place }: Formatting): string | undefined =>
      genPrefix === undefined ? undefined : String(value(document, "gen_prefix", genPrefix, place("gen_prefix"))),
    description: (document: TaskDocument): string =>
      description === "" ? "" : String(
        value(
          document,
          "description",
          description,
          file.place("description"),
          Object.hasOwn(document.fields, description),
        ),
      ),
  };
}

/** What is wrong with choices as a question; undefined if nothing is. */
function wrongChoices(choices: readonly string[]): string | undefined {
  const empty = choices.indexOf("");
  if (empty >= 0) return `of which choice ${empty} is empty`;
  return choices.length > 1 && choices.every((choice) => choice === choices[0]) ? "which are all the same" : undefined;
}
