/** The inputs that every resource shares: how a server is reached, whose child a resource is, what it may destroy. */
import type { AccessNodeReference, EngineChoice, EngineName } from "../engines/inputs";
import { ProviderError } from "../errors";
import { SSL_MODES, type Connection } from "../postgres/connection";
import { waitUntilReady } from "../postgres/pool";
import { serverError } from "../postgres/sqlState";
import { host } from "../validation/host";
import {
    bool,
    identifier,
    integer,
    object,
    oneOf,
    seconds,
    text,
    type PropertyShape,
    type Shape,
} from "../validation/shapes";
import type { Property } from "./schema";

/** The properties of a connection, with their defaults. */
export const CONNECTION_PROPERTIES: Readonly<Record<keyof Connection, PropertyShape & { readonly doc: string }>> = {
    host: {
        shape: host,
        required: true,
        doc: "Host name, IP address, or a unix socket's folder.",
    },
    port: { shape: integer(1, 65535), default: 5432, doc: "TCP port." },
    user: {
        shape: identifier(),
        default: "postgres",
        doc: "Role; the rights it needs are in docs/operations/rights.md.",
    },
    password: {
        shape: text("a password", { secret: true }),
        doc: "Absent: `PGPASSWORD` or `PGPASSFILE`, as libpq has them.",
    },
    maintenanceDatabase: { shape: identifier(), default: "postgres", doc: "Where CREATE DATABASE is issued." },
    sslMode: { shape: oneOf(SSL_MODES), default: "prefer", doc: "libpq's sslmode, word for word." },
    sslRootCert: { shape: text("a PEM text"), doc: "Certificates of the authorities to trust, as PEM text." },
    sslCert: { shape: text("a PEM text"), doc: "Client certificate, as PEM text." },
    sslKey: { shape: text("a PEM text", { secret: true }), doc: "Client key, as PEM text." },
    connectTimeoutSeconds: { shape: seconds({ zero: false }), default: 10, doc: "Seconds for one attempt to connect." },
    readyTimeoutSeconds: {
        shape: seconds({ zero: true }),
        default: 120,
        doc: "Seconds to wait, at create, for a server that is still starting; 0 = one attempt.",
    },
    statementTimeoutSeconds: {
        shape: seconds({ zero: true }),
        default: 0,
        doc: "Seconds for one statement; 0 = no limit.",
    },
    lockTimeoutSeconds: {
        shape: seconds({ zero: true }),
        default: 60,
        doc: "Seconds to wait for a lock; 0 = no limit.",
    },
};

/** A connection. */
export const connectionShape: Shape = object(CONNECTION_PROPERTIES);

/** What every resource's table ends with. */
export const COMMON_PROPERTIES = {
    forceDestroy: {
        shape: bool,
        default: false,
        effect: "updates",
        doc: "Lets delete destroy rows, and what is not this resource's. Takes effect with the `up` before the one that deletes.",
    },
    adopt: {
        shape: bool,
        default: false,
        effect: "acts only at create",
        doc: "Takes over what exists already instead of failing; delete then keeps it.",
    },
    logicalUrn: { shape: text("a URN", { empty: true }), default: "", effect: "updates", doc: "" },
} as const satisfies Record<string, Property>;

/** What a program may write for an engine. */
export const ENGINE_CHOICES: readonly EngineChoice[] = ["auto", "multinode", "fdw"];

/** The access node that a child belongs to. Only its id decides: a changed connection is another way to the same one. */
export const accessNodeProperty: Property = {
    shape: object({
        id: { shape: text("the id of an access node"), required: true },
        connection: { shape: connectionShape, required: true },
        database: { shape: identifier(), required: true },
        engine: { shape: oneOf(ENGINE_CHOICES), checkOnly: true },
    }),
    required: true,
    effect: "replaces",
    identity: (value) => (value as Partial<AccessNodeReference> | undefined)?.id ?? value,
    doc: "The AccessNode that this belongs to.",
};

/** The engine that the program wrote for a child's access node; undefined where the server decides, or it is not known. */
export function namedEngine(accessNode: unknown): EngineName | undefined {
    const { engine } = (accessNode ?? {}) as { engine?: unknown };
    return engine === "fdw" || engine === "multinode" ? engine : undefined;
}

const NO_WAY = ["ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH"];

/**
 * Waits for a server to answer, for as long as its connection says.
 *
 * @param stated false where the way was derived from what the access node uses: then a name or an address that cannot
 * be reached from here means that the provider has no way to the server, and waiting for it would be in vain
 */
export async function waitForServer(connection: Connection, stated: boolean): Promise<void> {
    if (!stated) {
        try {
            return await waitUntilReady({ ...connection, readyTimeoutSeconds: 0 }, connection.maintenanceDatabase);
        } catch (error) {
            if (
                !(error instanceof ProviderError) ||
                !error.transient ||
                NO_WAY.includes(serverError(error)?.code ?? "")
            ) {
                return;
            }
        }
    }
    await waitUntilReady(connection, connection.maintenanceDatabase);
}
