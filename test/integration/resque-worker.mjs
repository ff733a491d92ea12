// A living node-resque: `node resque-worker.mjs PORT worker QUEUES` or `… PORT scheduler`. Prints "ready", ends on SIGTERM.
import { Scheduler, Worker } from "node-resque";

const [port, role, queues = ""] = process.argv.slice(2);
const connection = { host: "127.0.0.1", port: Number(port), namespace: "resque", options: { password: "" } };

const jobs = {
  quick: { perform: async () => "done" },
  slow: { perform: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) },
  broken: {
    perform: async () => {
      throw new TypeError("broken");
    },
  },
};

const one =
  role === "scheduler"
    ? new Scheduler({ connection, timeout: 200 })
    : new Worker({ connection, queues: queues.split(","), timeout: 200 }, jobs);
one.on("error", (error) => console.error(error));
await one.connect();
await one.start();
console.log("ready");
process.once("SIGTERM", () => void one.end().then(() => process.exit(0)));
