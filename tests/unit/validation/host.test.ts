import { host } from "../../../provider/validation/host";

const EXPECTED = "expected a host name, an IP address or a socket's folder";

it.each([
    ["access.example.com"],
    ["timescale_access"],
    ["bücher.example"],
    ["127.0.0.1"],
    ["::1"],
    ["2001:db8::8a2e:370:7334"],
    ["::ffff:10.0.0.1"],
    ["fe80::1%eth0"],
    ["/var/run/postgresql"],
    ["/tmp/a folder:5432"],
    ["db1a.example.com,db1b.example.com"],
    ["::1,/tmp"],
])("%s is a host", (value) => {
    expect(host.check(value, "host")).toEqual([]);
});

it.each([
    ["db:5432", "the port stands in `port`"],
    ["10.0.0.1:5432", "the port stands in `port`"],
    ["[::1]", "an IPv6 address stands without brackets, and the port in `port`"],
    ["[::1]:5432", "an IPv6 address stands without brackets, and the port in `port`"],
    ["postgres://db/a", "a URL is none; its parts have properties of their own"],
    [" db", "it holds a blank"],
    ["db\n", "it holds a blank"],
    ["a b", "it holds a blank"],
    [" ", "it holds a blank"],
    ["db/", "it is none of them"],
    ["db1,", "it is none of them"],
    ["db1, db2", "it holds a blank"],
    ["db1,db2:5433", "the port stands in `port`"],
    ["1:2:3", "it is none of them"],
])("%j is no host", (value, why) => {
    const reason = `${EXPECTED}, got ${JSON.stringify(value)}: ${why}`;
    expect(host.check(value, "host")).toEqual([{ path: "host", reason, secret: false }]);
});

it.each([["postgres://u:hunter2@db"], ["u:hunter2@db"], ["u@db"]])("%s is refused without being shown", (value) => {
    const [failure] = host.check(value, "host");
    expect(failure).toMatchObject({ secret: true });
    expect(failure?.reason).toMatch(/got string: /);
    expect(JSON.stringify(failure)).not.toContain("hunter2");
});

it.each([[""], ["a\0b"], [5], [null], [["a"]]])("%j is no host at all", (value) => {
    expect(host.check(value, "host")).toHaveLength(1);
});
