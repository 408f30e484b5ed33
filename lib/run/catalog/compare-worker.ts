// The thread in which results are compared for pages.
import { answerOne } from "../../in-worker.ts";
import { compareResults, type ScoredColumn } from "./compare-results.ts";

answerOne((columns: readonly ScoredColumn[]) => compareResults(columns));
