/** The loader texts that states hold, for ever. Whoever has to change a test of them breaks every stack there is. */
export const HANDLER_TEXTS = {
    accessNode: 'exports.handler = () => require("pulumi-timescaledb/handlers").accessNode;',
    dataNode: 'exports.handler = () => require("pulumi-timescaledb/handlers").dataNode;',
    distributedHypertable: 'exports.handler = () => require("pulumi-timescaledb/handlers").distributedHypertable;',
} as const;
