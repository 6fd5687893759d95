// @ts-check
import eslint from "@eslint/js";
import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

/** From the top down: each may import from those after it, and from the leaves errors.ts and validation/. */
const LAYERS = ["cli", "functions", "resources", "handlers", "engines", "postgres"];

/** What only resources/, functions/ and cli/ may know of. */
const PULUMI = "^@pulumi/";

/**
 * @param {string} regex
 * @param {string} message
 */
const forbidImports = (regex, message) => ({ regex: `(?:^|/)(?:${regex})(?:/|$)`, message });

const layerRules = LAYERS.map((layer, depth) => {
    const above = LAYERS.slice(0, depth);
    const patterns = [
        ...(above.length ? [forbidImports(above.join("|"), `${layer}/ lies below them: imports run downwards.`)] : []),
        ...(depth > LAYERS.indexOf("resources")
            ? [{ regex: PULUMI, message: `${layer}/ knows nothing of Pulumi's packages.` }]
            : []),
    ];
    return { files: [`provider/${layer}/**`], rules: { "no-restricted-imports": ["error", { patterns }] } };
});

/** The engines do not know each other; nor do they know what is above them. */
const engineRules = [
    ["fdw", "multinode"],
    ["multinode", "fdw"],
].map(([engine, other]) => ({
    files: [`provider/engines/${engine}/**`],
    rules: {
        "no-restricted-imports": [
            "error",
            {
                patterns: [
                    forbidImports(`${other}`, `${engine}/ and ${other}/ do not know each other.`),
                    forbidImports("cli|functions|resources|handlers", "engines/ lies below them."),
                    { regex: PULUMI, message: "engines/ knows nothing of Pulumi's packages." },
                ],
            },
        ],
    },
}));

const leafRules = {
    files: ["provider/errors.ts", "provider/validation/**"],
    rules: {
        "no-restricted-imports": [
            "error",
            {
                patterns: [
                    forbidImports(LAYERS.join("|"), "This is a leaf."),
                    { regex: PULUMI, message: "This is a leaf." },
                ],
            },
        ],
    },
};

const SQL =
    "/^\\s*(?:SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|COMMENT|GRANT|REVOKE|TRUNCATE|COPY|CALL|SET|SHOW|WITH|BEGIN|COMMIT|ROLLBACK|EXPLAIN)\\s/";

const sqlRules = {
    files: ["provider/**"],
    ignores: ["provider/engines/**", "provider/postgres/**"],
    rules: {
        "no-restricted-syntax": [
            "error",
            ...[`Literal[value=${SQL}]`, `TemplateElement[value.raw=${SQL}]`].map((selector) => ({
                selector,
                message: "SQL stands in engines/ and postgres/ only.",
            })),
        ],
    },
};

/** What Jest calls: cases, hooks, and their forms such as it.each(...) and realServersOnly(...).it. */
const CASES = [
    "CallExpression[callee.name=/^(?:it|test|(?:before|after)(?:All|Each))$/]",
    "CallExpression[callee.property.name='it']",
    "CallExpression[callee.callee.object.name='it']",
    "CallExpression[callee.callee.object.object.name='it']",
    "CallExpression[callee.type='ConditionalExpression']",
];

/** A helper of cases. */
const HELPERS = ["FunctionDeclaration", "MethodDefinition", "VariableDeclarator > ArrowFunctionExpression"];

const CONDITIONS = ["IfStatement", "ConditionalExpression", "LogicalExpression", "SwitchCase", "CatchClause"];

const expectRules = {
    files: ["tests/**"],
    rules: {
        "no-restricted-syntax": [
            "error",
            {
                selector: `:matches(${[...CASES, ...HELPERS].join()}) :matches(${CONDITIONS.join()}) CallExpression[callee.name='expect']`,
                message:
                    "An assertion that may not be reached proves nothing: choose what is expected, then expect it.",
            },
        ],
    },
};

export default defineConfig(
    { ignores: ["dist/", ".cache/", "coverage/", "tests/recordings/", "**/node_modules/"] },
    { linterOptions: { noInlineConfig: true, reportUnusedDisableDirectives: "error" } },
    eslint.configs.recommended,
    tseslint.configs.recommendedTypeChecked,
    {
        languageOptions: {
            parserOptions: {
                projectService: { allowDefaultProject: ["*.mjs", "*.cjs"] },
                tsconfigRootDir: import.meta.dirname,
            },
        },
        rules: {
            eqeqeq: ["error", "always", { null: "ignore" }],
            // Texts from servers and resource names are searched for control characters on purpose.
            "no-control-regex": "off",
            "no-console": ["error", { allow: ["warn", "error"] }],
            "@typescript-eslint/consistent-type-imports": ["error", { disallowTypeAnnotations: false }],
            "@typescript-eslint/explicit-module-boundary-types": "error",
            "@typescript-eslint/no-unused-vars": [
                "error",
                { argsIgnorePattern: "^_", varsIgnorePattern: "^_", ignoreRestSiblings: true },
            ],
            "@typescript-eslint/restrict-template-expressions": [
                "error",
                { allowNumber: true, allow: ["URLSearchParams"] },
            ],
            // Interfaces ask for promises where one implementation has nothing to wait for.
            "@typescript-eslint/require-await": "off",
        },
    },
    { files: ["provider/**"], rules: { "max-lines": ["error", { max: 320, skipBlankLines: true }] } },
    { files: ["provider/cli/**", "tools/**", "benchmarks/**", "tests/**"], rules: { "no-console": "off" } },
    {
        files: ["tests/**"],
        rules: {
            // Jest's matchers, and what a test reads out of a state, are of any type.
            "@typescript-eslint/no-unsafe-assignment": "off",
            "@typescript-eslint/no-unsafe-return": "off",
            "@typescript-eslint/no-base-to-string": "off",
            "@typescript-eslint/unbound-method": "off",
            "@typescript-eslint/explicit-module-boundary-types": "off",
        },
    },
    ...layerRules,
    ...engineRules,
    leafRules,
    sqlRules,
    expectRules,
    {
        files: ["**/*.mjs", "**/*.cjs", "**/*.js"],
        ...tseslint.configs.disableTypeChecked,
    },
    {
        files: ["**/*.mjs", "**/*.cjs", "**/*.js"],
        languageOptions: {
            globals: {
                ...Object.fromEntries(
                    [
                        "console",
                        "process",
                        "setTimeout",
                        "clearTimeout",
                        "setInterval",
                        "clearInterval",
                        "URL",
                        "fetch",
                    ].map((name) => [name, "readonly"]),
                ),
                ...Object.fromEntries(
                    ["Buffer", "AbortController", "AbortSignal", "performance", "setImmediate"].map((name) => [
                        name,
                        "readonly",
                    ]),
                ),
            },
        },
        rules: { "@typescript-eslint/explicit-module-boundary-types": "off" },
    },
    {
        files: ["**/*.cjs", "**/*.js"],
        languageOptions: {
            sourceType: "commonjs",
            globals: { require: "readonly", module: "writable", exports: "writable", __dirname: "readonly" },
        },
        rules: { "@typescript-eslint/no-require-imports": "off" },
    },
);
