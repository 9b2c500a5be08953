//! The RFCs' own vectors.

use super::*;

fn hex(text: &str) -> Vec<u8> {
    let text: String = text.split_whitespace().collect();
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}

/// RFC 3961, A.1.
#[test]
fn a_constant_is_folded_as_in_the_rfc() {
    assert_eq!(derive::fold(b"kerberos")[..], hex("6b65726265726f737b9b5b2b93132b93"));
    // An independent reading of the same rule, bit by bit.
    for input in [&b"012345"[..], b"password", b"Q", &[0, 0, 0, 2, 0xaa]] {
        assert_eq!(derive::fold(input)[..], fold_bit_by_bit(input), "{input:?}");
    }
}

fn fold_bit_by_bit(input: &[u8]) -> Vec<u8> {
    let mut bits: Vec<u8> =
        input.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)).collect();
    let mut all = Vec::new();
    while all.is_empty() || all.len() % 128 != 0 {
        all.extend_from_slice(&bits);
        bits.rotate_right(13 % input.len().wrapping_mul(8));
    }
    let number = |chunk: &[u8]| chunk.iter().fold(0u128, |value, bit| value << 1 | u128::from(*bit));
    let sum = all.chunks(128).map(number).fold(0u128, |sum, it| {
        let (sum, carried) = sum.overflowing_add(it);
        // One's complement: the carry goes around.
        sum + u128::from(carried)
    });
    sum.to_be_bytes().to_vec()
}

/// RFC 3962, appendix B.
#[test]
fn a_password_makes_the_keys_of_rfc_3962() {
    let salt = b"ATHENA.MIT.EDUraeburn";
    for (rounds, of_128, of_256) in [
        (
            1,
            "42263c6e89f4fc28b8df68ee09799f15",
            "fe697b52bc0d3ce14432ba036a92e65bbb52280990a2fa27883998d72af30161",
        ),
        (
            2,
            "c651bf29e2300ac27fa469d693bdda13",
            "a2e16d16b36069c135d5e9d2e25f896102685618b95914b467c67622225824ff",
        ),
        (
            1200,
            "4c01cd46d632d01e6dbe230a01ed642a",
            "55a6ac740ad17b4846941051e1e8b0a7548d93b0ab30a8bc3ff16280382b8c2a",
        ),
    ] {
        let key = |encryption| derive::of_password(encryption, b"password", salt, rounds);
        assert_eq!(*key(EncryptionType::Aes128Sha1), hex(of_128));
        assert_eq!(*key(EncryptionType::Aes256Sha1), hex(of_256));
    }
}

/// RFC 3962, appendix B.
#[test]
fn ciphertext_is_stolen_as_in_rfc_3962() {
    let key = b"chicken teriyaki";
    let text = b"I would like the General Gau's Chicken, please, and wonton soup.";
    for (length, sealed) in [
        (17, "c6353568f2bf8cb4d8a580362da7ff7f97"),
        (31, "fc00783e0efdb2c1d445d4c8eff7ed2297687268d6ecccc0c07b25e25ecfe5"),
        (32, "39312523a78662d5be7fcbcc98ebf5a897687268d6ecccc0c07b25e25ecfe584"),
        (
            47,
            "97687268d6ecccc0c07b25e25ecfe584b3fffd940c16a18c1b5549d2f838029e39312523a78662d5be7fcbcc98ebf5",
        ),
        (
            64,
            "97687268d6ecccc0c07b25e25ecfe58439312523a78662d5be7fcbcc98ebf5a8\
             4807efe836ee89a526730dbc2f7bc8409dad8bbb96c4cdc03bc103e1a194bbd8",
        ),
    ] {
        let mut bytes = text[..length].to_vec();
        cts::encrypt(key, &mut bytes);
        assert_eq!(bytes, hex(sealed), "{length}");
        cts::decrypt(key, &mut bytes);
        assert_eq!(bytes, text[..length]);
    }
}

