import { queuePromise } from "../config/promises.ts";
import type { Config, TargetConfig } from "../config/schema.ts";
import { nameMap } from "./names.ts";
import type { TargetView } from "./points.ts";

const maxRemembered = 20_000;

/** How a target's names and promises are said, from its config. */
export function targetView(config: Config, target: TargetConfig, maskKey: string): TargetView {
  const { queues, classes } = config.cardinality;
  const promises = new Map<string, ReturnType<typeof queuePromise>>();
  return {
    queueName: nameMap(queues, maskKey),
    className: nameMap(classes, maskKey),
    promise: (queue) => {
      let promise = promises.get(queue);
      if (!promise) {
        if (promises.size > maxRemembered) promises.clear();
        promises.set(queue, (promise = queuePromise(target, queue)));
      }
      return promise;
    },
    byHost: target.workers.by_host,
    workerMinimum: target.workers.minimum,
  };
}
