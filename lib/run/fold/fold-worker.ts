// The thread that folds the log of a run beside its training.
import { answerOne } from "../../in-worker.ts";
import { foldLog } from "./kept-fold.ts";

answerOne((folder: string) => foldLog(folder));
