// How math problems are put into words: one line each, with the answer at the end.

/** Languages of the math domain, which is mostly English. */
export const MATH_LANGUAGES = ["en", "de", "fr", "es", "it", "ru"] as const;

export type MathLanguage = typeof MATH_LANGUAGES[number];

/**
 * Kinds of problems. Letters in templates: for `add` to `divide`, `{a}` and `{b}` give `{c}`; for `larger` and
 * `smaller`, `{c}` is one of `{a}` and `{b}`; `shift` is x + a = c with x = b; `scale` is ax = c with x = b; `linear` is
 * ax + d = e with ax = c and x = b; for the units, `{c}` is `{a}` in the smaller unit.
 */
export type MathKind =
  | "add"
  | "subtract"
  | "multiply"
  | "divide"
  | "larger"
  | "smaller"
  | "shift"
  | "scale"
  | "linear"
  | "minutes"
  | "centimetres"
  | "grams";

/** The two parts of a problem's line. Numbers in word problems are at least 2, so that plurals are correct. */
export interface MathTemplate {
  readonly prompt: string;
  /** With its leading space. */
  readonly answer: string;
}

const template = (prompt: string, answer: string): MathTemplate => ({ prompt, answer });

/** Written in symbols, the same in every language. */
const SIGNS: Readonly<Partial<Record<MathKind, readonly MathTemplate[]>>> = {
  add: [template("{a} + {b} =", " {c}")],
  subtract: [template("{a} - {b} =", " {c}")],
  multiply: [template("{a} * {b} =", " {c}")],
  divide: [template("{a} / {b} =", " {c}")],
  shift: [template("x + {a} = {c}; x =", " {b}")],
  scale: [template("{a}x = {c}; x =", " {b}")],
  linear: [template("{a}x + {d} = {e};", " {a}x = {c}; x = {b}")],
};

const SUM = " {a} + {b} = {c}";
const DIFFERENCE = " {a} - {b} = {c}";
const PRODUCT = " {a} * {b} = {c}";
const QUOTIENT = " {a} / {b} = {c}";

