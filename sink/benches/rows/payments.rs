//! A table of the types that filters and functions ask for, and its rows.

use crate::meter::ROWS;

pub(crate) const COLUMNS: &str = "id BIGINT, n INT, price DOUBLE, amount DECIMAL(10, 2), fee DECIMAL(6, 2), name STRING, \
    channel STRING, paid TIMESTAMP(3), moment STRING, doc STRING";

pub(crate) fn messages() -> Vec<Vec<u8>> {
    let channels = ["miniAppShop", "qqShop", "webShop-mobile", "partnerAppShop"];
    let payment = |at: usize| {
        format!(
            concat!(
                r#"{{"id":{},"n":{},"price":{}.{:02},"amount":{}.{:02},"fee":{}.25,"name":"Customer {:05}","#,
                r#""channel":"{}","paid":"2021-03-25 12:{:02}:02.125","moment":"2021-03-25 12:{:02}:02","#,
                r#""doc":"{{\"type\":\"order\",\"items\":[{{\"sku\":\"A{}\",\"count\":{}}}]}}"}}"#
            ),
            10_000_000_000 + at,
            at % 977,
            at % 5_000 + 1,
            at % 100,
            at % 9_000 + 11,
            at % 100,
            at % 11,
            at,
            channels[at % 4],
            at % 60,
            at % 60,
            at % 1_000,
            at % 7
        )
        .into_bytes()
    };
    (0..ROWS).map(payment).collect()
}
