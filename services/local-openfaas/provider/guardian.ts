/**
 * A tiny shell that outlives this process by a moment: when the pipe to it breaks, however we died, it kills the
 * processes that were being watched and removes their cgroup folders, and the copies of secrets that they were given. So neither
 * survives a SIGKILL of its parent.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { access, constants } from "node:fs/promises";
import { isAbsolute } from "node:path";

/** Ends what this process has started, if this process cannot. */
export interface Guardian {
  /** The shell's pid; undefined where there is no `/bin/sh`. */
  readonly pid: number | undefined;
  /** Kills `pid`, and its process group if it leads one, when this process is gone. */
  watch(pid: number): void;
  /** To be called as soon as `pid` has ended: its number will be somebody else's. */
  release(pid: number): void;
  /** For a cgroup folder: kills what is in its children and removes it when this process is gone. */
  watchFolder(path: string): void;
  /** Removes the folder with all that is in it when this process is gone. */
  removeAtEnd(path: string): void;
  /** Kills what is still watched and ends the shell. */
  close(): Promise<void>;
}

const SHELL = "/bin/sh";

/** Reads `+pid`, `-pid`, `>folder` and `~folder` lines; the work is done at the end of the input. */
const SCRIPT = `
trap '' INT TERM HUP
pids=' '
folders=''
secrets=''
newline='
'
while IFS= read -r line; do
  word=\${line#?}
  case "$line" in
    +*) pids="$pids$word " ;;
    -*) case "$pids" in *" $word "*) pids="\${pids%%" $word "*} \${pids#*" $word "}" ;; esac ;;
    '>'*) folders="$folders$word$newline" ;;
    '~'*) secrets="$secrets$word$newline" ;;
  esac
done
for pid in $pids; do
  kill -9 "-$pid" 2>/dev/null
  kill -9 "$pid" 2>/dev/null
done
IFS=$newline
set -f
for folder in $secrets; do rm -rf -- "$folder"; done
set +f
for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  left=''
  for folder in $folders; do
    [ -d "$folder" ] || continue
    for inner in "$folder"/*/; do
      while read -r pid; do kill -9 "$pid"; done <"$inner/cgroup.procs" 2>/dev/null
      rmdir "$inner" 2>/dev/null
    done
    rmdir "$folder" 2>/dev/null || left=yes
  done
  [ -z "$left" ] && break
  sleep 0.1 2>/dev/null || sleep 1
done
`;

/** A shell that cannot live here is not started for ever. */
const MAX_RESTARTS = 3;

/** `warn` receives one sentence when there is no shell, or when somebody killed it and it was started again. */
export async function startGuardian(warn: (text: string) => void): Promise<Guardian> {
  const present = await access(SHELL, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!present) {
    warn(`there is no ${SHELL}: if this process is killed, replicas end only when they notice that it is gone`);
    return absentGuardian;
  }
  return new ShellGuardian(warn);
}

const absentGuardian: Guardian = {
  pid: undefined,
  watch: () => {},
  release: () => {},
  watchFolder: () => {},
  removeAtEnd: () => {},
  close: async () => {},
};

class ShellGuardian implements Guardian {
  readonly #warn: (text: string) => void;
  /** Lines that the shell was sent and that still hold, for one that takes its place. */
  readonly #standing = new Set<string>();
  #shell: ChildProcess;
  #closing = false;
  #restarts = 0;

  constructor(warn: (text: string) => void) {
    this.#warn = warn;
    this.#shell = this.#start();
  }

  get pid(): number | undefined {
    return this.#shell.pid;
  }

  watch(pid: number): void {
    this.#tell(`+${pid}`);
  }

  release(pid: number): void {
    if (this.#standing.delete(`+${pid}`)) this.#send(`-${pid}`);
  }

  watchFolder(path: string): void {
    this.#tell(`>${path}`);
  }

  removeAtEnd(path: string): void {
    // The shell reads lines: a part of such a path would be another folder.
    if (!isAbsolute(path) || path.includes("\n")) return;
    this.#tell(`~${path}`);
  }

  close(): Promise<void> {
    this.#closing = true;
    return new Promise((resolve) => {
      if (this.#shell.exitCode !== null || this.#shell.signalCode !== null) resolve();
      else this.#shell.once("exit", () => resolve());
      this.#shell.ref(); // somebody waits now
      this.#shell.stdin?.end();
    });
  }

  /** A session of its own: the terminal's Ctrl-C and hang-up do not reach it. */
  #start(): ChildProcess {
    const shell = spawn(SHELL, ["-c", SCRIPT], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      env: { PATH: "/usr/bin:/bin" },
      cwd: "/",
    });
    shell.unref(); // must not keep us alive
    (shell.stdin as { unref?: () => void } | null)?.unref?.();
    shell.stdin?.on("error", () => {}); // a broken pipe is followed by 'exit', below
    shell.once("error", (error) => this.#warn(`the guardian could not be started: ${error.message}`));
    shell.once("exit", () => {
      if (this.#closing) return;
      if (++this.#restarts > MAX_RESTARTS) {
        this.#warn("the guardian ended again and is not started any more");
        return;
      }
      this.#warn("the guardian ended and was started again");
      this.#shell = this.#start();
      for (const line of this.#standing) this.#send(line);
    });
    return shell;
  }

  #tell(line: string): void {
    this.#standing.add(line);
    this.#send(line);
  }

  #send(line: string): void {
    if (this.#shell.stdin?.writable) this.#shell.stdin.write(`${line}\n`);
  }
}
