// The unit tests of what is mutated, and no others: every mutant loads all that could notice it.
const { projects } = require("../../jest.config.cjs");

const unit = projects.find(({ displayName }) => displayName === "unit");

module.exports = {
    ...unit,
    testMatch: ["engines", "handlers"].map((folder) => `<rootDir>/tests/unit/${folder}/**/*.test.ts`),
};