const WORDS: Readonly<Record<MathLanguage, Readonly<Record<MathKind, readonly MathTemplate[]>>>> = {
  en: {
    add: [
      template("What is {a} plus {b}?", " {c}"),
      template("{name} has {a} {things} and gets {b} more. How many {things} does {name} have now?", SUM),
      template("There are {a} {things} on the table and {b} in the box. How many {things} are there?", SUM),
    ],
    subtract: [
      template("What is {a} minus {b}?", " {c}"),
      template("{name} has {a} {things} and gives away {b}. How many {things} are left?", DIFFERENCE),
    ],
    multiply: [
      template("What is {a} times {b}?", " {c}"),
      template("There are {a} boxes with {b} {things} in each. How many {things} are there?", PRODUCT),
    ],
    divide: [
      template("What is {a} divided by {b}?", " {c}"),
      template("{name} shares {a} {things} among {b} friends. How many {things} does each friend get?", QUOTIENT),
    ],
    larger: [template("Which is larger, {a} or {b}?", " {c}")],
    smaller: [template("Which is smaller, {a} or {b}?", " {c}")],
    shift: [template("Solve x + {a} = {c}.", " x = {c} - {a} = {b}")],
    scale: [template("Solve {a}x = {c}.", " x = {c} / {a} = {b}")],
    linear: [template("Solve {a}x + {d} = {e}.", " {a}x = {c}, so x = {b}")],
    minutes: [template("How many minutes are {a} hours?", " {c} minutes")],
    centimetres: [template("How many centimetres are {a} metres?", " {c} centimetres")],
    grams: [template("How many grams are {a} kilograms?", " {c} grams")],
  },
  de: {
    add: [
      template("Was ist {a} plus {b}?", " {c}"),
      template("{name} hat {a} {things} und bekommt {b} dazu. Wie viele {things} sind es jetzt?", SUM),
    ],
    subtract: [
      template("Was ist {a} minus {b}?", " {c}"),
      template("{name} hat {a} {things} und gibt {b} weg. Wie viele {things} bleiben?", DIFFERENCE),
    ],
    multiply: [
      template("Was ist {a} mal {b}?", " {c}"),
      template("In {a} Kisten liegen je {b} {things}. Wie viele {things} sind es?", PRODUCT),
    ],
    divide: [
      template("Was ist {a} geteilt durch {b}?", " {c}"),
      template("{name} verteilt {a} {things} auf {b} Kinder. Wie viele {things} bekommt jedes Kind?", QUOTIENT),
    ],
    larger: [template("Was ist größer, {a} oder {b}?", " {c}")],
    smaller: [template("Was ist kleiner, {a} oder {b}?", " {c}")],
    shift: [template("Löse x + {a} = {c}.", " x = {c} - {a} = {b}")],
    scale: [template("Löse {a}x = {c}.", " x = {c} / {a} = {b}")],
    linear: [template("Löse {a}x + {d} = {e}.", " {a}x = {c}, also x = {b}")],
    minutes: [template("Wie viele Minuten sind {a} Stunden?", " {c} Minuten")],
    centimetres: [template("Wie viele Zentimeter sind {a} Meter?", " {c} Zentimeter")],
    grams: [template("Wie viele Gramm sind {a} Kilogramm?", " {c} Gramm")],
  },
  fr: {
    add: [
      template("Combien font {a} plus {b} ?", " {c}"),
      template("{name} a {a} {things} et en reçoit {b} de plus. Combien de {things} en tout ?", SUM),
    ],
    subtract: [
      template("Combien font {a} moins {b} ?", " {c}"),
      template("{name} a {a} {things} et en donne {b}. Combien de {things} reste-t-il ?", DIFFERENCE),
    ],
    multiply: [
      template("Combien font {a} fois {b} ?", " {c}"),
      template("Il y a {a} boîtes avec {b} {things} chacune. Combien de {things} en tout ?", PRODUCT),
    ],
    divide: [
      template("Combien font {a} divisé par {b} ?", " {c}"),
      template("{name} partage {a} {things} entre {b} enfants. Combien de {things} par enfant ?", QUOTIENT),
    ],
    larger: [template("Lequel est le plus grand, {a} ou {b} ?", " {c}")],
    smaller: [template("Lequel est le plus petit, {a} ou {b} ?", " {c}")],
    shift: [template("Résoudre x + {a} = {c}.", " x = {c} - {a} = {b}")],
    scale: [template("Résoudre {a}x = {c}.", " x = {c} / {a} = {b}")],
    linear: [template("Résoudre {a}x + {d} = {e}.", " {a}x = {c}, donc x = {b}")],
    minutes: [template("Combien de minutes font {a} heures ?", " {c} minutes")],
    centimetres: [template("Combien de centimètres font {a} mètres ?", " {c} centimètres")],
    grams: [template("Combien de grammes font {a} kilogrammes ?", " {c} grammes")],
  },
  es: {
    add: [
      template("¿Cuánto es {a} más {b}?", " {c}"),
      template("{name} tiene {a} {things} y recibe {b} más. ¿Qué cantidad de {things} hay ahora?", SUM),
    ],
    subtract: [
      template("¿Cuánto es {a} menos {b}?", " {c}"),
      template("{name} tiene {a} {things} y regala {b}. ¿Qué cantidad de {things} queda?", DIFFERENCE),
    ],
    multiply: [
      template("¿Cuánto es {a} por {b}?", " {c}"),
      template("Hay {a} cajas con {b} {things} en cada una. ¿Qué cantidad de {things} hay?", PRODUCT),
    ],
    divide: [
      template("¿Cuánto es {a} entre {b}?", " {c}"),
      template("{name} reparte {a} {things} entre {b} amigos. ¿Qué cantidad de {things} recibe cada uno?", QUOTIENT),
    ],
    larger: [template("¿Cuál es mayor, {a} o {b}?", " {c}")],
    smaller: [template("¿Cuál es menor, {a} o {b}?", " {c}")],
    shift: [template("Resuelve x + {a} = {c}.", " x = {c} - {a} = {b}")],
    scale: [template("Resuelve {a}x = {c}.", " x = {c} / {a} = {b}")],
    linear: [template("Resuelve {a}x + {d} = {e}.", " {a}x = {c}, luego x = {b}")],
    minutes: [template("¿Cuántos minutos son {a} horas?", " {c} minutos")],
    centimetres: [template("¿Cuántos centímetros son {a} metros?", " {c} centímetros")],
    grams: [template("¿Cuántos gramos son {a} kilogramos?", " {c} gramos")],
  },
  it: {
    add: [
      template("Quanto fa {a} più {b}?", " {c}"),
      template("{name} ha {a} {things} e ne riceve altre {b}. Quante {things} ha adesso?", SUM),
    ],
    subtract: [
      template("Quanto fa {a} meno {b}?", " {c}"),
      template("{name} ha {a} {things} e ne regala {b}. Quante {things} restano?", DIFFERENCE),
    ],
    multiply: [
      template("Quanto fa {a} per {b}?", " {c}"),
      template("Ci sono {a} scatole con {b} {things} ciascuna. Quante {things} ci sono?", PRODUCT),
    ],
    divide: [
      template("Quanto fa {a} diviso {b}?", " {c}"),
      template("{name} divide {a} {things} fra {b} amici. Quante {things} riceve ciascuno?", QUOTIENT),
    ],
    larger: [template("Qual è il maggiore, {a} o {b}?", " {c}")],
    smaller: [template("Qual è il minore, {a} o {b}?", " {c}")],
    shift: [template("Risolvi x + {a} = {c}.", " x = {c} - {a} = {b}")],
    scale: [template("Risolvi {a}x = {c}.", " x = {c} / {a} = {b}")],
    linear: [template("Risolvi {a}x + {d} = {e}.", " {a}x = {c}, quindi x = {b}")],
    minutes: [template("Quanti minuti sono {a} ore?", " {c} minuti")],
    centimetres: [template("Quanti centimetri sono {a} metri?", " {c} centimetri")],
    grams: [template("Quanti grammi sono {a} chilogrammi?", " {c} grammi")],
  },
  // The noun comes before its number, with a colon: then one plural form is correct for every number.
  ru: {
    add: [
      template("Сколько будет {a} плюс {b}?", " {c}"),
      template("На столе {things}: {a}. Принесли ещё {b}. Сколько стало {things}?", SUM),
    ],
    subtract: [
      template("Сколько будет {a} минус {b}?", " {c}"),
      template("На столе {things}: {a}. Унесли {b}. Сколько осталось {things}?", DIFFERENCE),
    ],
    multiply: [
      template("Сколько будет {a} умножить на {b}?", " {c}"),
      template("Всего коробок: {a}. В каждой {things}: {b}. Сколько всего {things}?", PRODUCT),
    ],
    divide: [
      template("Сколько будет {a} разделить на {b}?", " {c}"),
      template("На столе {things}: {a}. Детей: {b}. Сколько {things} получит каждый?", QUOTIENT),
    ],
    larger: [template("Что больше, {a} или {b}?", " {c}")],
    smaller: [template("Что меньше, {a} или {b}?", " {c}")],
    shift: [template("Реши x + {a} = {c}.", " x = {c} - {a} = {b}")],
    scale: [template("Реши {a}x = {c}.", " x = {c} / {a} = {b}")],
    linear: [template("Реши {a}x + {d} = {e}.", " {a}x = {c}, значит x = {b}")],
    minutes: [template("Сколько минут в часах: {a}?", " {c} мин")],
    centimetres: [template("Сколько сантиметров в метрах: {a}?", " {c} см")],
    grams: [template("Сколько граммов в килограммах: {a}?", " {c} г")],
  },
};

/** Values of `{name}` and `{things}`. The Italian nouns are feminine, to agree with `Quante` and `altre`. */
export const MATH_NAMES = ["Anna", "Tom", "Maria", "Leo", "Nina", "Max", "Clara", "Paul"] as const;

export const MATH_THINGS: Readonly<Record<MathLanguage, readonly string[]>> = {
  en: ["apples", "books", "coins", "pens", "stones", "eggs", "cards", "plates"],
  de: ["Äpfel", "Bücher", "Münzen", "Stifte", "Steine", "Eier", "Karten", "Teller"],
  fr: ["pommes", "livres", "pièces", "stylos", "pierres", "balles", "cartes", "tasses"],
  es: ["manzanas", "libros", "monedas", "lápices", "piedras", "huevos", "cartas", "platos"],
  it: ["mele", "penne", "monete", "pietre", "carte", "tazze", "palle", "rose"],
  ru: ["яблок", "книг", "монет", "ручек", "камней", "яиц", "карт", "тарелок"],
};

/** All wordings of a kind of problem in a language, in symbols and in words. */
export function mathTemplates(kind: MathKind, language: MathLanguage): readonly MathTemplate[] {
  return [...(SIGNS[kind] ?? []), ...WORDS[language][kind]];
}
