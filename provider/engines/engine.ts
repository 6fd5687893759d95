/**
 * What an engine is. Handlers know this interface and nothing of what is behind it.
 *
 * Every operation is observe, plan, apply (see apply.ts). Observing reads the catalogues and changes nothing,
 * planning is a pure function, and only apply.ts executes steps.
 */
import type {
    AccessNodeComputed,
    AccessNodeInputs,
    DataNodeComputed,
    DataNodeInputs,
    DistributedHypertableComputed,
    DistributedHypertableInputs,
    EngineName,
} from "./inputs";
import { got } from "../validation/shapes";
import type { Load, LoadResult } from "./load";
import type { Plan } from "./step";
import type { Place, Servers } from "./run/servers";
import type { ClusterStatus } from "./status/status";

/** What is to be there: the inputs now, and the outputs of the last operation, if there was one. */
export interface Request<Inputs, Computed> {
    readonly inputs: Inputs;
    readonly last?: Inputs & Computed;
    /**
     * A new uuid, for an engine that has to make the cluster's id itself. Drawn by the handler once an operation, so
     * that planning stays pure.
     */
    readonly newId: string;
}

/** One item of a preflight that fails, or that the user is advised of. */
export interface Problem {
    readonly severity: "error" | "warning";
    /** A stable name, for example "max_prepared_transactions". */
    readonly check: string;
    /** Which server, as the user knows it: "data node dn1 (data1.example.com:5432)". */
    readonly server: string;
    /** What is wrong. */
    readonly what: string;
    /** The exact statement or line that mends it. */
    readonly remedy: string;
    readonly restart: boolean;
}

/** A data node as `checkServers()` is given it, before any resource exists. Its database may not be known yet. */
export interface NodeCheck extends Pick<
    DataNodeInputs,
    "nodeName" | "host" | "port" | "database" | "user" | "password" | "serverOptions"
> {
    /** Whether the provider's own way to it was given, rather than taken from host and port. */
    readonly ownConnection: boolean;
}

/** Something in a resource's inputs that an engine cannot do. */
export interface Limit {
    readonly property: string;
    /** `1`; ends "expected ... with the engine fdw". */
    readonly expected: string;
    readonly found: unknown;
    /** Why, as a clause: "each row is in one shard, on one data node". */
    readonly why: string;
}

/** `expected 1 with the engine fdw, got 2: each row is in one shard, on one data node`. */
export function limitReason({ expected, found, why }: Limit, engine: EngineName): string {
    return `expected ${expected} with the engine ${engine}, got ${found === undefined ? "nothing" : got(found)}: ${why}`;
}

/** What goes before in the same run, for a resource whose access node is not there yet. */
export interface PendingCluster {
    readonly accessNode: AccessNodeInputs;
    readonly dataNodes: readonly DataNodeInputs[];
}

/** A lock that an operation holds from before it observes until it ends; several may be asked for, taken in order. */
export interface Lock {
    readonly name: string;
    readonly shared: boolean;
}

/** What a resource is on the servers: what the program would have to say to describe it, as far as the server tells. */
export interface Description<Inputs, Computed> {
    /** The inputs as the server has them, in the user's spelling while the server's form is unchanged. */
    readonly inputs: Inputs;
    readonly computed: Computed;
}

/**
 * What an observation is for. A read takes what another resource of the same run has read from the catalogue; a change
 * reads it anew, and reads what plans alone need as well; a delete also reads what would be lost.
 */
export type Purpose = "read" | "change" | "delete";

/** How an engine makes, sees and removes one kind of resource. */
export interface ResourceEngine<Inputs, Computed, Observed> {
    /** The place whose session holds the locks, and the locks. */
    locks(request: Request<Inputs, Computed>): { readonly on: Place; readonly locks: readonly Lock[] };

    /**
     * What the engine cannot do of what is requested, as far as the inputs alone tell; some of them may be unknown yet.
     * Asked by check where the program names the engine. Absent: the inputs alone never tell.
     */
    limits?(inputs: Partial<Inputs>): readonly Limit[];

    /** Everything that would keep create from succeeding, at once. Reads only; runs before any DDL. */
    preflight(servers: Servers, request: Request<Inputs, Computed>): Promise<readonly Problem[]>;

    /** What the servers hold of it, and what surrounds it as far as a plan needs that. Reads only. */
    observe(servers: Servers, request: Request<Inputs, Computed>, purpose: Purpose): Promise<Observed>;

    /** Whether anything of the resource is there: what a read answers. */
    isThere(observed: Observed, request: Request<Inputs, Computed>): boolean;

    /** What observe will find in a new cluster once what goes before is made. Reads servers, changes nothing. */
    foresee(servers: Servers, request: Request<Inputs, Computed>, ahead: PendingCluster): Promise<Observed>;

    /** From what is there to what is requested. Throws a ProviderError where it is refused. Pure. */
    plan(observed: Observed, request: Request<Inputs, Computed>): Plan;

    /** From what is there to nothing. Throws a ProviderError (HOLDS_DATA, LAST_COPY, ...) where it is refused. Pure. */
    planDelete(observed: Observed, request: Request<Inputs, Computed>): Plan;

    /** What is there, as inputs and outputs. Only called with something there; after create the plan is empty. */
    describe(observed: Observed, request: Request<Inputs, Computed>): Description<Inputs, Computed>;
}

/** An engine: the same three resources by other means. `Observed` differs and stays inside. */
export interface Engine {
    readonly name: EngineName;
    readonly accessNode: ResourceEngine<AccessNodeInputs, AccessNodeComputed, unknown>;
    readonly dataNode: ResourceEngine<DataNodeInputs, DataNodeComputed, unknown>;
    readonly distributedHypertable: ResourceEngine<DistributedHypertableInputs, DistributedHypertableComputed, unknown>;

    /**
     * Everything that would keep a cluster from being made out of these servers, all at once. Reads only.
     *
     * @param servers the access node's database may be its maintenance database where the cluster's is not known yet
     */
    checkServers(servers: Servers, nodes: readonly NodeCheck[]): Promise<readonly Problem[]>;

    /**
     * How the cluster is. A data node that does not answer is part of it; the access node must answer.
     *
     * @param servers may lack data nodes: those are reached as they are registered
     */
    status(servers: Servers): Promise<ClusterStatus>;

    /**
     * Brings rows from outside into a table, with COPY.
     *
     * @param servers as for {@link status}
     */
    loadRows(servers: Servers, load: Load): Promise<LoadResult>;
}
