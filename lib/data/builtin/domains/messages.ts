// The part of the multilingual text that a compiler says.
import type { BuiltinDomain } from "../domain.ts";
import { heldoutTranslations, multilingual } from "../multilingual.ts";

export const messages: BuiltinDomain = {
  name: "messages",
  about: "the messages of multilingual",
  packages: ["typescript"],
  languages: ["multilingual"],
  task: { name: "translation", kind: "choice", limit: "translations" },
  async open({ seed, translations }) {
    const text = await multilingual(seed);
    return {
      documents: text.documents.filter(({ keys }) => keys?.some((key) => key.startsWith("message:"))),
      questions: (heldout) => heldoutTranslations(text, heldout, translations),
    };
  },
};
