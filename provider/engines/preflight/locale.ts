/** Checks of encoding and collation: the databases of one cluster must write, compare and sort text alike. */
import { identifier, literal } from "../../postgres/sql";
import type { Problem } from "../engine";
import type { DatabaseLocale } from "../marks/database";
import { problem } from "./checks";
import type { LocaleFacts, ServerFacts } from "./serverFacts";

/** The statement, for a remedy, that makes a database of a locale. */
export function createDatabase(name: string, { encoding, collation, characterType }: DatabaseLocale): string {
    return `CREATE DATABASE ${identifier(name)} TEMPLATE template0 ENCODING ${literal(encoding)} LC_COLLATE ${literal(collation)} LC_CTYPE ${literal(characterType)}`;
}

/** Without an encoding the server takes any bytes as text, and its functions treat each byte as a character. */
export function checkEncoding(server: string, name: string, { encoding }: LocaleFacts): Problem[] {
    const utf8 = { encoding: "UTF8", collation: "C", characterType: "C" };
    return encoding !== "SQL_ASCII"
        ? []
        : [
              problem(server, {
                  severity: "warning",
                  check: "sql_ascii",
                  what: "the cluster's databases have the encoding SQL_ASCII: any bytes pass as text, and length(), upper() and LIKE go by bytes",
                  remedy: `${createDatabase(name, utf8)}, with adopt: true in the program; or initdb --encoding=UTF8`,
              }),
          ];
}

/** The remedy for a database that the program calls prepared, and that is not. */
export function notPrepared(server: string, name: string, locale: LocaleFacts, what: string, then = ""): Problem {
    return problem(server, {
        check: "not_prepared",
        what: `${what}, although bootstrap: false says that it is prepared`,
        remedy: `${createDatabase(name, locale)}${then}; or leave bootstrap out`,
    });
}

/** An existing database must have the access node's locale. */
export function checkSameLocale(server: string, name: string, found: LocaleFacts, wanted: LocaleFacts): Problem[] {
    const differing = (
        [
            ["encoding", "encoding", found.encoding, wanted.encoding],
            ["collation", "collation", found.collation, wanted.collation],
            ["character_type", "character type (LC_CTYPE)", found.characterType, wanted.characterType],
        ] as const
    ).filter(([, , has, needs]) => has !== needs);
    return differing.map(([check, word, has, needs]) =>
        problem(server, {
            check,
            what: `database "${name}" has the ${word} ${has}, the access node's has ${needs}`,
            remedy: `Make it anew: ${createDatabase(name, wanted)}`,
        }),
    );
}

/** A new database gets the access node's locale: the node's system must have it. */
export function checkLocaleExists(server: string, facts: ServerFacts, wanted: LocaleFacts): Problem[] {
    const known = [...facts.collations, facts.defaults.collation, facts.defaults.characterType].map(plainLocale);
    const missing = [...new Set([wanted.collation, wanted.characterType])].filter(
        (locale) => !["C", "POSIX"].includes(locale) && !known.includes(plainLocale(locale)),
    );
    return missing.map((locale) =>
        problem(server, {
            severity: "warning",
            check: "locale",
            what: `the locale ${locale} of the access node's database seems to be missing`,
            remedy: "Install it in the operating system if creating the database fails",
            restart: true,
        }),
    );
}

/** Indexes and merged results rely on one order of text. */
export function checkCollationVersion(server: string, found: LocaleFacts, wanted: LocaleFacts): Problem[] {
    const [has, needs] = [found.collationVersion, wanted.collationVersion];
    return has === null || needs === null || has === needs || found.collation !== wanted.collation
        ? []
        : [
              problem(server, {
                  severity: "warning",
                  check: "collation_version",
                  what: `its system sorts text by version ${has} of ${found.collation}, the access node's by ${needs}`,
                  remedy: 'Run both on the same release of the operating system, or use the collation "C"',
              }),
          ];
}

/** glibc lists en_US.UTF-8 as en_US.utf8. */
function plainLocale(name: string): string {
    return name.toLowerCase().replaceAll("-", "");
}
