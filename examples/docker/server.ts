/** One PostgreSQL server in a container, and the volume that keeps its rows when the container is replaced. */
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { memory, password, prefix, tls } from "./settings";

const DATA_FOLDER = "/var/lib/postgresql/data";
const TLS_FOLDER = "/etc/postgresql-tls";
const TLS_KEY_FILE = `${TLS_FOLDER}/server.key`;

/** The servers' certificate inside each container. */
export const TLS_CERTIFICATE_FILE = `${TLS_FOLDER}/server.crt`;

/** What a server is made of, besides the configuration. */
export interface ServerArgs {
    image: docker.RemoteImage;
    network: docker.Network;
    /** On 127.0.0.1. Fixed: a port that Docker chooses changes at every start of the container. */
    port: number;
    /** Containers that have to be replaced before this one. */
    after?: docker.Container[];
}

/** A server that answers. */
export interface Server {
    container: docker.Container;
    /** The name by which the other containers find it. A plain value: it stays known when the container is replaced. */
    host: string;
    port: number;
}

/** Makes the container and its volume. It is there when its database answers. */
export function makeServer(name: string, { image, network, port, after = [] }: ServerArgs): Server {
    const host = `${prefix}-${name}`;
    const volume = new docker.Volume(name, { name: host });
    const container = new docker.Container(
        name,
        {
            name: host,
            image: image.imageId,
            envs: environment(),
            command: command(),
            memory,
            // With swap, as Docker has it by itself; left out, it would show as a change in each run.
            memorySwap: 2 * memory,
            // Docker's 64 MB are too little for what the parallel workers of a large query share.
            shmSize: 256,
            ports: [{ internal: 5432, external: port, ip: "127.0.0.1" }],
            networksAdvanced: [{ name: network.name, aliases: [host] }],
            volumes: [{ volumeName: volume.name, containerPath: DATA_FOLDER }],
            restart: "unless-stopped",
            healthcheck: {
                // Over TCP: while the image sets itself up, a server that only the socket reaches answers already.
                tests: [
                    "CMD-SHELL",
                    'PGPASSWORD="$POSTGRES_PASSWORD" psql -h 127.0.0.1 -U postgres -d postgres -qAtc "SELECT 1"',
                ],
                interval: "2s",
                timeout: "5s",
                // Two minutes to start in. No start period: within one, Docker 25 and later ask every five seconds only.
                retries: 60,
            },
            wait: true,
            waitTimeout: 120,
            // PostgreSQL's fast shutdown; on Docker's SIGTERM it would wait for its clients to leave.
            stopSignal: "SIGINT",
            // Without it a replacement kills the server, and the next one starts with crash recovery.
            destroyGraceSeconds: 30,
        },
        {
            // A second server on the same volume destroys it, and the port is taken as well.
            deleteBeforeReplace: true,
            dependsOn: after,
        },
    );
    return { container, host, port };
}

function environment(): pulumi.Input<string>[] {
    return [
        pulumi.interpolate`POSTGRES_PASSWORD=${password}`,
        // Passwords for all: without these two the image trusts whoever is inside the container.
        "POSTGRES_HOST_AUTH_METHOD=scram-sha-256",
        "POSTGRES_INITDB_ARGS=--auth=scram-sha-256",
        // A folder of its own in the volume: the default differs between the images of PostgreSQL 17 and 18.
        `PGDATA=${DATA_FOLDER}/pgdata`,
        ...(tls ? [`TLS_CERTIFICATE=${tls.certificate}`, pulumi.interpolate`TLS_KEY=${tls.key}`] : []),
    ];
}

function command(): string[] {
    const settings = {
        // Multi-node commits in two phases; a data node keeps what is prepared. Above max_connections, so that none fails.
        max_prepared_transactions: "150",
        // Moving a chunk from one data node to another is a logical replication.
        wal_level: "logical",
        // The slots for it, and for the workers that copy: the defaults, written down since a drain stops without them.
        max_replication_slots: "10",
        max_wal_senders: "10",
        ...(tls && {
            ssl: "on",
            ssl_cert_file: TLS_CERTIFICATE_FILE,
            ssl_key_file: TLS_KEY_FILE,
        }),
    };
    const postgres = ["postgres", ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])];
    return tls ? ["sh", "-c", WRITE_TLS_FILES, ...postgres] : postgres;
}

/** PostgreSQL wants the key in a file that is its own and nobody else's. "$0" and "$@" are the command proper. */
const WRITE_TLS_FILES = `
set -e
mkdir -p ${TLS_FOLDER}
printf '%s\\n' "$TLS_CERTIFICATE" > ${TLS_CERTIFICATE_FILE}
(umask 077 && printf '%s\\n' "$TLS_KEY" > ${TLS_KEY_FILE})
chown -R postgres ${TLS_FOLDER}
exec docker-entrypoint.sh "$0" "$@"
`;
