// Multiple-choice questions: which of four candidates in the same language is the translation?
import type { Tokenizer, Translation } from "../data/mod.ts";
import { random } from "../random.ts";
import { type ChoiceItem, CHOICES, type TaskOptions } from "./task.ts";

/** Distractors are drawn from this many translations into the same language, those nearest in length. */
const NEIGHBORS = 12;

/**
 * Questions whose three distractors are translations of other messages into the same language, among those nearest in
 * length. Languages take turns. Questions that do not fit the context are left out.
 */
export function translationItems(
  translations: readonly Translation[],
  tokenizer: Tokenizer,
  { seed, items, time }: TaskOptions,
): ChoiceItem[] {
  const draw = random(seed, "task", "translation");
  const byLanguage = new Map<string, (Translation & { readonly bytes: number })[]>();
  for (const translation of translations) {
    const bytes = new TextEncoder().encode(translation.translation).length;
    const list = byLanguage.get(translation.language);
    if (list === undefined) byLanguage.set(translation.language, [{ ...translation, bytes }]);
    else list.push({ ...translation, bytes });
  }
  const queues = [...byLanguage.values()].map((list) => ({ list, queue: draw.shuffle(list) }));
  const result: ChoiceItem[] = [];
  while (result.length < items && queues.some(({ queue }) => queue.length > 0)) {
    for (const { list, queue } of queues) {
      const right = queue.pop();
      if (right === undefined || result.length >= items) continue;
      const others = new Map(list.map((other) => [other.translation, other] as const));
      others.delete(right.translation);
      const near = [...others.values()]
        .sort((a, b) => Math.abs(a.bytes - right.bytes) - Math.abs(b.bytes - right.bytes)).slice(0, NEIGHBORS);
      if (near.length < CHOICES - 1) continue;
      const candidates = draw.shuffle([right, ...draw.shuffle(near).slice(0, CHOICES - 1)]);
      const prompt = [tokenizer.endOfText, ...tokenizer.encode(right.prompt)];
      const choices = candidates.map(({ translation }) => ({ tokens: tokenizer.encode(translation) }));
      if (choices.some(({ tokens }) => tokens.length === 0 || prompt.length - 1 + tokens.length > time)) continue;
      result.push({ prompt, choices, right: candidates.indexOf(right) });
    }
  }
  return result;
}
