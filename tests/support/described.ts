/** A stack whose program is data: one input is changed at a time and the same program runs again. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openProject, type Project } from "./pulumi";
import { CONDITIONS_COLUMNS } from "./life";
import type { TestCluster } from "./servers";

/** Arguments of a resource; `options` are its resource options. */
export type Args = Readonly<Record<string, unknown>>;

/** The program: resources by name, children naming their access node and data nodes. */
export interface Program {
    readonly accessNodes: Readonly<Record<string, Args>>;
    readonly dataNodes: Readonly<Record<string, Args>>;
    readonly hypertables: Readonly<Record<string, Args>>;
}

/** The seed program on a test cluster: an access node, its data nodes and the table conditions. */
export function seedProgram(cluster: TestCluster, database: string): Program {
    const way = ({ host, port, user, password }: TestCluster["access"]): Args => ({
        host,
        port,
        user,
        ...(password ? { password } : {}),
    });
    const names = cluster.nodes.map((_server, index) => `dn${index + 1}`);
    return {
        accessNodes: { access: { connection: way(cluster.access), database } },
        dataNodes: Object.fromEntries(
            cluster.nodes.map((server, index) => [
                names[index],
                {
                    accessNode: "access",
                    host: server.host,
                    port: server.port,
                    connection: way(server),
                    ...(server.password ? { password: server.password } : {}),
                },
            ]),
        ),
        hypertables: {
            conditions: {
                accessNode: "access",
                dataNodes: names,
                columns: CONDITIONS_COLUMNS,
                timeColumn: "time",
                partitioningColumn: "device",
            },
        },
    };
}

/** A program with some arguments of one resource changed; undefined takes one away. */
export function changed(program: Program, path: string, args: Args): Program {
    const [kind, name] = path.split(".") as [keyof Program, string];
    const merged = { ...program[kind][name], ...args };
    const present = Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
    return { ...program, [kind]: { ...program[kind], [name]: present } };
}

/** A program with the arguments of several resources changed, by their paths. */
export function changedAll(program: Program, changes: Readonly<Record<string, Args>>): Program {
    return Object.entries(changes).reduce((result, [path, args]) => changed(result, path, args), program);
}

/** A program without one resource. */
export function without(program: Program, path: string): Program {
    const [kind, name] = path.split(".") as [keyof Program, string];
    return { ...program, [kind]: Object.fromEntries(Object.entries(program[kind]).filter(([key]) => key !== name)) };
}

/** A stack of a described program. */
export interface DescribedProject extends Project {
    /** From now on the stack's program is this one. */
    describe(program: Program): void;
}

/** Opens a stack with a described program; nothing is deployed yet. */
export async function openDescribed(program: Program): Promise<DescribedProject> {
    const project = await openProject("tests/support/program");
    const describe = (next: Program): void =>
        writeFileSync(join(project.folder, "program.json"), JSON.stringify(next, undefined, 2));
    describe(program);
    return { ...project, describe };
}
