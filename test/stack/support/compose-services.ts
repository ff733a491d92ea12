import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { endsWithUs } from "../../support/child-processes.ts";

const deploy = join(import.meta.dirname, "../../../deploy");

interface Service {
  readonly command?: readonly string[];
  readonly user?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly ports?: readonly string[];
  readonly image: string;
  readonly cap_add?: readonly string[];
}

/** The services of deploy/compose.yaml, by name. */
export const services = (
  parse(readFileSync(join(deploy, "compose.yaml"), "utf8"), { merge: true }) as { services: Record<string, Service> }
).services;

/** Why the example cannot be run here, or false. */
export function unableToCompose(): string | false {
  if (process.getuid?.() !== 0) return "needs root";
  const missing = ["unshare", "nsenter", "setpriv", "ip", "ruby", "redis-server", "curl"].filter(
    (name) => spawnSync("which", [name]).status !== 0,
  );
  return missing.length > 0 ? `needs ${missing.join(", ")}` : false;
}

/**
 * In a mount namespace of its own: the tree $1, read-only, with the machine's programs, a /proc and the mounts that follow as
 * SOURCE:TARGET:MODE up to `--`; then as user $2 and group $3, without any capability, the rest is run there.
 */
const enter = `
set -e
root=$1; uid=$2; gid=$3; shift 3
mount --bind "$root" "$root"
for d in usr lib lib64 bin; do
  [ -e "/$d" ] || continue
  mkdir -p "$root/$d"; mount --bind "/$d" "$root/$d"; mount -o remount,bind,ro "$root/$d"
done
mkdir -p "$root/proc" "$root/dev"; mount --rbind /proc "$root/proc"
for d in null urandom; do touch "$root/dev/$d"; mount --bind "/dev/$d" "$root/dev/$d"; done
while [ "$1" != -- ]; do
  source=\${1%%:*}; rest=\${1#*:}; target=$root\${rest%%:*}; mode=\${rest#*:}
  if [ -d "$source" ]; then mkdir -p "$target"; else mkdir -p "$(dirname "$target")"; touch "$target"; fi
  mount --bind "$source" "$target"
  if [ "$mode" = ro ]; then mount -o remount,bind,ro "$target"; fi
  shift
done
shift
mount -o remount,bind,ro "$root"
exec chroot "$root" setpriv --reuid="$uid" --regid="$gid" --clear-groups --no-new-privs --bounding-set=-all "$@"
`;

/** Who runs it, where compose.yaml leaves that to the image. */
const imageUser: Readonly<Record<string, string>> = {
  agent: "65532:65532",
  collector: "10001:10001",
  prometheus: "65534:65534",
  alertmanager: "65534:65534",
};

/** The services of deploy/compose.yaml without Docker: in one network of their own, each in a file tree of its own. */
export class Composed {
  readonly #root = mkdtempSync(join(tmpdir(), "queuewatch-compose-"));
  readonly #network: ChildProcess;
  readonly #children = new Map<string, ChildProcess>();
  /** What each service has printed. */
  readonly printed = new Map<string, string>();

