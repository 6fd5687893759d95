/** The tutorial's data for the tests; `npm start` loads the same. */
export {
    TUTORIAL_DEVICE_COUNT,
    TUTORIAL_ROW_COUNT,
    tutorialInsert,
    tutorialRows,
    tutorialTable,
} from "../../tools/tutorial.mjs";
