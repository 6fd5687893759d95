import { plainType } from "../../../provider/validation/typeNames";

describe("plainType", () => {
    it.each([
        ["int", "integer"],
        ["INT4", "integer"],
        [" integer ", "integer"],
        ["int8", "bigint"],
        ["double   precision", "double precision"],
        ["float8", "double precision"],
        ["varchar( 10 )", "character varying(10)"],
        ["character varying (10)", "character varying(10)"],
        ["decimal(10, 2)", "numeric(10,2)"],
        ["timestamptz", "timestamp with time zone"],
        ["timestamptz(3)", "timestamp with time zone(3)"],
        ["timestamp(3) with time zone", "timestamp with time zone(3)"],
        ["timestamp", "timestamp without time zone"],
        ["int[3][3]", "integer[]"],
        ["Geometry(Point,4326)", "geometry(Point,4326)"],
        ['"Int"', '"Int"'],
        ['public."my type"(1)', 'public."my type"(1)'],
        ["constructor", "constructor"],
    ])("gives %j as %j", (spelled, plain) => expect(plainType(spelled)).toBe(plain));

    it.each([
        ["int", "bigint"],
        ["varchar(10)", "varchar(11)"],
        ["varchar(10)", "varchar"],
        ["int", "int[]"],
        ['"int"', "int"],
        ["timestamp", "timestamptz"],
    ])("keeps %j and %j apart", (a, b) => expect(plainType(a)).not.toBe(plainType(b)));
});
