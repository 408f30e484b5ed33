// What a person reads who is handed a job.
import { type RunView, shellLine } from "../../run/mod.ts";
import type { TrainConfig } from "../../train/mod.ts";

/** What the text is about. */
export interface JobFacts {
  readonly run: Pick<RunView, "id" | "command">;
  readonly domain: string;
  /** The folder of the job, as the person who exported it named it. */
  readonly out: string;
  readonly train: TrainConfig;
  /** Tokens per row. */
  readonly time: number;
  readonly remarks: readonly string[];
}

/**
 * The command that repeats a run with an expert that was trained elsewhere. It leaves out settings of the tokenizer, which
 * is then the expert's.
 */
export function commandWith({ command }: Pick<RunView, "command">, domain: string, expert: string): string {
  const ofTokenizer = (i: number) =>
    /^--set=tokenizer\./.test(command[i]!) || (command[i] === "--set" && /^tokenizer\./.test(command[i + 1] ?? ""));
  const kept = command.filter((_word, i) => !ofTokenizer(i) && !(command[i - 1] === "--set" && ofTokenizer(i - 1)));
  return shellLine([...kept, "--set", `pretrained.${domain}=${expert}`]);
}

/** `README.md` of a job. */
export function jobReadme({ run, domain, out, train, time, remarks }: JobFacts): string {
  const count = (value: number) => value.toLocaleString("en-US");
  const { steps, batch } = train;
  return `# Job: expert:${domain} of ${run.id}

This folder trains the ${domain} expert of a Stitchbook run with PyTorch. It needs nothing else of the run, and no network.

- ${count(steps)} steps of ${count(batch)} rows of ${count(time)} tokens
- ${count(steps * batch * time)} tokens in all

\`\`\`sh
pip install -r requirements.txt
python train.py                          # on a GPU if there is one
python train.py --bf16 --micro-batch 8   # faster, in less memory, less exact
\`\`\`

Every 10 minutes, and when it gets TERM, INT or USR1, the script leaves \`checkpoint.pt\`; started again, it goes on from
there. It ends with the code 75 then, so that Slurm can start it again when its time is up:

\`\`\`sh
sbatch --gres=gpu:1 --open-mode=append --signal=USR1@90 \\
  --wrap 'srun python train.py || { [ $? = 75 ] && scontrol requeue $SLURM_JOB_ID; }'
\`\`\`

Each step is a line of \`log.jsonl\`. At the end the expert is in \`expert/\`, a Hugging Face folder. Copy it back and run:

\`\`\`sh
${commandWith(run, domain, `${out}/expert`)}
\`\`\`

## Files

- \`seed/\`: the model that training starts from.
- \`train.tokens.*\`: the rows in the order of training, packed and drawn as the run draws them; one token more than the
  context length each, as unsigned little-endian integers of 16 or 32 bits.
- \`train.flags.u8\`: a byte for each token but a row's last. Bit 0: a new document begins here, to which attention is
  limited. Bit 1: the next token is trained on.
- \`validation.*\`: the same for the validation batches, whose weights are in \`settings.json\`.
- \`settings.json\`: AdamW (weight decay for matrices only), the schedule of the learning rate, clipping by the global norm.
- \`train.py\`: the script. In float32 its losses differ from the run's by rounding only.
${remarks.map((remark) => `\n${remark}\n`).join("")}`;
}
