//! Whole numbers of 512 bits, for what lies between two DECIMALs and their result: a product has up to 76 digits, a
//! dividend up to 114.

use std::cmp::Ordering;

/// A magnitude, the lowest 32 bits first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wide([u32; LIMBS]);

const LIMBS: usize = 16;

impl Wide {
    /// `a * b`
    pub(crate) fn product(a: u128, b: u128) -> Self {
        let (a, b) = (limbs(a), limbs(b));
        let mut out = [0; LIMBS];
        for (at, &left) in a.iter().enumerate() {
            let mut carry = 0_u64;
            for (place, &right) in b.iter().enumerate() {
                let sum = u64::from(left) * u64::from(right) + u64::from(out[at + place]) + carry;
                out[at + place] = sum as u32;
                carry = sum >> 32;
            }
            out[at + b.len()] = carry as u32;
        }
        Self(out)
    }

    /// `self * 10ⁿ`; what lies beyond 512 bits is lost, which 114 digits do not reach.
    pub(crate) fn shifted(mut self, mut tens: u32) -> Self {
        while tens > 0 {
            let step = tens.min(9);
            self.multiply(10_u32.pow(step));
            tens -= step;
        }
        self
    }

    fn multiply(&mut self, factor: u32) {
        let mut carry = 0_u64;
        for limb in &mut self.0 {
            let product = u64::from(*limb) * u64::from(factor) + carry;
            *limb = product as u32;
            carry = product >> 32;
        }
    }

    /// Quotient and remainder; the divisor is not zero.
    pub(crate) fn divided(self, divisor: u128) -> (Self, u128) {
        let mut quotient = [0; LIMBS];
        let mut rest = 0_u128;
        for (at, limb) in self.0.iter().enumerate().rev() {
            for bit in (0..32).rev() {
                let high = rest >> 127;
                rest = rest << 1 | u128::from(limb >> bit & 1);
                if high == 1 || rest >= divisor {
                    rest = rest.wrapping_sub(divisor);
                    quotient[at] |= 1 << bit;
                }
            }
        }
        (Self(quotient), rest)
    }

    /// `self / 10ⁿ`, rounded half up.
    pub(crate) fn rounded(self, tens: u32) -> Self {
        let mut rest = self;
        let mut left = tens;
        // All but the last digit are cut; the last one decides.
        while left > 1 {
            let step = (left - 1).min(9);
            rest = rest.divided(u128::from(10_u32.pow(step))).0;
            left -= step;
        }
        if left == 0 {
            return rest;
        }
        let (whole, digit) = rest.divided(10);
        if digit >= 5 { whole.plus_one() } else { whole }
    }

    /// `self + other`
    pub(crate) fn plus(mut self, other: Self) -> Self {
        let mut carry = 0_u64;
        for (limb, other) in self.0.iter_mut().zip(other.0) {
            let sum = u64::from(*limb) + u64::from(other) + carry;
            *limb = sum as u32;
            carry = sum >> 32;
        }
        self
    }

    /// `self - other`, which is not larger.
    pub(crate) fn minus(mut self, other: Self) -> Self {
        let mut borrow = false;
        for (limb, other) in self.0.iter_mut().zip(other.0) {
            let (rest, first) = limb.overflowing_sub(other);
            let (rest, second) = rest.overflowing_sub(u32::from(borrow));
            *limb = rest;
            borrow = first || second;
        }
        self
    }

    /// One more.
    pub(crate) fn plus_one(mut self) -> Self {
        for limb in &mut self.0 {
            let (sum, overflows) = limb.overflowing_add(1);
            *limb = sum;
            if !overflows {
                break;
            }
        }
        self
    }

    /// The number, if it has at most 38 digits.
    pub(crate) fn digits(self) -> Option<u128> {
        if self.0[4..].iter().any(|limb| *limb != 0) {
            return None;
        }
        Some(self.0[..4].iter().rev().fold(0, |number, limb| number << 32 | u128::from(*limb)))
    }
}

impl Ord for Wide {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.iter().rev().cmp(other.0.iter().rev())
    }
}

impl PartialOrd for Wide {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn limbs(number: u128) -> [u32; 4] {
    [number as u32, (number >> 32) as u32, (number >> 64) as u32, (number >> 96) as u32]
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: u128 = 10_u128.pow(38) - 1;

    #[test]
    fn a_product_of_the_longest_is_exact() {
        // (10³⁸ - 1)² = 10⁷⁶ - 2·10³⁸ + 1
        let (quotient, rest) = Wide::product(MOST, MOST).divided(MOST + 1);
        assert_eq!((quotient.digits(), rest), (Some(MOST - 1), 1));
        assert_eq!(Wide::product(MOST, MOST).divided(MOST), (Wide::product(MOST, 1), 0));
    }

    #[test]
    fn tens_go_in_and_come_out_rounded_half_up() {
        let seven = Wide::product(7, 1);
        assert_eq!(seven.shifted(114).rounded(114), seven);
        for (number, tens, rounded) in
            [(149, 2, 1), (150, 2, 2), (1_499_999_999_999, 12, 1), (5, 1, 1), (4, 1, 0)]
        {
            assert_eq!(Wide::product(number, 1).rounded(tens).digits(), Some(rounded), "{number}");
        }
        assert_eq!(seven.shifted(38).digits(), None);
    }
}
