// Generated problems: one step (easy), two or three steps in words (medium), and more steps or larger numbers (hard).
import { mathProblems } from "../data/mod.ts";
import { type Random, random } from "../random.ts";
import { lineAnswer } from "./exact.ts";
import type { MathProblem } from "./problem.ts";

/** Levels of generated problems. Files may have others. */
export const LEVELS = ["easy", "medium", "hard"] as const;

/** A question and its answer, a whole number. */
type Drawn = readonly [question: string, answer: number];

const NAMES = ["Anna", "Tom", "Maria", "Leo", "Nina", "Max"] as const;
const THINGS = ["apples", "books", "coins", "pens", "stones", "cards"] as const;

const MEDIUM: readonly ((draw: Random) => Drawn)[] = [
  (draw) => {
    const [boxes, each, gone] = [draw.between(3, 12), draw.between(4, 15), draw.between(2, 11)];
    const things = draw.pick(THINGS);
    return [
      `${draw.pick(NAMES)} has ${boxes} boxes with ${each} ${things} each and gives away ${gone} ${things}. ` +
      `How many ${things} are left?`,
      boxes * each - gone,
    ];
  },
  (draw) => {
    const [price, count, change] = [draw.between(2, 9), draw.between(3, 9), draw.between(1, 20)];
    const paid = price * count + change;
    return [
      `${draw.pick(NAMES)} buys ${count} ${
        draw.pick(THINGS)
      } for ${price} dollars each and pays with ${paid} dollars. ` +
      "How many dollars of change are due?",
      change,
    ];
  },
  (draw) => {
    const [first, more, friends] = [draw.between(5, 40), draw.between(2, 9), draw.between(2, 6)];
    const extra = (friends - ((first + more * friends) % friends)) % friends;
    const [had, got] = [first + extra, more * friends];
    const things = draw.pick(THINGS);
    return [
      `${draw.pick(NAMES)} has ${had} ${things}, gets ${got} more, and shares all of them equally among ${friends} ` +
      `friends. How many ${things} does each friend get?`,
      (had + got) / friends,
    ];
  },
  (draw) => {
    const [a, b, c] = [draw.between(11, 60), draw.between(2, 9), draw.between(3, 12)];
    return [`What is ${a} + ${b} * ${c}?`, a + b * c];
  },
  (draw) => {
    const [speed, hours, done] = [draw.between(30, 90), draw.between(2, 6), draw.between(10, 50)];
    return [
      `A train has gone ${done} kilometers. It then goes ${speed} kilometers per hour for ${hours} hours. ` +
      "How many kilometers has it gone in all?",
      done + speed * hours,
    ];
  },
];

const HARD: readonly ((draw: Random) => Drawn)[] = [
  (draw) => {
    const [base, power, modulus] = [draw.between(2, 9), draw.between(5, 20), draw.between(7, 23)];
    const rest = Number(BigInt(base) ** BigInt(power) % BigInt(modulus));
    return [`What is the remainder when ${base}^${power} is divided by ${modulus}?`, rest];
  },
  (draw) => {
    const number = draw.pick([2, 3, 4, 6]) * draw.pick([6, 10, 14, 15]) * draw.between(2, 9);
    const divisors = Array.from({ length: number }, (_, i) => i + 1).filter((one) => number % one === 0);
    return [`How many positive divisors does ${number} have?`, divisors.length];
  },
  (draw) => {
    const [step, low] = [draw.between(3, 9), draw.between(10, 40)];
    const high = low + draw.between(30, 60);
    const all = Array.from({ length: high - low + 1 }, (_, i) => low + i).filter((one) => one % step === 0);
    return [
      `What is the sum of all whole numbers from ${low} to ${high} that are divisible by ${step}?`,
      all.reduce((sum, one) => sum + one, 0),
    ];
  },
  (draw) => {
    const [x, y] = [draw.between(3, 25), draw.between(2, 20)];
    const [a, b] = [draw.between(2, 5), draw.between(2, 5)];
    return [`If ${a}x + y = ${a * x + y} and x + ${b}y = ${x + b * y}, what is x * y?`, x * y];
  },
  (draw) => {
    const [people, chosen] = [draw.between(6, 10), draw.between(2, 4)];
    let ways = 1;
    for (let i = 0; i < chosen; i++) ways = ways * (people - i) / (i + 1);
    return [`In how many ways can a team of ${chosen} be chosen from ${people} people?`, ways];
  },
  (draw) => {
    const [a, b, c, d] = [draw.between(12, 49), draw.between(12, 49), draw.between(3, 9), draw.between(101, 400)];
    return [`What is (${a} * ${b} - ${d}) * ${c}?`, (a * b - d) * c];
  },
];

/**
 * Distinct problems of a level. The easy ones are held-out problems of the built-in domain math: with the seed of a run,
 * facts that its models were not trained on.
 */
export function generateProblems(level: typeof LEVELS[number], count: number, seed: number): MathProblem[] {
  const drawn = level === "easy" ? easy(count, seed) : drawAll(level === "medium" ? MEDIUM : HARD, level, count, seed);
  return drawn.map(([question, answer], i) => ({ id: `${level}-${i + 1}`, level, question, answer }));
}

function easy(count: number, seed: number): (readonly [string, string])[] {
  return mathProblems(count, seed).map(({ prompt, answer }) => [prompt, lineAnswer(answer)!]);
}

/** The kinds take turns. */
function drawAll(kinds: typeof MEDIUM, level: string, count: number, seed: number): (readonly [string, string])[] {
  const draw = random(seed, "refine", level);
  const problems = new Map<string, string>();
  for (let tries = 0; problems.size < count && tries < 50 * count; tries++) {
    const [question, answer] = kinds[problems.size % kinds.length]!(draw);
    problems.set(question, String(answer));
  }
  return [...problems];
}
