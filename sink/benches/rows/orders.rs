//! The seed's table and about a megabyte of its rows.

use upsert_kafka_sink::types::{Field, LogicalType};

use crate::meter::ROWS;

pub(crate) fn columns() -> Vec<Field> {
    let names = "order_id order_channel order_time pay_amount real_pay pay_time user_id user_name area_id";
    let data_type = |name: &str| match name {
        "pay_amount" | "real_pay" => LogicalType::Double.nullable(),
        _ => LogicalType::STRING.nullable(),
    };
    names.split(' ').map(|name| Field::new(name, data_type(name))).collect()
}

/// As JSON, blanks and quoted amounts included.
pub(crate) fn messages() -> Vec<Vec<u8>> {
    let channels = ["miniAppShop", "qqShop", "webShop-mobile", "partnerAppShop"];
    let users = ["Bob", "Cindy Baker", "Alice Montgomery-Hale", "Dorothea von Trapp", "Zoë Müller"];
    let order = |at: usize| {
        let amount = (at * 7_919) % 100_000;
        format!(
            concat!(
                r#"{{"order_id":"20210325{:010}", "order_channel":"{}", "order_time":"2021-03-25 12:{:02}:02", "#,
                r#""pay_amount":"{}.{:02}", "real_pay":"{}.00", "pay_time":"2021-03-25 12:{:02}:00", "#,
                r#""user_id":"{:08}", "user_name":"{}", "area_id":"330{:03}"}}"#
            ),
            at * 31,
            channels[at % 4],
            at % 60,
            amount / 100,
            amount % 100,
            amount / 1_000 * 10,
            at % 60,
            at % 977,
            users[at % 5],
            at % 211
        )
        .into_bytes()
    };
    (0..ROWS).map(order).collect()
}
