import js from "@eslint/js";

/** Beside the type check, which knows every name: slips of habit, and ways for text to become markup. */
export default [
  js.configs.recommended,
  {
    rules: {
      "no-undef": "off",
      eqeqeq: "error",
      "no-shadow": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-template": "error",
    },
  },
  {
    files: ["web/src/**"],
    rules: {
      "no-restricted-properties": [
        "error",
        ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({
          property,
          message: "What readers type and answers say is only ever shown as text.",
        })),
      ],
    },
  },
];
