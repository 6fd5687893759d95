/**
 * The SDK's own process for dynamic providers, and a client that calls it as Pulumi's engine does. It runs in a folder
 * of its own, as a user's program does, where node_modules links to this repository.
 */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { credentials, type ServiceError } from "@grpc/grpc-js";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import {
    CheckRequest,
    type CheckResponse,
    ConfigureRequest,
    CreateRequest,
    type CreateResponse,
    DeleteRequest,
    DiffRequest,
    DiffResponse,
    ErrorResourceInitFailed,
    ReadRequest,
    type ReadResponse,
    UpdateRequest,
    type UpdateResponse,
} from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

const REPOSITORY = path.join(__dirname, "..", "..");
const CALL_TIMEOUT_MS = 60_000;

/** Properties as they travel. */
export type Values = Record<string, unknown>;

/** What a failed call says. */
export interface CallError extends Error {
    /** What the engine saves of a half-made resource. */
    readonly halfMade?: { readonly id: string; readonly properties: Values; readonly reasons: readonly string[] };
}

/** What the engine makes of a diff. */
export interface Diff {
    readonly changes: keyof typeof DiffResponse.DiffChanges;
    readonly replaces: readonly string[];
    readonly deleteBeforeReplace: boolean;
}

type Callback<Response> = (error: ServiceError | null, response: Response) => void;

/** A running process. */
export class DynamicProvider {
    private constructor(
        private readonly child: ChildProcessByStdio<null, Readable, Readable>,
        private readonly client: ResourceProviderClient,
        private readonly folder: string,
        /** What the process wrote, line by line; Pulumi shows it. */
        readonly lines: readonly string[],
    ) {}

    /** @param engine the address of Pulumi's engine; port 1 is nobody's */
    static async start(engine = "127.0.0.1:1"): Promise<DynamicProvider> {
        const folder = mkdtempSync(path.join(os.tmpdir(), "pulumi-timescaledb-contract-"));
        mkdirSync(path.join(folder, "node_modules"));
        symlinkSync(REPOSITORY, path.join(folder, "node_modules", "pulumi-timescaledb"));
        const script = require.resolve("@pulumi/pulumi/cmd/dynamic-provider");
        const child = spawn(process.execPath, [script, engine], { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
        const lines: string[] = [];
        createInterface(child.stderr).on("line", (line) => lines.push(line));
        const output = createInterface(child.stdout);
        const [port] = (await Promise.race([once(output, "line"), once(child, "exit")])) as [unknown];
        if (typeof port !== "string") {
            throw new Error(`the provider's process ended: ${lines.join("\n")}`);
        }
        output.on("line", (line) => lines.push(line));
        const client = new ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
        const provider = new DynamicProvider(child, client, folder, lines);
        await provider.call((done) => client.configure(new ConfigureRequest().setArgs(struct({})), done));
        return provider;
    }

    get pid(): number | undefined {
        return this.child.pid;
    }

    /** Ends the process as the engine does. */
    async stop(): Promise<void> {
        this.client.close();
        if (this.child.exitCode === null && this.child.signalCode === null) {
            const ended = once(this.child, "exit");
            this.child.kill("SIGINT");
            await ended;
        }
        rmSync(this.folder, { recursive: true });
    }

    async check(olds: Values, news: Values): Promise<{ inputs: Values; failures: string[] }> {
        const request = new CheckRequest().setOlds(struct(olds)).setNews(struct(news));
        const response = await this.call<CheckResponse>((done) => this.client.check(request, done));
        return {
            inputs: values(response.getInputs()),
            failures: response.getFailuresList().map((each) => `${each.getProperty()}: ${each.getReason()}`),
        };
    }

    async diff(id: string, olds: Values, news: Values): Promise<Diff> {
        const request = new DiffRequest().setId(id).setOlds(struct(olds)).setNews(struct(news));
        const response = await this.call<DiffResponse>((done) => this.client.diff(request, done));
        const names = Object.entries({ ...DiffResponse.DiffChanges }) as unknown as [Diff["changes"], number][];
        return {
            changes: names.find(([, value]) => value === Number(response.getChanges()))?.[0] ?? "DIFF_UNKNOWN",
            replaces: response.getReplacesList(),
            deleteBeforeReplace: response.getDeletebeforereplace(),
        };
    }

    async create(inputs: Values): Promise<{ id: string; outs: Values }> {
        const request = new CreateRequest().setProperties(struct(inputs));
        const response = await this.call<CreateResponse>((done) => this.client.create(request, done));
        return { id: response.getId(), outs: values(response.getProperties()) };
    }

    async read(id: string, props: Values): Promise<{ id: string; props: Values; inputs: Values }> {
        const request = new ReadRequest().setId(id).setProperties(struct(props));
        const response = await this.call<ReadResponse>((done) => this.client.read(request, done));
        return { id: response.getId(), props: values(response.getProperties()), inputs: values(response.getInputs()) };
    }

    async update(id: string, olds: Values, news: Values): Promise<Values> {
        const request = new UpdateRequest().setId(id).setOlds(struct(olds)).setNews(struct(news));
        return values((await this.call<UpdateResponse>((done) => this.client.update(request, done))).getProperties());
    }

    async delete(id: string, props: Values): Promise<void> {
        const request = new DeleteRequest().setId(id).setProperties(struct(props));
        await this.call((done) => this.client.delete(request, done));
    }

    /** A call that must be answered: one that hangs would hang a user's run for ever. */
    private async call<Response>(send: (done: Callback<Response>) => void): Promise<Response> {
        let clock: NodeJS.Timeout | undefined;
        const late = new Promise<never>((_resolve, reject) => {
            clock = setTimeout(() => reject(new Error("the call was not answered")), CALL_TIMEOUT_MS);
        });
        const answer = new Promise<Response>((resolve, reject) =>
            send((error, response) => (error === null ? resolve(response) : reject(callError(error)))),
        );
        return Promise.race([answer, late]).finally(() => clearTimeout(clock));
    }
}

function callError(error: ServiceError): CallError {
    const message = error.details;
    const [details] = error.metadata.get("grpc-status-details-bin");
    if (!Buffer.isBuffer(details)) {
        return new Error(message);
    }
    const [any] = Status.deserializeBinary(details).getDetailsList();
    const failed = ErrorResourceInitFailed.deserializeBinary(any?.getValue_asU8() ?? new Uint8Array());
    const halfMade = {
        id: failed.getId(),
        properties: values(failed.getProperties()),
        reasons: failed.getReasonsList(),
    };
    return Object.assign(new Error(message), { halfMade });
}

function struct(plain: Values): Struct {
    return Struct.fromJavaScript(JSON.parse(JSON.stringify(plain)) as Parameters<typeof Struct.fromJavaScript>[0]);
}

function values(properties: Struct | undefined): Values {
    return properties?.toJavaScript() ?? {};
}
