import type { QueuewatchError } from "../errors.ts";
import { loadOwnConfig, parseOwnConfig, type LoadOptions, type OwnConfig } from "./load.ts";
import type { Environment } from "./references.ts";
import { sameSettings } from "./same-settings.ts";
import type { Config, TargetConfig } from "./schema.ts";
import { parseTargets, targetsIn } from "./target-file.ts";
import { contentOf, filePatterns, lookAtFiles, type Content, type FilePattern, type Look } from "./target-files.ts";
import { settle, together, type FileTargets } from "./target-set.ts";

/** What is in force after a look was taken up. */
export interface Taken {
  readonly targets: readonly TargetConfig[];
  /** Files that hold something else than what is in force, and why. */
  readonly refused: ReadonlyMap<string, QueuewatchError>;
}

/** Settings that an agent takes no notice of, or that it takes up while it runs. */
const notOfRestart = new Set(["targets", "alerting"]);

/**
 * The config of a running agent: its targets follow the files that hold them. A file whose content is wrong stays in force
 * as it was.
 */
export class LiveConfig {
  /** As the agent started with it; the targets are those in force now. */
  config: Config;
  readonly #file: string | undefined;
  readonly #env: Environment;
  readonly #patterns: readonly FilePattern[];
  #look: Look;
  #parsed = new Map<
    string,
    { readonly content: Content; readonly wanted: FileTargets<TargetConfig> | QueuewatchError }
  >();
  #inForce: ReadonlyMap<string, FileTargets<TargetConfig>> = new Map();
  #differing: readonly string[] = [];

  /** Reads everything, as `loadConfig` does. Throws CONFIG_*. */
  static async open(options: LoadOptions): Promise<LiveConfig> {
    const own = await loadOwnConfig(options);
    const live = new LiveConfig(own, options.env);
    const { refused } = live.take(new Map([...live.#look, ...(await lookAtFiles(live.#patterns))]));
    if (refused.size > 0) throw together([...refused.values()]);
    return live;
  }

  constructor({ file, text, config }: OwnConfig, env: Environment) {
    this.config = config;
    this.#file = file;
    this.#env = env;
    this.#patterns = file === undefined ? [] : filePatterns(config.target_files, file);
    this.#look = file === undefined ? new Map() : new Map([[file, text]]);
  }

  /** What was taken up last. */
  get taken(): Look {
    return this.#look;
  }

  /** Settings of the config file, besides its targets, that differ from those the agent started with. */
  get differing(): readonly string[] {
    return this.#differing;
  }

  /** What the files hold now. What was read from a pipe stays as it was. */
  async look(): Promise<Look> {
    if (this.#file === undefined) return this.#look;
    const own = (await contentOf(this.#file)) ?? this.#look.get(this.#file) ?? "";
    return new Map([[this.#file, own], ...(await lookAtFiles(this.#patterns, this.#look))]);
  }

  /** Puts in force what the files hold, as far as it is right. */
  take(look: Look): Taken {
    if (this.#file === undefined) return { targets: this.config.targets, refused: new Map() };
    const files = [...look].map(([file, content]) => ({ file, content, wanted: this.#wanted(file, content) }));
    this.#parsed = new Map(files.map(({ file, content, wanted }) => [file, { content, wanted }]));
    const sources = files.map(({ file, wanted }) => ({ file, wanted, inForce: this.#inForce.get(file) }));
    const { inForce, refused } = settle(sources);
    this.#look = look;
    this.#inForce = inForce;
    const targets = [...inForce.values()].flatMap((file) => file.targets);
    this.config = { ...this.config, targets };
    return { targets, refused };
  }

  #wanted(file: string, content: Content): FileTargets<TargetConfig> | QueuewatchError {
    const before = this.#parsed.get(file);
    if (before?.content === content) return before.wanted;
    return targetsIn(content, file, (text) =>
      file === this.#file ? this.#ownTargets(text, file) : parseTargets(text, file, this.#env),
    );
  }

  #ownTargets(text: string, file: string): FileTargets<TargetConfig> {
    const { config, own } = parseOwnConfig(text, { file, env: this.#env });
    this.#differing = differences(this.config, config);
    return own;
  }
}

function differences(one: Config, other: Config): string[] {
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].filter(
    (key) => !notOfRestart.has(key) && !sameSettings(Reflect.get(one, key), Reflect.get(other, key)),
  );
}
