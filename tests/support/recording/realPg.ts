/** The real driver: in the integration tier `pg` itself is mapped to pg.ts, see jest.config.cjs. */
import type * as Pg from "pg";

/** What `pg` exports. */
export const realPg = jest.requireActual<typeof Pg>("pg/lib/index.js");
