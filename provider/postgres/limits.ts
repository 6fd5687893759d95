/** How long a statement may go without a sign of life. docs/resources/connection.md says the same. */

/** A server that ends a statement by statementTimeoutSeconds has this long to say so. */
export const GRACE_SECONDS = 10;

/** A statement that runs longer is looked after over another connection, again and again. */
export const LOOK_SECONDS = 30;

/** Once the server has nothing to do for a statement, its answer has this long to arrive, twice. */
export const LAST_WORD_SECONDS = 5;

/** A server that has not answered at all for this long is given up. */
export const SILENCE_SECONDS = 60;
