// p-retry and its one dependency are ES modules; the tests run as CommonJS, so those two are compiled as well.
const compiled = ["p-retry", "is-network-error"];

const base = {
    rootDir: __dirname,
    testEnvironment: "node",
    transform: {
        "^.+\\.m?[jt]s$": [
            "@swc/jest",
            {
                jsc: { target: "es2022", parser: { syntax: "typescript" } },
                module: { type: "commonjs" },
                sourceMaps: "inline",
            },
        ],
    },
    transformIgnorePatterns: [`/node_modules/(?!(${compiled.join("|")})/)`],
    // Programs for the real CLI are copied, not imported.
    modulePathIgnorePatterns: ["<rootDir>/dist/", "<rootDir>/.cache/", "<rootDir>/tests/package/programs/"],
};

const tier = (name, more) => ({
    ...base,
    displayName: name,
    testMatch: [`<rootDir>/tests/${name}/**/*.test.ts`],
    ...more,
});

module.exports = {
    projects: [
        tier("unit"),
        tier("contract", { globalSetup: "<rootDir>/tests/support/build.ts" }),
        tier("integration", {
            setupFilesAfterEnv: ["<rootDir>/tests/support/patience.ts"],
            // What TimescaleDB with multi-node answers can be recorded, and replayed where there is none.
            moduleNameMapper: { "^pg$": "<rootDir>/tests/support/recording/pg.ts" },
            globals: { usesRecordings: true },
        }),
        tier("differential"),
        tier("killpoints"),
        tier("acceptance"),
        tier("docs"),
        tier("package", { globalSetup: "<rootDir>/tests/support/build.ts" }),
    ],
};
