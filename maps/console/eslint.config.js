import globals from "globals";
import svelte from "eslint-plugin-svelte";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

export default ts.config(
  { ignores: ["generated"] },
  ts.configs.recommended,
  svelte.configs.recommended,
  {
    languageOptions: { globals: globals.browser },
    // svelte-check and tsc know the names of types; `void` before a promise says that nobody waits for it.
    rules: {
      "no-undef": "off",
      eqeqeq: "error",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      // svelte-check warns where an ignore is missing; this plugin cannot see what it ignores.
      "svelte/no-unused-svelte-ignore": "off",
      // Ten thousand records change in place; a page tracks one number of theirs (maps/README.md).
      "svelte/prefer-svelte-reactivity": "off",
    },
  },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
  },
);
