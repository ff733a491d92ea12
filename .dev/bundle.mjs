// How the program is bundled: one entry, with the generator as a chunk of its own that the agent never loads.
import { grafanaSdkModules } from "./grafana-sdk-modules.mjs";

/** The driver's client for Redis Cluster, which neither Sidekiq nor Resque can use, stays out. */
const withoutCluster = {
  name: "without-cluster",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]ioredis[\\/]built[\\/]cluster[\\/]index\.js$/ }, () => ({ contents: "" }));
  },
};

export const bundle = {
  entryPoints: { queuewatch: "src/main.ts" },
  outdir: "dist",
  bundle: true,
  splitting: true,
  chunkNames: "[name]-[hash]",
  format: "esm",
  platform: "node",
  target: "node22.15",
  minifySyntax: true,
  minifyWhitespace: true,
  minifyIdentifiers: true,
  // Of functions and classes, for stack traces and for packages that ask for a constructor's name.
  keepNames: true,
  plugins: [grafanaSdkModules, withoutCluster],
  // CommonJS packages (ioredis) ask for `require` at run time.
  banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' },
  logLevel: "warning",
};
