/** Connection URLs, as libpq and most clients read them. */
import { isUnixSocket, type Connection } from "./connection";

/** What a URL is made of. */
export type UrlParts = Pick<Connection, "host" | "port" | "user" | "password" | "sslMode">;

/** `postgresql://app:secret@access.example.com:5432/multinode?sslmode=require` */
export function connectionUrl({ host, port, user, password, sslMode }: UrlParts, database: string): string {
    const login = [user, ...(password === undefined ? [] : [password])].map(encodeURIComponent).join(":");
    const query = new URLSearchParams({ sslmode: sslMode });
    const path = encodeURIComponent(database);
    if (isUnixSocket({ host })) {
        return `postgresql://${login}@/${path}?host=${encodeURIComponent(host)}&port=${port}&${query}`;
    }
    return `postgresql://${login}@${host.includes(":") ? `[${host}]` : host}:${port}/${path}?${query}`;
}
