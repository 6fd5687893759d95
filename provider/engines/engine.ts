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
import type { ErrorCode } from "../errors";
import { got } from "../validation/shapes";
import type { Load, LoadResult } from "./load";
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

/** An error in the user's terms. */
export interface Explanation {
    readonly code: ErrorCode;
    readonly reason: string;
    readonly remedy: string;
}

/** One statement of a plan. */
export interface Step {
    /** The SQL function's name where there is one, for example "addDataNode". */
    readonly name: string;
    /** Why it is there, in one phrase: "dn1 is not registered". */
    readonly why: string;
    readonly on: Place;
    readonly sql: string;
    /** Bound values, cast in the text ($1::interval). */
    readonly values?: readonly unknown[];
    /** What is secret in sql or values, to be hidden wherever the step is shown. */
    readonly secrets?: readonly string[];
    /** Steps that follow each other on one place and bear the same name here share one transaction. */
    readonly transaction?: string;
    /**
     * SQLSTATEs by which the server says that the step did what it is there for, that it was done before, or that the
     * steps behind it are to find another way. The next round plans from what is then there. Not inside a transaction.
     */
    readonly tolerates?: readonly string[];
    /** What the server's refusal means here, by its SQLSTATE: the error that the user gets, the server's as its cause. */
    readonly explains?: Readonly<Record<string, Explanation>>;
    /** What it destroys, if anything. */
    readonly destroys?: { readonly what: string; readonly rows?: number; readonly bytes?: number };
}

/** What is to be done, in order. An empty list of steps says that what was requested is there. */
export interface Plan {
    readonly steps: readonly Step[];
    /**
     * Why the list ends here although more will be to do: "the database's own settings are read once it is there". The
     * next round plans that. Absent: after these steps nothing is left.
     */
    readonly more?: string;
    /** What the user is to be told once: "could not clean up dn2 (server gone): database multinode stays there". */
    readonly warnings: readonly string[];
}

/** {@link Plan.more} of a plan that leaves a schema which was made for tables: whether it is empty shows only then. */
export function schemaMayFollow(name: string): { readonly more: string } {
    return { more: `schema ${name} goes as well if nothing is left in it` };
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

    /**
     * What is there. undefined: nothing of it is left anywhere.
     *
     * @param shared whether a snapshot taken earlier in this run will do (read), or the catalogue must be read now
     */
    observe(servers: Servers, request: Request<Inputs, Computed>, shared: boolean): Promise<Observed | undefined>;

    /** What observe will find in a new cluster once what goes before is made. Reads servers, changes nothing. */
    foresee(servers: Servers, request: Request<Inputs, Computed>, ahead: PendingCluster): Promise<Observed>;

    /** From what is there to what is requested. Throws a ProviderError where it is refused. Pure. */
    plan(observed: Observed | undefined, request: Request<Inputs, Computed>): Plan;

    /** From what is there to nothing. Throws a ProviderError (HOLDS_DATA, LAST_COPY, ...) where it is refused. Pure. */
    planDelete(observed: Observed | undefined, request: Request<Inputs, Computed>): Plan;

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
