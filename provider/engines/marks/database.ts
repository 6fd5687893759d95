/**
 * Making and dropping the cluster's database on one server, the same for access node, data nodes and both engines.
 *
 * CREATE DATABASE and COMMENT cannot share a transaction. So the database is made under a provisional name, marked,
 * and only then given its real name: whatever moment a run is cut at, what it left is known as ours by its mark or by
 * its provisional name, and never taken for somebody else's.
 */
import { createHash } from "node:crypto";
import { ProviderError } from "../../errors";
import type { Session } from "../../postgres/pool";
import { identifier, literal } from "../../postgres/sql";
import type { Step } from "../step";
import { readMarker, withMarker, withoutMarker, type Marker } from "./marker";
import { isMarked, type Owner } from "./ownership";
import type { Place } from "../run/servers";

/** A database, as the maintenance database sees it. */
export interface DatabaseState {
    readonly owner: string;
    readonly encoding: string;
    readonly collation: string;
    readonly characterType: string;
    /** The whole comment, mark included. */
    readonly comment: string | null;
    readonly marker: Marker | undefined;
}

/** What a server holds under a database's name, and under its provisional name. */
export interface ObservedDatabase {
    readonly database: DatabaseState | undefined;
    readonly provisional: DatabaseState | undefined;
    /** What a DROP DATABASE that was cut has left of either, by name: nothing can be done with it but to drop it. */
    readonly remains?: Readonly<Record<string, DatabaseState>>;
}

/** Whether a server holds nothing of it. */
export function isNothing({ database, provisional, remains }: ObservedDatabase): boolean {
    return database === undefined && provisional === undefined && remains === undefined;
}

/** The locale that a new database gets; absent: the server's own default. */
export interface DatabaseLocale {
    readonly encoding: string;
    readonly collation: string;
    readonly characterType: string;
}

/** The name under which a database is made before it bears its mark. 63 bytes at the most, whatever the name. */
export function provisionalName(database: string): string {
    return `pulumi-timescaledb ${createHash("sha256").update(database).digest("hex").slice(0, 16)}`;
}

/** Reads, on the maintenance database, what the server holds under a database's name. */
export async function observeDatabase(session: Session, database: string): Promise<ObservedDatabase> {
    const rows = await session.query<{
        name: string;
        owner: string;
        encoding: string;
        collation: string;
        character_type: string;
        comment: string | null;
        invalid: boolean;
    }>(
        `SELECT d.datname::text AS name, pg_get_userbyid(d.datdba)::text AS owner,
                pg_encoding_to_char(d.encoding)::text AS encoding, d.datcollate::text AS collation,
                d.datctype::text AS character_type, shobj_description(d.oid, 'pg_database') AS comment,
                d.datconnlimit = -2 AS invalid
           FROM pg_catalog.pg_database d
          WHERE d.datname = $1::text OR d.datname = $2::text`,
        [database, provisionalName(database)],
    );
    const found = (invalid: boolean): [string, DatabaseState][] =>
        rows
            .filter((row) => row.invalid === invalid)
            .map(({ name, owner, encoding, collation, character_type, comment }) => [
                name,
                { owner, encoding, collation, characterType: character_type, comment, marker: readMarker(comment) },
            ]);
    const whole = new Map(found(false));
    const remains = found(true);
    return {
        database: whole.get(database),
        provisional: whole.get(provisionalName(database)),
        ...(remains.length === 0 ? {} : { remains: Object.fromEntries(remains) }),
    };
}

/** A database as {@link planDatabase} makes it. */
export function newDatabase(marker: Marker, locale: DatabaseLocale): ObservedDatabase {
    return {
        database: { ...locale, owner: "", comment: withMarker(null, marker), marker },
        provisional: undefined,
    };
}

/**
 * The steps to a database of that name that bears the mark. None where it is there with it.
 *
 * @param on the maintenance database of the server
 * @param adopt whether a database without a mark, or with another resource's, is taken over
 */
export function planDatabase(
    on: Place,
    label: string,
    name: string,
    observed: ObservedDatabase,
    marker: Marker,
    options: { readonly adopt: boolean; readonly locale?: DatabaseLocale },
): Step[] {
    const { database, provisional } = observed;
    if (database !== undefined) {
        return planMark(on, label, name, database, marker, options.adopt);
    }
    const made = provisionalName(name);
    const steps = planRemains(on, name, observed, (found) => isOurs(found, marker));
    refuseRemains(label, name, observed, steps);
    if (provisional === undefined) {
        steps.push({
            name: "createDatabase",
            why: `database ${name} does not exist`,
            on,
            sql: `CREATE DATABASE ${identifier(made)} TEMPLATE template0${localeClause(options.locale)}`,
        });
    }
    steps.push(
        { ...mark(on, made, withMarker(provisional?.comment, marker)), transaction: "name database" },
        {
            name: "renameDatabase",
            why: `database ${name} bears its mark now`,
            on,
            sql: `ALTER DATABASE ${identifier(made)} RENAME TO ${identifier(name)}`,
            transaction: "name database",
        },
    );
    return steps;
}

