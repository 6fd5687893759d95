import type * as pulumi from "@pulumi/pulumi";
import type { EngineChoice, EngineName, TimescaledbChoice } from "../engines/inputs";
import type { Connection } from "../postgres/connection";
import { secretConnection, type ConnectionArgs } from "./connection";
import { TimescaleResource, typeToken } from "./loader";

/** The inputs of an {@link AccessNode}. */
export interface AccessNodeArgs {
    /** How the provider reaches the server. A change is an update without DDL. */
    connection: pulumi.Input<ConnectionArgs>;
    /** The database through which clients reach the cluster. Example: `"multinode"`. A change replaces. */
    database: pulumi.Input<string>;
    /**
     * The engine: TimescaleDB's own multi-node (2.0 to 2.13), or postgres_fdw (PostgreSQL 14 and later). Default:
     * `"auto"`, by what the server has; resolved once, at create. Another engine needs another `database` as well.
     */
    engine?: pulumi.Input<EngineChoice>;
    /** Whether the database gets the timescaledb extension. Default: `"auto"`, where it can be had. */
    timescaledb?: pulumi.Input<TimescaledbChoice>;
    /** Takes over a database that exists instead of failing; delete then keeps it. Default: false. */
    adopt?: pulumi.Input<boolean>;
    /** Lets delete drop a database that holds what is not this stack's. Default: false. */
    forceDestroy?: pulumi.Input<boolean>;
}

/**
 * The database through which clients reach a distributed TimescaleDB.
 *
 * @throws PREFLIGHT_FAILED with every failing item, ALREADY_EXISTS for a database that is not this resource's
 * @see docs/resources/access-node.md
 */
export class AccessNode extends TimescaleResource {
    /** @internal */
    static readonly __pulumiType = typeToken("AccessNode");

    declare readonly connection: pulumi.Output<Connection>;
    declare readonly database: pulumi.Output<string>;
    /** The engine that was chosen. */
    declare readonly engine: pulumi.Output<EngineName>;
    /** For example `"15.18"`. */
    declare readonly postgresVersion: pulumi.Output<string>;
    /** For example `"2.13.1"`; null without TimescaleDB. */
    declare readonly timescaledbVersion: pulumi.Output<string | null>;
    /** The cluster's identity, a uuid; also the resource's id. */
    declare readonly clusterId: pulumi.Output<string>;
    /** What was made, and so what delete drops. */
    declare readonly created: pulumi.Output<{ database: boolean }>;

    constructor(name: string, args: AccessNodeArgs, opts?: pulumi.CustomResourceOptions) {
        const computed = {
            postgresVersion: undefined,
            timescaledbVersion: undefined,
            clusterId: undefined,
            created: undefined,
        };
        const properties = {
            ...computed,
            ...args,
            engine: args.engine ?? "auto",
            connection: secretConnection(args.connection),
            requestedEngine: undefined,
        };
        super(name, { type: AccessNode.__pulumiType, handler: "accessNode", properties }, opts);
        if (args.engine !== undefined) {
            namedEngines.set(this, args.engine);
        }
    }

    /** Whether a value is an AccessNode, also one of another copy of this package. */
    static override isInstance(value: unknown): value is AccessNode {
        return (value as { __pulumiType?: unknown } | undefined)?.__pulumiType === AccessNode.__pulumiType;
    }
}

const namedEngines = new WeakMap<AccessNode, pulumi.Input<EngineChoice>>();

/**
 * What a child's inputs hold of its access node: only outputs that echo inputs, and the id. The engine as the program
 * wrote it is for the child's check, which drops it.
 */
export function accessNodeReference(accessNode: AccessNode): pulumi.Inputs {
    return {
        id: accessNode.id,
        connection: accessNode.connection,
        database: accessNode.database,
        engine: namedEngines.get(accessNode),
    };
}
