// An esbuild plugin: reads @grafana/grafana-foundation-sdk, which is published as CommonJS only, as the ES modules that it was
// compiled from, so that the bundle holds the few builders that are used instead of all of them.
import { readFileSync } from "node:fs";

const rewritten = [
  [/^"use strict";$/gm, ""],
  [/^Object\.defineProperty\(exports, "__esModule".*$/gm, ""],
  [/^const tslib_1 = require\("tslib"\);$/gm, ""],
  [/^exports\.[\w. =]+ = void 0;$/gm, ""],
  [/^tslib_1\.__exportStar\(require\(("[^"]+")\), exports\);$/gm, "export * from $1;"],
  [/^const (\w+) = tslib_1\.__importStar\(require\(("[^"]+")\)\);$/gm, "import * as $1 from $2;"],
  [/^exports\.(\w+) = \1;$/gm, "export { $1 };"],
  // An enumeration, which may go when nothing asks for it.
  [
    /^var (\w+);\n\(function \(\1\) \{\n([^]*?)\n\}\)\(\1 \|\| \(exports\.\1 = \1 = \{\}\)\);$/gm,
    "export const $1 = /* @__PURE__ */ ((members) => {\nlet $1 = members;\n$2\nreturn $1;\n})({});",
  ],
  [/^exports\.(\w+) = /gm, "export const $1 = "],
  // Its own exports by their names.
  [/\bexports\.(\w+)/g, "$1"],
];

export const grafanaSdkModules = {
  name: "grafana-sdk-modules",
  setup(build) {
    build.onLoad({ filter: /[\\/]@grafana[\\/]grafana-foundation-sdk[\\/]dist[\\/].*\.js$/ }, ({ path }) => {
      let contents = readFileSync(path, "utf8");
      for (const [from, to] of rewritten) contents = contents.replaceAll(from, to);
      const left = /^.*\b(?:exports|require|tslib_1)\b.*$/m.exec(contents.replaceAll(/\/\*[^]*?\*\/|\/\/.*$/gm, ""));
      if (left) return { errors: [{ text: `cannot be read as an ES module: ${left[0]}`, location: { file: path } }] };
      return { contents, loader: "js" };
    });
    build.onResolve({ filter: /^@grafana\/grafana-foundation-sdk/ }, async ({ path, pluginData, ...rest }) => {
      if (pluginData === "resolved") return undefined;
      const found = await build.resolve(path, { ...rest, pluginData: "resolved" });
      return { ...found, sideEffects: false };
    });
  },
};
