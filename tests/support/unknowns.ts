import { UNKNOWN } from "../../provider/validation/unknown";

/** A value once for every place inside it, with an unknown in that place. */
export function withEachUnknown(value: unknown): unknown[] {
    if (typeof value !== "object" || value === null) {
        return [UNKNOWN];
    }
    return Object.entries(value).flatMap(([key, entry]) =>
        withEachUnknown(entry).map((changed) =>
            Array.isArray(value)
                ? value.map((old: unknown, index) => (String(index) === key ? changed : old))
                : { ...value, [key]: changed },
        ),
    );
}
