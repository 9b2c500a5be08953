//! Angles, and the hyperbolic functions, as fdlibm has them.

use super::doubles;
use crate::expr::function::FunctionSpec;
use crate::expr::functions::signature::double;
use crate::row::Value;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "SIN",
        aliases: &[],
        usage: &["SIN(number)"],
        since: "1.12",
        about: "The sine of an angle in radians.",
        bind: |args| doubles(args, 1, 1, |args, _| Ok(Value::Double(libm::sin(double(args[0])?)))),
    },
    FunctionSpec {
        name: "COS",
        aliases: &[],
        usage: &["COS(number)"],
        since: "1.12",
        about: "The cosine of an angle in radians.",
        bind: |args| doubles(args, 1, 1, |args, _| Ok(Value::Double(libm::cos(double(args[0])?)))),
    },
    FunctionSpec {
        name: "TAN",
        aliases: &[],
        usage: &["TAN(number)"],
        since: "1.12",
        about: "The tangent of an angle in radians.",
        bind: |args| doubles(args, 1, 1, |args, _| Ok(Value::Double(libm::tan(double(args[0])?)))),
    },
    FunctionSpec {
        name: "ASIN",
        aliases: &[],
        usage: &["ASIN(number)"],
        since: "1.12",
        about: "The angle in radians whose sine the number is.",
        bind: |args| doubles(args, 1, 1, |args, _| Ok(Value::Double(libm::asin(double(args[0])?)))),
    },
    FunctionSpec {
        name: "ACOS",
        aliases: &[],
        usage: &["ACOS(number)"],
        since: "1.12",
        about: "The angle in radians whose cosine the number is.",
        bind: |args| doubles(args, 1, 1, |args, _| Ok(Value::Double(libm::acos(double(args[0])?)))),
    },
    FunctionSpec {
        name: "ATAN",
        aliases: &[],
        usage: &["ATAN(number)"],
        since: "1.12",
        about: "The angle in radians whose tangent the number is.",
        bind: |args| doubles(args, 1, 1, |args, _| Ok(Value::Double(libm::atan(double(args[0])?)))),
    },
    FunctionSpec {
        name: "SINH",
        aliases: &[],
        usage: &["SINH(number)"],
        since: "1.12",
        about: "The hyperbolic sine.",
        bind: |args| doubles(args, 1, 1, |args, _| Ok(Value::Double(libm::sinh(double(args[0])?)))),
    },
    FunctionSpec {
        name: "COSH",
        aliases: &[],
        usage: &["COSH(number)"],
        since: "1.12",
        about: "The hyperbolic cosine.",
        bind: |args| doubles(args, 1, 1, |args, _| Ok(Value::Double(libm::cosh(double(args[0])?)))),
    },
    FunctionSpec {
        name: "TANH",
        aliases: &[],
        usage: &["TANH(number)"],
        since: "1.12",
        about: "The hyperbolic tangent.",
        bind: |args| doubles(args, 1, 1, |args, _| Ok(Value::Double(libm::tanh(double(args[0])?)))),
    },
    FunctionSpec {
        name: "COT",
        aliases: &[],
        usage: &["COT(number)"],
        since: "1.12",
        about: "The cotangent of an angle in radians.",
        bind: |args| doubles(args, 1, 1, |args, _| Ok(Value::Double(1.0 / libm::tan(double(args[0])?)))),
    },
    FunctionSpec {
        name: "ATAN2",
        aliases: &[],
        usage: &["ATAN2(y, x)"],
        since: "1.12",
        about: "The angle in radians of the point (x, y).",
        bind: |args| {
            doubles(args, 2, 2, |args, _| Ok(Value::Double(libm::atan2(double(args[0])?, double(args[1])?))))
        },
    },
    FunctionSpec {
        name: "DEGREES",
        aliases: &[],
        usage: &["DEGREES(number)"],
        since: "1.12",
        about: "An angle in radians in degrees.",
        bind: |args| doubles(args, 1, 1, |args, _| Ok(Value::Double(double(args[0])? * DEGREES_OF_A_RADIAN))),
    },
    FunctionSpec {
        name: "RADIANS",
        aliases: &[],
        usage: &["RADIANS(number)"],
        since: "1.12",
        about: "An angle in degrees in radians.",
        bind: |args| doubles(args, 1, 1, |args, _| Ok(Value::Double(double(args[0])? * RADIANS_OF_A_DEGREE))),
    },
    FunctionSpec {
        name: "PI",
        aliases: &[],
        usage: &["PI()"],
        since: "1.12",
        about: "The ratio of a circle's circumference to its diameter.",
        bind: |args| doubles(args, 0, 0, |_, _| Ok(Value::Double(std::f64::consts::PI))),
    },
];

const DEGREES_OF_A_RADIAN: f64 = 57.295_779_513_082_32;
const RADIANS_OF_A_DEGREE: f64 = 0.017_453_292_519_943_295;
