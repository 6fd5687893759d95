/** Stands in for the part of Pulumi's engine that takes log lines, and keeps them. */
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";

/** One line in a resource's row. */
export interface LogLine {
    readonly severity: "info" | "warning" | "other";
    readonly text: string;
    readonly urn: string;
    readonly ephemeral: boolean;
}

/** A log that listens on a free port. */
export interface EngineLog {
    readonly address: string;
    readonly lines: readonly LogLine[];
    stop(): void;
}

export async function startEngineLog(): Promise<EngineLog> {
    const lines: LogLine[] = [];
    const server = new Server();
    const unused = (): never => {
        throw new Error("not called in these tests");
    };
    server.addService(EngineService, {
        log({ request }: ServerUnaryCall<LogRequest, Empty>, done: sendUnaryData<Empty>) {
            lines.push({
                severity: ({ 1: "info", 2: "warning" } as const)[request.getSeverity() as 1 | 2] ?? "other",
                text: request.getMessage(),
                urn: request.getUrn(),
                ephemeral: request.getEphemeral(),
            });
            done(null, new Empty());
        },
        getRootResource: unused,
        setRootResource: unused,
        startDebugging: unused,
        requirePulumiVersion: unused,
    });
    const port = await new Promise<number>((resolve, reject) =>
        server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
            error === null ? resolve(bound) : reject(error),
        ),
    );
    return { address: `127.0.0.1:${port}`, lines, stop: () => server.forceShutdown() };
}
