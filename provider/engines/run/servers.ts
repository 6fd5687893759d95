/**
 * The servers that one operation may touch, by name, and short leases of sessions on them.
 *
 * A lease is held for one batch of statements only; the one session that is held for a whole operation is the one that
 * holds its locks (see apply.ts). So no operation waits for a session while it keeps another from one.
 */
import { address, type Connection } from "../../postgres/connection";
import { withSession, type Session } from "../../postgres/pool";

/** The name by which steps call the access node's server. Data nodes are called by their node name. */
export const ACCESS = "access node";

/** Where a statement runs: a server by name, and a database on it. */
export interface Place {
    readonly server: string;
    readonly database: string;
}

/** One server: how the provider reaches it. */
export interface ServerAccess {
    readonly connection: Connection;
    /** The cluster's database on it. */
    readonly database: string;
    /** The input of a DataNode that holds the connection's password; undefined: it is the access node's own server. */
    readonly passwordFrom?: "connection.password" | "accessNode.connection.password";
}

/** The access node and the data nodes that an operation may touch. */
export class Servers {
    private readonly answers = new Map<string, Promise<unknown>>();

    constructor(
        readonly access: ServerAccess,
        readonly nodes: Readonly<Record<string, ServerAccess>>,
        private readonly held?: { readonly place: Place; readonly session: Session },
    ) {}

    /** What several parts of one operation ask: read for the first of them, which answers the others. */
    async once<T>(key: string, read: () => Promise<T>): Promise<T> {
        const known = this.answers.get(key) ?? read();
        this.answers.set(key, known);
        return known as Promise<T>;
    }

    /** The same servers, with one session that is held already and serves its place. */
    holding(place: Place, session: Session): Servers {
        return new Servers(this.access, this.nodes, { place, session });
    }

    /** The server of a place, or undefined for a node that the provider has no way to. */
    find(server: string): ServerAccess | undefined {
        return server === ACCESS ? this.access : Object.hasOwn(this.nodes, server) ? this.nodes[server] : undefined;
    }

    /** The cluster's database on a server. */
    cluster(server: string): Place {
        return { server, database: this.get(server).database };
    }

    /** The database from which databases are made and dropped. */
    maintenance(server: string): Place {
        return { server, database: this.get(server).connection.maintenanceDatabase };
    }

    /** `data node dn1 (data1.example.com:5432)`, as messages name a server. */
    label(server: string): string {
        const found = this.find(server);
        const name = server === ACCESS ? ACCESS : `data node ${server}`;
        return found === undefined ? name : `${name} (${address(found.connection)})`;
    }

    /**
     * Runs a few statements on a place.
     *
     * @param discard end the session afterwards instead of keeping it: what it cached (connections to data nodes,
     * an extension's library) must not outlive the operation
     */
    async on<T>(place: Place, use: (session: Session) => Promise<T>, discard = false): Promise<T> {
        if (this.held?.place.server === place.server && this.held.place.database === place.database) {
            return use(this.held.session);
        }
        return withSession(this.get(place.server).connection, place.database, use, { discard });
    }

    private get(server: string): ServerAccess {
        const found = this.find(server);
        if (found === undefined) {
            throw new Error(`no way to ${server} is known`);
        }
        return found;
    }
}
