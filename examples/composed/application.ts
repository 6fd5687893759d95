/** An application that keeps its rows in a cluster. Put your container or function here. */
import * as pulumi from "@pulumi/pulumi";

/** What the application needs. */
export interface ApplicationArgs {
    databaseUrl: pulumi.Input<string>;
    tables: pulumi.Input<Record<string, string>>;
}

/** The application. */
export class Application extends pulumi.ComponentResource {
    /** Its environment; holds the password, and is a secret by that. */
    readonly environment: pulumi.Output<Record<string, string>>;

    constructor(name: string, { databaseUrl, tables }: ApplicationArgs, opts?: pulumi.ComponentResourceOptions) {
        super("shop:index:Application", name, {}, opts);
        this.environment = pulumi.all([databaseUrl, tables]).apply(([url, names]): Record<string, string> => ({
            DATABASE_URL: url,
            ...Object.fromEntries(Object.entries(names).map(([key, table]) => [`TABLE_${key.toUpperCase()}`, table])),
        }));
        this.registerOutputs({ environment: this.environment });
    }
}
