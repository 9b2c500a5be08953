//! Powers, roots and logarithms, as fdlibm has them.

use super::doubles;
use crate::expr::function::FunctionSpec;
use crate::expr::functions::signature::double;
use crate::row::Value;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "POWER",
        aliases: &[],
        usage: &["POWER(base, exponent)"],
        since: "1.12",
        about: "The base to the power of the exponent.",
        bind: |args| {
            doubles(args, 2, 2, |args, _| Ok(Value::Double(libm::pow(double(args[0])?, double(args[1])?))))
        },
    },
    FunctionSpec {
        name: "SQRT",
        aliases: &[],
        usage: &["SQRT(number)"],
        since: "1.12",
        about: "The square root; NaN below 0.",
        bind: |args| doubles(args, 1, 1, |args, _| Ok(Value::Double(libm::pow(double(args[0])?, 0.5)))),
    },
    FunctionSpec {
        name: "EXP",
        aliases: &[],
        usage: &["EXP(number)"],
        since: "1.12",
        about: "e to the power of the number.",
        bind: |args| doubles(args, 1, 1, |args, _| Ok(Value::Double(libm::exp(double(args[0])?)))),
    },
    FunctionSpec {
        name: "E",
        aliases: &[],
        usage: &["E()"],
        since: "1.12",
        about: "The base of natural logarithms.",
        bind: |args| doubles(args, 0, 0, |_, _| Ok(Value::Double(std::f64::consts::E))),
    },
    FunctionSpec {
        name: "LN",
        aliases: &[],
        usage: &["LN(number)"],
        since: "1.12",
        about: "The natural logarithm.",
        bind: |args| doubles(args, 1, 1, |args, _| Ok(Value::Double(libm::log(double(args[0])?)))),
    },
    FunctionSpec {
        name: "LOG10",
        aliases: &[],
        usage: &["LOG10(number)"],
        since: "1.12",
        about: "The logarithm to base 10.",
        bind: |args| doubles(args, 1, 1, |args, _| Ok(Value::Double(libm::log10(double(args[0])?)))),
    },
    FunctionSpec {
        name: "LOG2",
        aliases: &[],
        usage: &["LOG2(number)"],
        since: "1.12",
        about: "The logarithm to base 2.",
        bind: |args| {
            doubles(args, 1, 1, |args, _| Ok(Value::Double(libm::log(double(args[0])?) / libm::log(2.0))))
        },
    },
    FunctionSpec {
        name: "LOG",
        aliases: &[],
        usage: &["LOG(number)", "LOG(base, number)"],
        since: "1.12",
        about: "The logarithm, the natural one if there is no base.",
        bind: |args| {
            doubles(args, 1, 2, |args, _| {
                let first = libm::log(double(args[0])?);
                let Some(number) = args.get(1) else { return Ok(Value::Double(first)) };
                Ok(Value::Double(libm::log(double(*number)?) / first))
            })
        },
    },
];
