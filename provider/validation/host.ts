/** Hosts, as libpq takes them: names, addresses, folders of sockets, or several of them with commas between. */
import { isIPv6 } from "node:net";
import { leaf } from "./shapes";

function fault(host: string): string | undefined {
    if (host.includes("://")) {
        return "a URL is none; its parts have properties of their own";
    }
    if (host.startsWith("/")) {
        return undefined;
    }
    if (/\s/.test(host)) {
        return "it holds a blank";
    }
    if (isIPv6(host)) {
        return undefined;
    }
    if (/[[\]]/.test(host)) {
        return "an IPv6 address stands without brackets, and the port in `port`";
    }
    if (/^[^:]*:\d*$/.test(host)) {
        return "the port stands in `port`";
    }
    if (host.includes("@")) {
        return "the user stands in `user`";
    }
    return host === "" || /[:/\\?#'"]/.test(host) ? "it is none of them" : undefined;
}

const faultOf = (value: unknown): string | undefined =>
    typeof value === "string" && value !== "" ? value.split(",").map(fault).find(Boolean) : undefined;

/** A host. A URL may hold a password, so none is shown. */
export const host = leaf({
    expected: "a host name, an IP address or a socket's folder",
    accepts: (value) =>
        typeof value === "string" && value !== "" && !value.includes("\0") && faultOf(value) === undefined,
    why: faultOf,
    hides: (value) => typeof value === "string" && value.includes("@"),
});