function planMark(
    on: Place,
    label: string,
    name: string,
    database: DatabaseState,
    marker: Marker,
    adopt: boolean,
): Step[] {
    const found = database.marker;
    const ours = isOurs(found, marker);
    if (!ours && !adopt) {
        throw new ProviderError(
            "ALREADY_EXISTS",
            `database "${name}" exists on ${label}` +
                (found === undefined ? " and was not made by this resource" : ` and belongs to ${found.urn}`),
            { remedy: "Choose another name, drop it, or set adopt: true to take it over" },
        );
    }
    const wanted: Marker = !ours || found?.adopted ? { ...marker, adopted: true } : marker;
    const comment = withMarker(database.comment, wanted);
    return comment === database.comment ? [] : [mark(on, name, comment)];
}

function isOurs(found: Marker | undefined, marker: Marker): boolean {
    return found !== undefined && (found.urn === marker.urn || (found.cluster ?? "") === marker.cluster);
}

/** The steps by which the remains go that are ours, by their mark or by the provisional name. */
function planRemains(
    on: Place,
    name: string,
    { remains = {} }: ObservedDatabase,
    isOurs: (marker: Marker | undefined) => boolean,
): Step[] {
    return Object.entries(remains)
        .filter(([found, { marker }]) => found === provisionalName(name) || isOurs(marker))
        .map(([found]) => ({
            name: "dropDatabase",
            why: `a DROP DATABASE that was cut has left ${found}, which cannot be used`,
            on,
            sql: `DROP DATABASE IF EXISTS ${identifier(found)}`,
        }));
}

function refuseRemains(label: string, name: string, { remains = {} }: ObservedDatabase, steps: readonly Step[]): void {
    if (steps.length < Object.keys(remains).length) {
        throw new ProviderError(
            "ALREADY_EXISTS",
            `database "${name}" on ${label} is what a DROP DATABASE that was cut has left, and not this resource's`,
            { remedy: `DROP DATABASE ${identifier(name)} on that server, or choose another name` },
        );
    }
}

function mark(on: Place, name: string, comment: string): Step {
    return {
        name: "markDatabase",
        why: `the mark on database ${name} is missing or old`,
        on,
        sql: `COMMENT ON DATABASE ${identifier(name)} IS ${literal(comment)}`,
    };
}

function localeClause(locale: DatabaseLocale | undefined): string {
    return locale === undefined
        ? ""
        : ` ENCODING ${literal(locale.encoding)} LC_COLLATE ${literal(locale.collation)}` +
              ` LC_CTYPE ${literal(locale.characterType)}`;
}

/**
 * The steps by which a database goes: dropped where it is ours, else only our mark is taken off.
 *
 * @param drop whether what the database holds may go; false keeps the database and takes the mark off
 * @param force end other sessions on it (PostgreSQL 13 and later)
 * @param owner whose remains of it go as well
 */
export function planDropDatabase(
    on: Place,
    name: string,
    observed: ObservedDatabase,
    options: { readonly drop: boolean; readonly force: boolean; readonly why: string; readonly owner: Owner },
): Step[] {
    const drop = (database: string): Step => ({
        name: "dropDatabase",
        why: options.why,
        on,
        sql: `DROP DATABASE IF EXISTS ${identifier(database)}${options.force ? " WITH (FORCE)" : ""}`,
        destroys: { what: `database ${database}` },
    });
    const steps = [
        ...planRemains(on, name, observed, (marker) => isMarked(options.owner, marker)),
        ...(observed.provisional === undefined ? [] : [drop(provisionalName(name))]),
    ];
    if (observed.database === undefined) {
        return steps;
    }
    if (options.drop) {
        return [...steps, drop(name)];
    }
    const comment = withoutMarker(observed.database.comment);
    return observed.database.marker === undefined
        ? steps
        : [
              ...steps,
              {
                  name: "unmarkDatabase",
                  why: `database ${name} is kept`,
                  on,
                  sql: `COMMENT ON DATABASE ${identifier(name)} IS ${comment === null ? "NULL" : literal(comment)}`,
              },
          ];
}
