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
import { at, type Statement, type Step } from "../step";
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
    /** What an interrupted DROP DATABASE has left of either, by name: nothing can be done with it but to drop it. */
    readonly remains?: Readonly<Record<string, DatabaseState>>;
}

/** Nothing of a database. */
export const NO_DATABASE: ObservedDatabase = { database: undefined, provisional: undefined };

/** Whether a server holds nothing of it. */
export function isNothing({ database, provisional, remains }: ObservedDatabase): boolean {
    return database === undefined && provisional === undefined && remains === undefined;
}

/** Whether a database exists under its name: only then an access node is there. */
export function isDatabaseThere({ database }: { readonly database: ObservedDatabase }): boolean {
    return database.database !== undefined;
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

/** A database that a plan makes or keeps. */
export interface RequestedDatabase {
    /** The maintenance database of the server. */
    readonly on: Place;
    /** The server, as messages name it. */
    readonly label: string;
    readonly name: string;
    readonly marker: Marker;
    /** Whether a database without a mark, or with another resource's, is taken over. */
    readonly adopt: boolean;
    readonly locale?: DatabaseLocale;
}

/** The steps to a database of that name that bears the mark. None where it is there with it. */
export function planDatabase(observed: ObservedDatabase, requested: RequestedDatabase): Step[] {
    const { on, name, marker, locale } = requested;
    const { database, provisional } = observed;
    if (database !== undefined) {
        return at(on, planMark(database, requested));
    }
    const made = provisionalName(name);
    const drops = planRemains(name, observed, (found) => hasOurMark(found, marker));
    refuseRemains(observed, requested, drops);
    return [
        ...at(on, drops),
        ...at(on, provisional === undefined ? [createDatabase(name, locale)] : []),
        ...at(
            on,
            [
                mark(name, made, withMarker(provisional?.comment, marker)),
                {
                    name: `rename database ${made} to ${name}`,
                    why: `database ${name} bears its mark now`,
                    sql: `ALTER DATABASE ${identifier(made)} RENAME TO ${identifier(name)}`,
                },
            ],
            "name database",
        ),
    ];
}

function createDatabase(name: string, locale: DatabaseLocale | undefined): Statement {
    return {
        name: `create database ${name}`,
        why: `database ${name} does not exist`,
        sql: `CREATE DATABASE ${identifier(provisionalName(name))} TEMPLATE template0${localeClause(locale)}`,
    };
}

function planMark(database: DatabaseState, { label, name, marker, adopt }: RequestedDatabase): Statement[] {
    const found = database.marker;
    const ours = hasOurMark(found, marker);
    if (!ours && !adopt) {
        throw new ProviderError(
            "ALREADY_EXISTS",
            `database "${name}" exists on ${label}` +
                (found === undefined ? " and was not made by this resource" : ` and belongs to ${found.urn}`),
            { remedy: "Choose another name, drop it, or set adopt: true to take it over" },
        );
    }
    const comment = withMarker(database.comment, !ours || found?.adopted ? { ...marker, adopted: true } : marker);
    return comment === database.comment ? [] : [mark(name, name, comment)];
}

function hasOurMark(found: Marker | undefined, marker: Marker): boolean {
    return found !== undefined && (found.urn === marker.urn || (found.cluster ?? "") === marker.cluster);
}

/** The statements that drop those remains that are ours, by their mark or by the provisional name. */
function planRemains(
    name: string,
    { remains = {} }: ObservedDatabase,
    mayDrop: (marker: Marker | undefined) => boolean,
): Statement[] {
    return Object.entries(remains)
        .filter(([found, { marker }]) => found === provisionalName(name) || mayDrop(marker))
        .map(([found]) => ({
            name: `drop database ${found}`,
            why: `an interrupted DROP DATABASE has left ${found}, which cannot be used`,
            sql: `DROP DATABASE IF EXISTS ${identifier(found)}`,
        }));
}

function refuseRemains(
    { remains = {} }: ObservedDatabase,
    { label, name }: RequestedDatabase,
    drops: readonly Statement[],
): void {
    if (drops.length < Object.keys(remains).length) {
        throw new ProviderError(
            "ALREADY_EXISTS",
            `database "${name}" on ${label} is the remains of an interrupted DROP DATABASE and not this resource's`,
            { remedy: `DROP DATABASE ${identifier(name)} on that server, or choose another name` },
        );
    }
}

/** @param current the name that the database has just now */
function mark(name: string, current: string, comment: string): Statement {
    return {
        name: `mark database ${name}`,
        why: `the mark on database ${name} is missing or old`,
        sql: `COMMENT ON DATABASE ${identifier(current)} IS ${literal(comment)}`,
    };
}

function localeClause(locale: DatabaseLocale | undefined): string {
    return locale === undefined
        ? ""
        : ` ENCODING ${literal(locale.encoding)} LC_COLLATE ${literal(locale.collation)}` +
              ` LC_CTYPE ${literal(locale.characterType)}`;
}

/** A database that a plan removes, or leaves without our mark. */
export interface LeavingDatabase {
    /** The maintenance database of the server. */
    readonly on: Place;
    readonly name: string;
    /** Whose remains of it go as well. */
    readonly owner: Owner;
    /** Whether what the database holds may go; false keeps the database and takes the mark off. */
    readonly drop: boolean;
    /** Whether other sessions on it are ended (PostgreSQL 13 and later). */
    readonly force: boolean;
    readonly why: string;
}

/** The steps by which a database goes: dropped where it is ours, else only our mark is taken off. */
export function planDropDatabase(observed: ObservedDatabase, leaving: LeavingDatabase): Step[] {
    const { on, name, owner, why, force } = leaving;
    const { database, provisional } = observed;
    const drop = (current: string): Statement => ({
        name: `drop database ${current}`,
        why,
        sql: `DROP DATABASE IF EXISTS ${identifier(current)}${force ? " WITH (FORCE)" : ""}`,
        destroys: { what: `database ${current}` },
    });
    return at(on, [
        ...planRemains(name, observed, (marker) => isMarked(owner, marker)),
        ...(provisional === undefined ? [] : [drop(provisionalName(name))]),
        ...(database === undefined ? [] : leaving.drop ? [drop(name)] : planUnmark(name, database)),
    ]);
}

function planUnmark(name: string, { comment, marker }: DatabaseState): Statement[] {
    const rest = withoutMarker(comment);
    return marker === undefined
        ? []
        : [
              {
                  name: `unmark database ${name}`,
                  why: `database ${name} is kept`,
                  sql: `COMMENT ON DATABASE ${identifier(name)} IS ${rest === null ? "NULL" : literal(rest)}`,
              },
          ];
}
