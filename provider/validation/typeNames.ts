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

/** What a column of a type can be as a time: `other` cannot be one. */
export type TimeKind = "time" | "integer" | "other";

const INTEGERS: Readonly<Record<string, number>> = {
    smallint: 32767,
    smallserial: 32767,
    serial2: 32767,
    integer: 2147483647,
    serial: 2147483647,
    serial4: 2147483647,
    bigint: Infinity,
    bigserial: Infinity,
    serial8: Infinity,
};

const TIMES = ["timestamp with time zone", "timestamp without time zone", "date"];

const OTHERS = new Set(
    (
        "boolean,character,character varying,text,name,numeric,real,double precision,money,bytea,bit,bit varying,uuid," +
        "json,jsonb,xml,interval,time with time zone,time without time zone,inet,cidr,macaddr,macaddr8,point,line,lseg," +
        "box,path,polygon,circle,tsvector,tsquery,int4range,int8range,numrange,tsrange,tstzrange,daterange"
    ).split(","),
);

/** The name of a type of PostgreSQL's own without its modifier; "[]" for any array. */
function bareType(type: string): string {
    const plain = plainType(type.trim().replace(/^pg_catalog\s*\.\s*/i, ""));
    return plain.endsWith("[]") ? "[]" : plain.replace(/\([^()]*\)$/, "");
}

/** What a column of this type can be as a time; undefined for domains, users' types and quoted names: only a server knows. */
export function timeKind(type: string): TimeKind | undefined {
    const bare = bareType(type);
    if (TIMES.includes(bare)) {
        return "time";
    }
    if (Object.hasOwn(INTEGERS, bare)) {
        return "integer";
    }
    return bare === "[]" || OTHERS.has(bare) ? "other" : undefined;
}

/** The greatest value of an integer type; Infinity for bigint, and for what is no integer. */
export function greatestOf(type: string): number {
    const bare = bareType(type);
    return Object.hasOwn(INTEGERS, bare) ? (INTEGERS[bare] ?? Infinity) : Infinity;
}
