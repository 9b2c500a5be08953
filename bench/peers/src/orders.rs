//! Rows as a shop would write them: text that neither repeats itself nor is noise.

/// A JSON object of exactly `size` bytes.
pub(crate) fn order(at: usize, size: usize) -> String {
    let mut row = line(at);
    row.pop();
    let mut part = 0;
    while row.len() < size {
        part += 1;
        row += &format!(r#","note_{part}":{}"#, line(at * 31 + part));
    }
    row.truncate(size - 2);
    row + "\"}"
}

fn line(at: usize) -> String {
    let mixed = at.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 7;
    format!(
        r#"{{"order_id":{at},"customer":"customer-{}","item":"{}","amount":{}.{:02},"at":"2026-11-24 {:02}:{:02}:{:02}"}}"#,
        mixed % 1000,
        ["bread", "butter", "wine", "coffee", "tea"][mixed % 5],
        mixed % 977,
        mixed % 100,
        at / 3600 % 24,
        at / 60 % 60,
        at % 60
    )
}
