// What scikit-learn and SciPy make of the same terms and numbers: fixtures/clusters.json, by fixtures/make_clusters.py.
import expected from "./fixtures/clusters.json" with { type: "json" };

/** The fixture. */
export const fixture = expected;