  constructor(password: string) {
    chmodSync(this.#root, 0o755);
    this.#network = spawn("unshare", ["--net", "sh", "-c", "ip link set lo up; echo up; exec sleep infinity"]);
    endsWithUs(this.#network);
    const names = Object.values(services).flatMap(({ volumes = [] }) =>
      volumes.filter((mount) => !mount.startsWith(".")),
    );
    for (const name of names.map((mount) => mount.split(":")[0] ?? ""))
      mkdirSync(this.#volume(name), { recursive: true });
    this.#makeSecrets(password);
  }

  /** Resolves when the network is there. */
  async ready(): Promise<void> {
    if (this.#network.stdout) await once(this.#network.stdout, "data");
  }

  /** Starts a service; its programs and files of the image are given as SOURCE:TARGET, its command where it has none. */
  start(name: string, image: readonly string[], command: readonly string[]): void {
    const service = services[name];
    if (!service) throw new Error(`no service ${name}`);
    const [uid = "", gid = ""] = (service.user ?? imageUser[name] ?? "").split(":");
    const root = this.#tree(name);
    const mounts = [...image.map((mount) => `${mount}:ro`), ...this.#mounts(name, service, [Number(uid), Number(gid)])];
    const own = [...command, ...(service.command ?? [])];
    const args = ["-m", "sh", "-c", enter, "sh", root, uid, gid, ...mounts, "--", ...own];
    const child = spawn("nsenter", [this.#net(), "unshare", ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", ...service.environment },
    });
    this.printed.set(name, "");
    for (const stream of [child.stdout, child.stderr])
      stream
        .setEncoding("utf8")
        .on("data", (text: string) => this.printed.set(name, `${this.printed.get(name)}${text}`));
    this.#children.set(name, child);
    endsWithUs(child);
  }

  /** Runs a program in the services' network, as the one who tests; gives what it printed. */
  run(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
    return execFileSync("nsenter", [this.#net(), file, ...args], {
      encoding: "utf8",
      stdio: "pipe",
      env: { PATH: process.env["PATH"], ...env },
    });
  }

  /** The same, whatever it ends with. */
  tried(file: string, args: readonly string[]): string {
    return spawnSync("nsenter", [this.#net(), file, ...args], { encoding: "utf8" }).stdout;
  }

  /** The text of a file that was made for a service. */
  secret(service: string, name: string): string {
    return readFileSync(this.secretFile(service, name), "utf8");
  }

  secretFile(service: string, name: string): string {
    return join(this.#volume(`${service}-secrets`), name);
  }

  async stop(): Promise<void> {
    for (const child of [...this.#children.values(), this.#network]) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, "close");
      child.kill("SIGKILL");
      await ended;
    }
    rmSync(this.#root, { recursive: true });
  }

  #net(): string {
    return `--net=/proc/${this.#network.pid}/ns/net`;
  }

  /** A named volume: where the service `secrets` has it, which sees them all below /volumes. */
  #volume(name: string): string {
    const mount = services["secrets"]?.volumes?.find((text) => text.startsWith(`${name}:`));
    return join(this.#root, mount?.split(":")[1] ?? `volumes/${name}`);
  }

  /** What the one-shot service `secrets` does, with its capabilities. */
  #makeSecrets(password: string): void {
    const added = services["secrets"]?.cap_add ?? [];
    const capabilities = ["-all", ...added.map((name) => `+${name.toLowerCase()}`)].join(",");
    execFileSync("setpriv", [`--bounding-set=${capabilities}`, "ruby", join(deploy, "compose/sample/secrets.rb")], {
      env: {
        PATH: process.env["PATH"],
        SECRETS_ROOT: join(this.#root, "volumes"),
        USERS_ACL: join(deploy, "compose/users.acl"),
        QUEUEWATCH_PASSWORD: password,
      },
    });
  }

  #tree(name: string): string {
    const root = join(this.#root, "trees", name);
    mkdirSync(join(root, "etc"), { recursive: true });
    const hosts = ["localhost", ...Object.keys(services)].map((host) => `127.0.0.1 ${host}`);
    writeFileSync(join(root, "etc/hosts"), `${hosts.join("\n")}\n`);
    writeFileSync(join(root, "etc/nsswitch.conf"), "hosts: files\n");
    return root;
  }

  #mounts(name: string, service: Service, [uid, gid]: readonly [number, number]): string[] {
    const volumes = (service.volumes ?? []).map((mount) => {
      const [source = "", target = "", mode = "rw"] = mount.split(":");
      const path = source.startsWith(".") ? resolve(deploy, source) : this.#volume(source);
      // A named volume that is empty takes the owner that the image's folder has.
      if (mode === "rw" && statSync(path).uid === 0) chownSync(path, uid, gid);
      return `${path}:${target}:${mode}`;
    });
    const temporary = (service.tmpfs ?? []).map((target) => {
      const path = join(this.#root, "tmpfs", name, basename(target));
      mkdirSync(path, { recursive: true });
      chownSync(path, uid, gid);
      return `${path}:${target}:rw`;
    });
    return [...volumes, ...temporary];
  }
}

/** Node's folder as it is in the image. */
export const nodeInImage = `${dirname(process.execPath)}:/nodejs/bin`;
