// What an evaluated model must be able to do, whatever it is made of.
export type { DecodingState, LanguageModel } from "../model/mod.ts";
