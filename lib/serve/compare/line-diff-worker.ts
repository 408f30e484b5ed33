// The thread in which texts are compared for pages.
import { answerOne } from "../../in-worker.ts";
import { lineDiff, type LineDiffOptions } from "./line-diff.ts";

answerOne(({ a, b, options }: { a: string; b: string; options: LineDiffOptions }) => lineDiff(a, b, options));
