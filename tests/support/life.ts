/**
 * A resource as Pulumi's engine keeps it: check, diff and the operation in the engine's order, with the state in
 * between going through JSON as it does there. Every integration case lives its whole life through this.
 */
import { accessNode, dataNode, distributedHypertable } from "../../provider/handlers";
import type { DiffAnswer, Handler } from "../../provider/handlers/handler";
import type { TestCluster } from "./servers";

type Values = Record<string, unknown>;

/** One resource and its state. */
export class LiveResource {
    id: string | undefined;
    inputs: Values = {};
    outputs: Values = {};

    constructor(
        private readonly handler: Handler,
        readonly name: string,
    ) {}

    /** check and create; the resource must not be there. */
    async create(values: Values): Promise<Values> {
        const inputs = await this.checked({}, values);
        const { id, outs } = await this.handler.create(inputs);
        this.keep(id, inputs, outs);
        return this.outputs;
    }

    /** check, diff and, where the diff asks for no replacement, update. */
    async update(values: Values): Promise<Values> {
        const inputs = await this.checked(this.inputs, values);
        const diff = await this.handler.diff(this.required(), this.outputs, inputs);
        expect(diff.replaces).toEqual([]);
        const { outs } = await this.handler.update(this.required(), this.outputs, inputs);
        this.keep(this.required(), inputs, outs);
        return this.outputs;
    }

    /**
     * What `pulumi up` does: makes it, or updates it where it is there or half-made. A failure is thrown, and what Pulumi
     * keeps of it is kept.
     */
    async up(values: Values): Promise<Values> {
        const inputs = await this.checked(this.inputs, values);
        try {
            const { id, outs } =
                this.id === undefined
                    ? await this.handler.create(inputs)
                    : { id: this.id, ...(await this.handler.update(this.id, this.outputs, inputs)) };
            this.keep(id, inputs, outs);
        } catch (error) {
            const { id, properties } = error as { id?: string; properties?: object };
            if (id !== undefined && properties !== undefined) {
                this.keep(id, inputs, properties);
            }
            throw error;
        }
        return this.outputs;
    }

    /** What a preview of these inputs would say. */
    async diff(values: Values): Promise<DiffAnswer> {
        return this.handler.diff(this.required(), this.outputs, await this.checked(this.inputs, values));
    }

    /** What a refresh finds, and keeps; undefined: it is gone. */
    async refresh(): Promise<Values | undefined> {
        const { id, props, inputs } = await this.handler.read(this.required(), this.outputs);
        if (id === undefined || props === undefined || inputs === undefined) {
            return undefined;
        }
        this.keep(id, inputs, props);
        return this.inputs;
    }

    /** Asserts that a refresh finds just what was asked for, and that nothing is left to do. */
    async expectNoDrift(): Promise<void> {
        const { props, inputs } = await this.handler.read(this.required(), this.outputs);
        expect(inputs).toEqual(this.inputs);
        expect(props?.incomplete).toBeUndefined();
        expect(props).toEqual(this.outputs);
        const diff = await this.handler.diff(this.required(), this.outputs, this.inputs);
        expect(diff).toEqual({ changes: undefined, replaces: [], deleteBeforeReplace: false });
    }

    /** Deletes it, with the outputs that the last operation left. */
    async delete(): Promise<void> {
        await this.handler.delete(this.required(), this.outputs);
        this.id = undefined;
    }

    private async checked(olds: Values, values: Values): Promise<Values> {
        const { inputs, failures } = await this.handler.check(olds, {
            logicalUrn: `urn:test::${this.name}`,
            ...values,
        });
        expect(failures).toEqual([]);
        return roundTrip(inputs);
    }

    private keep(id: string, inputs: object, outputs: object): void {
        this.id = id;
        this.inputs = roundTrip(inputs);
        this.outputs = roundTrip(outputs);
    }

    private required(): string {
        if (this.id === undefined) {
            throw new Error(`${this.name} is not there`);
        }
        return this.id;
    }
}

function roundTrip(values: object): Values {
    return JSON.parse(JSON.stringify(values)) as Values;
}

/** The columns of the tutorial's table. */
export const CONDITIONS_COLUMNS = [
    { name: "time", type: "timestamptz", nullable: false },
    { name: "device", type: "integer" },
    { name: "temp", type: "double precision" },
];

/** Resources on a test cluster, with the inputs that its servers need. */
export class LiveCluster {
    readonly access = new LiveResource(accessNode, "access");

    constructor(
        readonly cluster: TestCluster,
        readonly database: string,
    ) {}

    connectionOf(server: TestCluster["access"]): Values {
        const { host, port, user, password } = server;
        return { host, port, user, readyTimeoutSeconds: 0, ...(password ? { password } : {}) };
    }

    accessValues(values: Values = {}): Values {
        return { connection: this.connectionOf(this.cluster.access), database: this.database, ...values };
    }

    /** What a child's inputs hold of the access node, once it is there. */
    reference(): Values {
        return { id: this.access.id, connection: this.access.outputs.connection, database: this.database };
    }

    /** Inputs of the i-th data node, named dn1, dn2, ... */
    nodeValues(index: number, values: Values = {}): Values {
        const server = this.server(index);
        const { host, port, password } = server;
        return {
            accessNode: this.reference(),
            nodeName: `dn${index + 1}`,
            host,
            port,
            connection: this.connectionOf(server),
            ...(password ? { password } : {}),
            ...values,
        };
    }

    node(index: number): LiveResource {
        return new LiveResource(dataNode, `dn${index + 1}`);
    }

    hypertable(name: string): LiveResource {
        return new LiveResource(distributedHypertable, name);
    }

    /** Inputs of a table on all data nodes, the tutorial's unless told otherwise. */
    tableValues(tableName: string, values: Values = {}): Values {
        const names = this.cluster.nodes.map((_server, index) => `dn${index + 1}`);
        return {
            accessNode: this.reference(),
            tableName,
            dataNodes: names,
            nodes: Object.fromEntries(
                names.map((nodeName, index) => {
                    const { host, port, password } = this.server(index);
                    const connection = this.connectionOf(this.server(index));
                    return [nodeName, { host, port, connection, ...(password ? { password } : {}) }];
                }),
            ),
            columns: CONDITIONS_COLUMNS,
            timeColumn: "time",
            partitioningColumn: "device",
            ...values,
        };
    }

    private server(index: number): TestCluster["access"] {
        const server = this.cluster.nodes[index];
        if (server === undefined) {
            throw new Error(`the test cluster has no data node ${index}`);
        }
        return server;
    }
}
