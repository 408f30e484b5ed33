// Measures of a classifier from pairs of the right class and the chosen one, as scikit-learn defines them.

/** The right class and the chosen one. */
export type Classified = readonly [right: number, chosen: number];

/** The harmonic mean of precision and recall of class 1; 0 if it never occurs. */
export function f1Score(pairs: readonly Classified[]): number {
  let [both, either] = [0, 0];
  for (const [right, chosen] of pairs) {
    if (right === 1 && chosen === 1) both++;
    if (right === 1) either++;
    if (chosen === 1) either++;
  }
  return either === 0 ? 0 : 2 * both / either;
}

/** Matthews' correlation coefficient, of any number of classes (Gorodkin 2004); 0 if there is only one of either kind. */
export function matthewsCorrelation(pairs: readonly Classified[]): number {
  const count = pairs.length;
  let classes = 0;
  for (const [right, chosen] of pairs) classes = Math.max(classes, right + 1, chosen + 1);
  const [rights, chosens] = [new Float64Array(classes), new Float64Array(classes)];
  let agreed = 0;
  for (const [right, chosen] of pairs) {
    rights[right]!++;
    chosens[chosen]!++;
    if (right === chosen) agreed++;
  }
  const product = (a: Float64Array, b: Float64Array) => a.reduce((sum, one, i) => sum + one * b[i]!, 0);
  const spread = (count ** 2 - product(chosens, chosens)) * (count ** 2 - product(rights, rights));
  return spread === 0 ? 0 : (agreed * count - product(rights, chosens)) / Math.sqrt(spread);
}
