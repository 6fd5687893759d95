/**
 * Mutation testing of what only calculates, in engines/ and handlers/: changes one operator or branch at a time, and
 * looks whether a unit test notices.
 *
 *     npm run test:mutation
 *     MUTATION_SEED=7 MUTATION_LINES=300 npm run test:mutation
 *     npm run test:mutation -- --mutate provider/engines/fdw/dataNode/plan.ts
 *
 * Without --mutate it takes functions at random, by the seed that it prints, until they have that many lines.
 */
import { sampleFunctions } from "./sample.mjs";

const seed = Number(process.env.MUTATION_SEED ?? Date.now() % 1_000_000_000);
const lines = Number(process.env.MUTATION_LINES ?? 240);
console.log(`MUTATION_SEED=${seed} MUTATION_LINES=${lines}`);

export default {
    testRunner: "jest",
    plugins: ["@stryker-mutator/jest-runner"],
    jest: { configFile: "tools/mutation/jest.config.cjs" },
    coverageAnalysis: "perTest",
    // A machine that is busy with something else is no reason to call a mutant killed.
    timeoutMS: 60_000,
    // What runs once while a module loads cannot be switched on for one test.
    ignoreStatic: true,
    concurrency: 2,
    mutate: sampleFunctions({ seed, lines }),
    // Most strings are reasons, messages and SQL: the first two are words, and the last is what real servers are for.
    mutator: { excludedMutations: ["StringLiteral"] },
    reporters: ["clear-text", "progress-append-only", "json"],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
    jsonReporter: { fileName: ".cache/mutation/mutation.json" },
    ignorePatterns: ["tests/recordings", "dist", ".cache", "coverage"],
    tempDirName: ".cache/mutation/sandbox",
};
