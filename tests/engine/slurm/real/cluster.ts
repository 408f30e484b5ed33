// A real Slurm of two nodes on this machine, from Debian's slurm-wlm, for CI: each node has one processor, and the second
// one what Slurm takes for a GPU.
import { join } from "node:path";

const CONFIG = (folder: string) =>
  `ClusterName=t
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=16817
SlurmUser=${Deno.uid() === 0 ? "root" : Deno.env.get("USER")}
AuthType=auth/none
CredType=cred/none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SlurmdParameters=config_overrides
SlurmdTimeout=8
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/%n
SlurmctldPidFile=${folder}/ctld.pid
SlurmdPidFile=${folder}/slurmd-%n.pid
SlurmctldLogFile=${folder}/log/ctld.log
SlurmdLogFile=${folder}/log/slurmd-%n.log
GresTypes=gpu
NodeName=DEFAULT CPUs=1 RealMemory=8000 State=UNKNOWN
NodeName=n1 NodeHostname=localhost NodeAddr=127.0.0.1 Port=17001
NodeName=n2 NodeHostname=localhost NodeAddr=127.0.0.1 Port=17002 Gres=gpu:1
PartitionName=p Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP
`;

/** How long a node may take to come up. */
const LONGEST_MS = 60_000;

export interface Cluster {
  /** What Slurm's commands need to find it. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs one of Slurm's commands. */
  call(name: string, ...args: string[]): Promise<string>;
  /** Kills a node's daemon; the processes of its jobs go on. */
  killNode(name: string): Promise<void>;
  /** @param hidden a folder that the node does not see, which needs the right to mount */
  startNode(name: string, hidden?: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a cluster whose files are in `folder`. */
export async function startCluster(folder: string): Promise<Cluster> {
  for (const name of ["state", "log", "n1", "n2"]) await Deno.mkdir(join(folder, name), { recursive: true });
  const config = join(folder, "slurm.conf");
  await Deno.writeTextFile(config, CONFIG(folder));
  await Deno.writeTextFile(join(folder, "gres.conf"), "NodeName=n2 Name=gpu File=/dev/null\n");
  const env = { SLURM_CONF: config };
  const daemons = new Map<string, Deno.ChildProcess>();
  const start = (name: string, command: string, args: readonly string[]) => {
    const quiet = { stdin: "null", stdout: "null", stderr: "null" } as const;
    const child = new Deno.Command(command, { args: ["-D", "-f", config, ...args], env, ...quiet }).spawn();
    daemons.set(name, child);
  };
  const call = async (name: string, ...args: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(name, { args, env, stdout: "piped", stderr: "piped" })
      .output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    if (code !== 0) throw new Error(`${name} ${args.join(" ")}: ${text(stderr)}`);
    return text(stdout);
  };
  const until = async (name: string, states: RegExp) => {
    for (const end = performance.now() + LONGEST_MS;;) {
      const state = await call("sinfo", "-h", "-N", "-n", name, "-o", "%T").catch(String);
      if (states.test(state)) return;
      if (performance.now() > end) throw new Error(`The node ${name} does not come up: ${state}`);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  };
  const startNode = async (name: string, hidden?: string) => {
    if (hidden === undefined) start(name, "slurmd", ["-N", name]);
    else {
      const hide = 'mount -t tmpfs none "$0" && exec slurmd -D -f "$1" -N "$2"';
      const quiet = { stdin: "null", stdout: "null", stderr: "null" } as const;
      const args = ["-m", "sh", "-c", hide, hidden, config, name];
      daemons.set(name, new Deno.Command("unshare", { args, env, ...quiet }).spawn());
    }
    await until(name, /^(idle|mixed|allocated)$/);
  };
  start("ctld", "slurmctld", []);
  await Promise.all(["n1", "n2"].map((name) => startNode(name)));
  const kill = async (name: string) => {
    const child = daemons.get(name);
    daemons.delete(name);
    child?.kill("SIGKILL");
    await child?.status;
  };
  return {
    env,
    call,
    startNode,
    killNode: kill,
    async stop() {
      await call("scancel", "--me").catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, 1000));
      for (const name of ["n1", "n2", "ctld"]) await kill(name);
    },
  };
}
