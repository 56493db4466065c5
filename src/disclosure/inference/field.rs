//! Arithmetic modulo the prime 2^61 - 1, and the way from its numbers back to small fractions.

/// The prime.
pub(super) const P: u64 = (1 << 61) - 1;

/// A number below the prime, from any of 128 bits.
pub(super) const fn reduce(wide: u128) -> u64 {
    // 2^61 is 1, so that the high part is added to the low one; twice, since the first sum may be long.
    let folded = (wide & P as u128) + (wide >> 61);
    let folded = (folded as u64 & P) + (folded >> 61) as u64;
    let folded = (folded & P) + (folded >> 61);
    if folded >= P { folded - P } else { folded }
}

pub(super) const fn add(one: u64, other: u64) -> u64 {
    let sum = one + other;
    if sum >= P { sum - P } else { sum }
}

pub(super) const fn neg(one: u64) -> u64 {
    if one == 0 { 0 } else { P - one }
}

pub(super) const fn sub(one: u64, other: u64) -> u64 {
    add(one, neg(other))
}

pub(super) const fn mul(one: u64, other: u64) -> u64 {
    reduce(one as u128 * other as u128)
}

/// `number` so many times: once or minus once but in odd cases.
pub(super) const fn signed(number: u64, times: i8) -> u64 {
    match times {
        1 => number,
        -1 => neg(number),
        _ => {
            let multiple = mul(number, times.unsigned_abs() as u64);
            if times < 0 { neg(multiple) } else { multiple }
        }
    }
}

/// The inverse; 0 has none and gives 0.
pub(super) const fn invert(number: u64) -> u64 {
    let (mut result, mut base, mut exponent) = (1, number, P - 2);
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = mul(result, base);
        }
        base = mul(base, base);
        exponent >>= 1;
    }
    result
}

/// The sum of products of two equally long rows.
pub(super) fn dot(one: &[u64], other: &[u64]) -> u64 {
    let mut total = 0;
    // A product has 122 bits: 32 of them fit into 128.
    for (one, other) in one.chunks(32).zip(other.chunks(32)) {
        let wide: u128 = one.iter().zip(other).map(|(a, b)| u128::from(*a) * u128::from(*b)).sum();
        total = add(total, reduce(wide));
    }
    total
}

/// The one fraction with numerator and denominator below 2^30 that is `number` modulo the prime, if there is one.
pub(super) fn fraction(number: u64) -> Option<(i64, i64)> {
    const BOUND: i128 = 1 << 30;
    let (mut r0, mut r1) = (i128::from(P), i128::from(number));
    let (mut t0, mut t1) = (0i128, 1i128);
    while r1 >= BOUND {
        let quotient = r0 / r1;
        (r0, r1) = (r1, r0 - quotient * r1);
        (t0, t1) = (t1, t0 - quotient * t1);
    }
    if t1 == 0 || t1.abs() >= BOUND {
        return None;
    }
    let (numerator, denominator) = if t1 < 0 { (-r1, -t1) } else { (r1, t1) };
    Some((numerator as i64, denominator as i64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edges() {
        assert_eq!(reduce(u128::from(P)), 0);
        assert_eq!(reduce(u128::MAX), (u128::MAX % u128::from(P)) as u64);
        assert_eq!(invert(0), 0);
        assert_eq!(fraction(P - 1), Some((-1, 1)));
        assert_eq!(fraction(invert(2)), Some((1, 2)));
        assert_eq!(fraction(neg(mul(3, invert(7)))), Some((-3, 7)));
        assert_eq!(fraction(0), Some((0, 1)));
        assert_eq!((signed(5, -1), signed(5, 3), signed(5, 0), signed(5, -2)), (P - 5, 15, 0, P - 10));
        assert_eq!(dot(&[P - 1; 100], &[P - 1; 100]), 100);
    }

    proptest! {
        #[test]
        fn it_is_a_field(a in 0..P, b in 0..P, wide: u128) {
            prop_assert_eq!(u128::from(reduce(wide)), wide % u128::from(P));
            prop_assert_eq!(sub(add(a, b), b), a);
            if a != 0 {
                prop_assert_eq!(mul(mul(b, a), invert(a)), b);
            }
        }

        #[test]
        fn small_fractions_come_back(n in -1_000_000i64..1_000_000, d in 1i64..1_000_000) {
            let residue = mul(signed(n.unsigned_abs(), if n < 0 { -1 } else { 1 }), invert(d as u64));
            let (numerator, denominator) = fraction(residue).unwrap();
            prop_assert_eq!(i128::from(numerator) * i128::from(d), i128::from(n) * i128::from(denominator));
        }
    }
}