/// RFC 8009, appendix A.
#[test]
fn keys_texts_and_checksums_are_those_of_rfc_8009() {
    let of_128 = Key::new(EncryptionType::Aes128Sha256, &hex("3705D96080C17728A0E800EAB6E0D23C")).unwrap();
    let of_256 = "6D404D37FAF79F9DF0D33568D320669800EB4836472EA8A026D16B7182460C52";
    let of_256 = Key::new(EncryptionType::Aes256Sha384, &hex(of_256)).unwrap();
    assert_eq!(*of_128.derived(2, CHECKSUM), hex("B31A018A48F54776F403E9A396325DC3"));
    assert_eq!(
        *of_256.derived(2, SEAL),
        hex("56AB22BEE63D82D7BC5227F6773F8EA7A5EB1C825160C38312980C442E5C7E49")
    );
    let confounder = hex("B80D3251C1F6471494256FFE712D0B9A").try_into().unwrap();
    let sealed = of_256.encrypt_after(confounder, 2, &[0, 1, 2, 3, 4, 5]);
    assert_eq!(
        sealed,
        hex("4ED7B37C2BCAC8F74F23C1CF07E62BC7B75FB3F637B9F559C7F664F69EAB7B6092237526EA0D1F61CB20D69D10F2")
    );
    assert_eq!(*of_256.decrypt(2, &sealed).unwrap(), [0, 1, 2, 3, 4, 5]);
    let text = hex("000102030405060708090A0B0C0D0E0F1011121314");
    assert_eq!(of_128.checksum(2, &[&text]), hex("D78367186643D67B411CBA9139FC1DEE"));
    assert_eq!(of_256.checksum(2, &[&text]), hex("45EE791567EEFCA37F4AC1E0222DE80D43C3BFA06699672A"));
    let salt = [hex("10DF9DD783E5BC8ACEA1730E74355F61"), b"ATHENA.MIT.EDUraeburn".to_vec()].concat();
    let key = |encryption| Key::of_password(encryption, "password", &salt, None).unwrap();
    assert_eq!(key(EncryptionType::Aes128Sha256).bytes(), hex("089BCA48B105EA6EA77CA5D2F39DC5E7"));
    assert_eq!(
        key(EncryptionType::Aes256Sha384).bytes(),
        hex("45BD806DBF6A833A9CFFC1C94589A222367A79BC21C413718906E9F578A78467")
    );
}

#[test]
fn what_was_changed_or_sealed_with_another_key_is_not_opened() {
    for encryption in EncryptionType::ALL {
        let key = Key::new(encryption, &vec![7; encryption.key_bytes()]).unwrap();
        let other = Key::new(encryption, &vec![8; encryption.key_bytes()]).unwrap();
        for length in 0..70 {
            let text = vec![length; usize::from(length)];
            let sealed = key.encrypt_after([9; 16], 11, &text);
            assert_eq!(*key.decrypt(11, &sealed).unwrap(), text);
            assert_eq!(other.decrypt(11, &sealed), Err(WrongKey));
            assert_eq!(key.decrypt(12, &sealed), Err(WrongKey));
            for at in 0..sealed.len() {
                let mut changed = sealed.clone();
                changed[at] ^= 1;
                assert_eq!(key.decrypt(11, &changed), Err(WrongKey), "{encryption} {length} {at}");
            }
            for cut in 0..sealed.len() {
                assert_eq!(key.decrypt(11, &sealed[..cut]), Err(WrongKey));
            }
        }
        let sum = key.checksum(6, &[b"ab", b"c"]);
        assert!(key.verify(6, &[b"abc"], &sum).is_ok() && key.verify(6, &[b"abd"], &sum).is_err());
        assert!(key.verify(6, &[b"abc"], &sum[..4]).is_err());
    }
}

#[test]
fn the_kdc_may_not_ask_for_too_few_rounds_nor_for_hours_of_them() {
    let key = |parameters: &[u8]| {
        Key::of_password(EncryptionType::Aes256Sha1, "p", b"s", Some(parameters)).map(|_| ())
    };
    assert_eq!(key(&[0, 0, 0x10, 0]), Ok(()));
    for hostile in [&[0, 0, 0, 1][..], &[0, 0, 0, 0], &[255, 255, 255, 255], &[0, 15, 66, 65]] {
        let error = key(hostile).unwrap_err();
        assert!(error.to_string().contains("rounds"), "{error}");
    }
    assert_eq!(key(&[1]).unwrap_err().kind(), ErrorKind::Malformed);
}

#[test]
fn a_key_is_not_shown() {
    let key = Key::new(EncryptionType::Aes128Sha1, &[0x41; 16]).unwrap();
    assert_eq!(format!("{key:?}"), "Key(aes128-cts-hmac-sha1-96, ***)");
    assert!(Key::new(EncryptionType::Aes128Sha1, &[0; 32]).is_err());
}
