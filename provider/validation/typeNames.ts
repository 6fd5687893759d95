/**
 * The further names that PostgreSQL has for types of its own. Where no server can be asked, they keep a type that is
 * only spelled otherwise from counting as another one.
 *
 * Source: postgresql.org/docs/current/datatype.html, table 8.1.
 */
const NAMES: Readonly<Record<string, string>> = {
    bool: "boolean",
    bpchar: "character",
    char: "character",
    dec: "numeric",
    decimal: "numeric",
    float: "double precision",
    float4: "real",
    float8: "double precision",
    int: "integer",
    int2: "smallint",
    int4: "integer",
    int8: "bigint",
    time: "time without time zone",
    timestamp: "timestamp without time zone",
    timestamptz: "timestamp with time zone",
    timetz: "time with time zone",
    varbit: "bit varying",
    varchar: "character varying",
};

/** A name, a modifier that may stand inside it (`timestamp(3) with time zone`), and array brackets. */
const PARTS = /^([^()[\]"]*)(\([^()]*\))?([^()[\]"]*)((?:\[\d*\])*)$/;

/** One spelling for all spellings of a type: `character varying(10)` for `VARCHAR( 10 )`; quoted names stay as they are. */
export function plainType(type: string): string {
    const parts = PARTS.exec(type.trim());
    if (parts === null) {
        return type.trim();
    }
    const [, head = "", modifier = "", tail = "", brackets = ""] = parts;
    const name = `${head.trim()} ${tail.trim()}`.trim().replace(/\s+/g, " ").toLowerCase();
    const known = Object.hasOwn(NAMES, name) ? NAMES[name] : name;
    return `${known}${modifier.replace(/\s+/g, "")}${brackets === "" ? "" : "[]"}`;
}
