/** A machine of a cloud that runs PostgreSQL. Put your cloud's resources here; the rest of the program stays as it is. */
import * as pulumi from "@pulumi/pulumi";

/** What a machine is made of. */
export interface ServerArgs {
    /** The address that the cloud will give it; of a real cloud an output of its resource. */
    host: pulumi.Input<string>;
    port: pulumi.Input<number>;
    password: pulumi.Input<string>;
}

/** A machine: its address is known once it is there. */
export class Server extends pulumi.ComponentResource {
    readonly host: pulumi.Output<string>;
    readonly port: pulumi.Output<number>;
    readonly password: pulumi.Output<string>;

    constructor(name: string, args: ServerArgs, opts?: pulumi.ComponentResourceOptions) {
        super("shop:index:Server", name, {}, opts);
        this.host = pulumi.output(args.host);
        this.port = pulumi.output(args.port);
        this.password = pulumi.secret(args.password);
        this.registerOutputs({ host: this.host, port: this.port });
    }
}
