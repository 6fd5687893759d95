/** What is particular to one kind of resource; the rest is the same for all of them, in handler.ts and operation.ts. */
import type { EngineName } from "../engines/inputs";
import type { Engine, ResourceEngine } from "../engines/engine";
import type { Servers } from "../engines/run/servers";
import type { PendingClusters } from "./planning/pendingClusters";
import type { CheckFailure, Schema, Values } from "./schema";

/** What is particular to one kind of resource. */
export interface Kind<Inputs, Computed extends { readonly engine: EngineName }> {
    readonly schema: Schema<Inputs>;
    /** Names one resource in messages: `data node "dn1"`. Also called with values that no check has seen. */
    label(inputs: Inputs): string;
    /** Failures that take more than one property to see. */
    checkTogether?(inputs: Values): CheckFailure[];
    /** The engine that the program names for it, as far as the inputs tell. */
    namedEngine?(inputs: Values): EngineName | undefined;
    /** Replacements that take more than one property, or the outputs, to see. */
    replaces?(olds: Values, news: Values): string[];
    /** Whether a replacement deletes the old resource first, because both would have the same name. */
    deletesFirst: boolean;
    servers(inputs: Inputs): Servers;
    /** The engine of a resource that has no outputs yet. */
    engine(servers: Servers, inputs: Inputs): Promise<Engine>;
    /** Waits, at create, for servers that are still starting. */
    waitForServers(servers: Servers, inputs: Inputs): Promise<void>;
    resource(engine: Engine): ResourceEngine<Inputs, Computed, unknown>;
    id(inputs: Inputs, computed: Computed): string;
    /** What is known of a resource whose create was interrupted before it could be described; undefined: too little. */
    halfMade(inputs: Inputs, engine: EngineName): Computed | undefined;
    /** Notes what its create adds to a pending cluster. */
    announce?(pending: PendingClusters, engine: Engine, inputs: Inputs): void;
    /** Refuses an update that neither the server nor the check can refuse. */
    refuseUpdate?(last: Inputs & Computed, inputs: Inputs): void;
}
