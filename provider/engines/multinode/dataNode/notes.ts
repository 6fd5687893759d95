/**
 * Notes on the access node of what is under way with a data node, for the run after an interrupted one. A note is an
 * empty schema, and its comment says what: any user that owns the database may make one, in the transaction that it
 * belongs to. The block that adds the node takes its note away.
 */
import { createHash } from "node:crypto";
import { address } from "../../../postgres/connection";
import type { Session } from "../../../postgres/pool";
import { anonymousBlock, identifier, literal } from "../../../postgres/sql";
import type { DataNodeInputs } from "../../inputs";
import { nodeDatabaseName } from "../../run/places";
import type { Statement } from "../../step";

/** What a note says. */
export type Note =
    /** There was no such database, and the access node was about to make it: `metrics on data1.example.com:5432`. */
    | { readonly making: string }
    /** A scratch database shows what the node is; this many were used. */
    | { readonly scratch: number }
    /** There is such a database, and it is not one that this cluster lost; or nobody can say. */
    | { readonly foreign: true };

const PREFIX = "pulumi_timescaledb_note_";

/** The note that a database is being made. */
export function makingOf(inputs: DataNodeInputs): Note {
    return { making: `${nodeDatabaseName(inputs)} on ${address(inputs)}` };
}

/** Whether a note says that this database is being made, and not one of that node's before it was changed. */
export function isMaking(note: Note | undefined, inputs: DataNodeInputs): boolean {
    return JSON.stringify(note) === JSON.stringify(makingOf(inputs));
}

/** The schema that is the note on a data node. */
export function noteSchema({ nodeName }: Pick<DataNodeInputs, "nodeName">): string {
    return `${PREFIX}${createHash("sha256").update(nodeName).digest("hex").slice(0, 16)}`;
}

/** The note on a data node, if there is one. */
export async function readNote(session: Session, inputs: DataNodeInputs): Promise<Note | undefined> {
    const { note } = await session.one<{ note: string | null }>(
        `SELECT (SELECT obj_description(n.oid, 'pg_namespace')
                   FROM pg_catalog.pg_namespace n WHERE n.nspname = $1::text) AS note`,
        [noteSchema(inputs)],
    );
    return note === null ? undefined : (JSON.parse(note) as Note);
}

/** The schemas of all notes: of runs that were interrupted and never finished. */
export async function readNoteSchemas(session: Session): Promise<string[]> {
    const rows = await session.query<{ name: string }>(
        `SELECT n.nspname::text AS name FROM pg_catalog.pg_namespace n
          WHERE starts_with(n.nspname::text, $1::text) ORDER BY 1`,
        [PREFIX],
    );
    return rows.map(({ name }) => name);
}

/** The SQL by which a block writes a note in place of the one before. */
export function writeNote(inputs: DataNodeInputs, note: Note): string {
    const schema = identifier(noteSchema(inputs));
    return `CREATE SCHEMA IF NOT EXISTS ${schema};
    COMMENT ON SCHEMA ${schema} IS ${literal(JSON.stringify(note))}`;
}

/** The SQL that takes a note away. */
export function eraseNote(schema: string): string {
    return `DROP SCHEMA IF EXISTS ${identifier(schema)}`;
}

/** Writes a note. */
export function noteDataNode(inputs: DataNodeInputs, note: Note, why: string): Statement {
    return {
        name: `note state of data node ${inputs.nodeName}`,
        why,
        sql: anonymousBlock(`BEGIN
    ${writeNote(inputs, note)};
END`),
    };
}

/** Writes a note unless the data node was added. */
export function noteIfMissing(inputs: DataNodeInputs, note: Note, why: string): Statement {
    return {
        name: `note state of data node ${inputs.nodeName} if it is missing`,
        why,
        sql: anonymousBlock(`BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_foreign_server s WHERE s.srvname = ${literal(inputs.nodeName)}) THEN
        RETURN;
    END IF;
    ${writeNote(inputs, note)};
END`),
    };
}

/** Takes a note away. */
export function eraseDataNodeNote(inputs: DataNodeInputs, why: string): Statement {
    return { name: `erase note of data node ${inputs.nodeName}`, why, sql: eraseNote(noteSchema(inputs)) };
}
