//! The hyperbolic functions as fdlibm computes them, which Java takes: its last digits are what rows are compared by.

/// Beyond this eᵘ is the largest double.
const LOG_MAX: f64 = 709.782_712_893_384;
/// Beyond this sinh and cosh are.
const OVERFLOW: f64 = 710.475_860_073_943_9;

pub(super) fn sinh(x: f64) -> f64 {
    let (u, half) = (x.abs(), 0.5_f64.copysign(x));
    if !x.is_finite() || u > OVERFLOW {
        return x * f64::INFINITY;
    }
    if u < 22.0 {
        // Below 2⁻²⁸ the sine is the angle.
        if u < 2.0_f64.powi(-28) {
            return x;
        }
        let t = libm::expm1(u);
        let inner = if u < 1.0 { 2.0 * t - t * t / (t + 1.0) } else { t + t / (t + 1.0) };
        return half * inner;
    }
    if u < LOG_MAX {
        return half * libm::exp(u);
    }
    let w = libm::exp(0.5 * u);
    half * w * w
}

pub(super) fn cosh(x: f64) -> f64 {
    let u = x.abs();
    if x.is_nan() || u > OVERFLOW {
        return u * f64::INFINITY;
    }
    if u < 0.5 * std::f64::consts::LN_2 {
        let t = libm::expm1(u);
        let w = 1.0 + t;
        return if u < 2.0_f64.powi(-55) { w } else { 1.0 + t * t / (w + w) };
    }
    if u < 22.0 {
        let t = libm::exp(u);
        return 0.5 * t + 0.5 / t;
    }
    if u < LOG_MAX {
        return 0.5 * libm::exp(u);
    }
    let w = libm::exp(0.5 * u);
    0.5 * w * w
}

pub(super) fn tanh(x: f64) -> f64 {
    let u = x.abs();
    if x.is_nan() {
        return x;
    }
    let z = if u >= 22.0 {
        1.0
    } else if u < 2.0_f64.powi(-55) {
        return x * (1.0 + x);
    } else if u >= 1.0 {
        1.0 - 2.0 / (libm::expm1(2.0 * u) + 2.0)
    } else {
        let t = libm::expm1(-2.0 * u);
        -t / (t + 2.0)
    };
    z.copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_java_says_to_the_last_digit() {
        // Math.sinh, cosh and tanh of JDK 17, from the golden data.
        assert_eq!(sinh(710.0), 1.116_997_383_080_855_7e308);
        assert_eq!(sinh(-1.5), -2.129_279_455_094_817_3);
        assert_eq!(cosh(7.0), 548.317_035_155_212);
        assert_eq!(tanh(-0.584_815_803_3), -0.526_156_840_866_091);
        assert_eq!(sinh(f64::NEG_INFINITY), f64::NEG_INFINITY);
        assert_eq!(cosh(1000.0), f64::INFINITY);
    }
}
