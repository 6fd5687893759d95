/**
 * Transactions across nodes that nobody ends. A crash or a cut connection between PREPARE and COMMIT PREPARED leaves a
 * data node's part prepared: it holds its locks, and a statement that meets them waits for ever. The access node says
 * nothing of it, not even to the statement that committed, and nothing in TimescaleDB ends it by itself.
 */
import { ProviderError } from "../../errors";
import type { Session } from "../../postgres/pool";
import { literal } from "../../postgres/sql";
import { SQLSTATE } from "../../postgres/sqlState";
import { at, type Step } from "../step";
import { attempt } from "../run/reach";
import type { Place, Servers } from "../run/servers";
import { snapshot } from "../run/snapshot";
import type { Purpose } from "../engine";
import type { ClusterState } from "./cluster";
import { pingNodes, planHeal } from "./liveness";

/** What is prepared on data nodes. */
export interface InDoubt {
    /** Nodes that the access node reaches, with transactions that their access node has ended. */
    readonly left: readonly string[];
    /** Such transactions on nodes that only the provider reaches. */
    readonly stranded: readonly Stranded[];
    /** Nodes with transactions of sessions that are still at work. */
    readonly underWay: readonly string[];
    /** Nodes that the provider does not reach. */
    readonly unseen: readonly string[];
}

/** A prepared transaction that the access node cannot end. */
export interface Stranded {
    readonly place: Place;
    readonly id: string;
    /** Whether the access node committed its own part. */
    readonly committed: boolean;
}

/** Nothing is prepared anywhere. */
export const NO_DOUBT: InDoubt = { left: [], stranded: [], underWay: [], unseen: [] };

interface Prepared {
    readonly node: string;
    /** undefined: the node was not reached. */
    readonly ids: readonly string[] | undefined;
}

/**
 * Looks for prepared transactions on data nodes.
 *
 * @param session on the access node's database. It is asked after the data nodes: a session keeps the lock of its
 * transaction until the data nodes have answered its COMMIT PREPARED, so what was seen prepared and has no lock any
 * more is in doubt, whatever its age.
 */
export async function observeInDoubt(
    session: Session,
    servers: Servers,
    { versions }: ClusterState,
    nodes: readonly string[],
    purpose: Purpose,
): Promise<InDoubt> {
    const found = await Promise.all(nodes.map((node) => preparedOn(servers, node, purpose)));
    const ids = found.flatMap((each) => each.ids ?? []);
    const unseen = found.filter((each) => each.ids === undefined).map(({ node }) => node);
    if (ids.length === 0) {
        return { ...NO_DOUBT, unseen };
    }
    const rows = await session.query<{ id: string; under_way: boolean; committed: boolean }>(
        `SELECT p.id,
                EXISTS (SELECT FROM pg_catalog.pg_locks l
                         WHERE l.locktype = 'transactionid'
                           AND l.transactionid::text = split_part(p.id, '-', 3)) AS under_way,
                EXISTS (SELECT FROM _timescaledb_catalog.remote_txn t
                         WHERE t.remote_transaction_id::text = p.id) AS committed
           FROM unnest($1::text[]) AS p (id)`,
        [ids],
    );
    const known = new Map(rows.map((row) => [row.id, row]));
    const isLeft = (id: string): boolean => known.get(id)?.under_way === false;
    const withLeft = found.filter((each) => each.ids?.some(isLeft)).map(({ node }) => node);
    const reached = await pingNodes(session, versions, withLeft);
    return {
        left: withLeft.filter((node) => reached.has(node)),
        stranded: found.flatMap((each) =>
            reached.has(each.node)
                ? []
                : (each.ids ?? []).filter(isLeft).map((id) => ({
                      place: servers.cluster(each.node),
                      id,
                      committed: known.get(id)?.committed === true,
                  })),
        ),
        underWay: found.filter((each) => each.ids?.some((id) => !isLeft(id))).map(({ node }) => node),
        unseen,
    };
}

async function preparedOn(servers: Servers, node: string, purpose: Purpose): Promise<Prepared> {
    if (servers.find(node) === undefined) {
        return { node, ids: undefined };
    }
    const place = servers.cluster(node);
    const read = (): Promise<readonly string[]> => servers.on(place, readPrepared);
    const ids = await attempt(() => (purpose === "read" ? snapshot(servers, place, "prepared", read) : read()));
    return { node, ids: ids instanceof ProviderError ? undefined : ids };
}

async function readPrepared(session: Session): Promise<readonly string[]> {
    const rows = await session.query<{ id: string }>(
        `SELECT x.gid AS id FROM pg_catalog.pg_prepared_xacts x
          WHERE x.database = current_database() AND x.gid LIKE 'ts-%'
          ORDER BY x.gid`,
    );
    return rows.map(({ id }) => id);
}

/** The steps that end what is in doubt, as the access node decided it. */
function planEndInDoubt(on: Place, cluster: ClusterState, { left, stranded }: InDoubt): Step[] {
    return [
        ...planHeal(on, cluster, left),
        ...stranded.flatMap(({ place, id, committed }) =>
            at(place, [
                {
                    name: `${committed ? "commit" : "roll back"} prepared transaction ${id}`,
                    why: `the access node ${committed ? "committed" : "did not commit"} it and does not reach ${place.server}`,
                    sql: `${committed ? "COMMIT" : "ROLLBACK"} PREPARED ${literal(id)}`,
                    tolerates: [SQLSTATE.UNDEFINED_OBJECT],
                },
            ]),
        ),
    ];
}

/**
 * Steps that change data nodes, with what must be ended before and after them: nothing may wait for what is in doubt,
 * and on a node that the provider does not see only the access node can look for it.
 */
export function withoutDoubt(
    on: Place,
    cluster: ClusterState,
    { left, stranded, underWay, unseen }: InDoubt,
    steps: readonly Step[],
): Step[] {
    const ended = planEndInDoubt(on, cluster, {
        ...NO_DOUBT,
        stranded,
        left: steps.length === 0 ? left : [...new Set([...left, ...underWay, ...unseen])],
    });
    return [...ended, ...steps, ...(steps.length === 0 ? [] : planHeal(on, cluster, unseen))];
}
