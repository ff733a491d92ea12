import { fileURLToPath } from "node:url";

const scrollbars = fileURLToPath(new URL("src/scrollbars.js", import.meta.url));

export default {
  resolve: {
    alias: [
      { find: "react-router-dom-v5-compat", replacement: "react-router-dom" },
      { find: /^react-custom-scrollbars-2$/, replacement: scrollbars },
    ],
  },
  oxc: { jsx: { runtime: "automatic" } },
  build: { target: "esnext", minify: false, chunkSizeWarningLimit: 1e6, reportCompressedSize: false },
  logLevel: "warn",
};
